"""Field types of a profile: durations, rates, ratios and names, with their JSON Schema and the words for messages."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, StringConstraints, WithJsonSchema

from simulator.profile.thresholds import parse_threshold
from simulator.telemetry.matchers import read_matchers
from simulator.units import format_duration, parse_duration, parse_rate

DURATION_PATTERN = r"^(?!$)(\d+y)?(\d+w)?(\d+d)?(\d+h)?(\d+m)?(\d+s)?(\d+ms)?$"
INSTANT_PATTERN = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})?$"
EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2100, 1, 1, tzinfo=UTC)
DAY_PATTERN = r"^\d{4}-\d{2}-\d{2}$"
RATE_PATTERN = r"^\d+(\.\d+)?\s*/\s*[smhd]$"


@dataclass(frozen=True)
class Noun:
    """What a field holds, in words for messages ("'5 min' is not a duration such as 5m"), and a value that is right."""

    text: str
    sample: str


def _instant(value: Any) -> Any:
    if isinstance(value, datetime):  # made by a program; a YAML file gives text
        return value
    if not isinstance(value, str) or not re.match(INSTANT_PATTERN, value, re.ASCII):
        raise ValueError(f"{value!r} is not an instant; write one like 2026-01-07T20:00:00")
    try:
        instant = datetime.fromisoformat(value)
    except ValueError as error:
        raise ValueError(f"{value!r} is not an instant: {error}") from error
    if not EARLIEST <= instant.replace(tzinfo=instant.tzinfo or UTC) < LATEST:
        raise ValueError(f"{value!r} is not in the years {EARLIEST.year} to {LATEST.year - 1}")
    return instant


def _day(value: Any) -> Any:
    if isinstance(value, date):  # made by a program; a YAML file gives text
        return value
    if not isinstance(value, str) or not re.match(DAY_PATTERN, value, re.ASCII):
        raise ValueError(f"{value!r} is not a day; write one like 2026-12-25")
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise ValueError(f"{value!r} is not a day: {error}") from error


def _duration(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError(f"{value!r} is not a duration; write one like 90s, 5m or 1h30m")
    return parse_duration(str(value))


def _rate(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, str):
        raise ValueError(f"{value!r} is not a rate; write one like 20/s or 1200/m")
    return parse_rate(value)


def _threshold(value: str) -> str:
    return parse_threshold(value).text


def _write_rate(per_second: float) -> str:
    """Without any loss, since a manifest is read back (`format_rate` rounds, for people)."""
    return f"{Decimal(repr(per_second)):f}/s"


def _matcher(text: str) -> str:
    read_matchers([text])
    return text


Duration = Annotated[
    int,
    BeforeValidator(_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema(
        {
            "type": ["string", "integer"],  # 0 needs no unit
            "pattern": DURATION_PATTERN,
            "minimum": 0,
            "maximum": 0,
            "examples": ["90s", "5m", "1h30m"],
        }
    ),
    Noun("a duration such as 90s, 5m or 1h30m", "1m"),
]
"""Milliseconds, written in Prometheus notation."""

Rate = Annotated[
    float,
    BeforeValidator(_rate),
    PlainSerializer(_write_rate, return_type=str),
    WithJsonSchema({"type": "string", "pattern": RATE_PATTERN, "examples": ["20/s", "1200/m"]}),
    Noun("a rate such as 20/s or 1200/m", "20/s"),
]
"""Events per second, written `20/s` or `1200/m`."""

Instant = Annotated[
    datetime,
    BeforeValidator(_instant),
    WithJsonSchema({"type": "string", "pattern": INSTANT_PATTERN, "examples": ["2026-01-07T20:00:00"]}),
    Noun("an instant such as 2026-01-07T20:00:00", "2026-01-07T20:00:00"),
]
"""Date and time of day, with or without an offset from UTC."""

Day = Annotated[
    date,
    BeforeValidator(_day),
    WithJsonSchema({"type": "string", "pattern": DAY_PATTERN, "examples": ["2026-12-25"]}),
    Noun("a day such as 2026-12-25", "2026-12-25"),
]
"""One day of the users' calendar."""

Ratio = Annotated[float, Field(ge=0, le=1)]
Slug = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$"),
    Noun("a name of lower case letters, digits and hyphens (at most 63)", "some-name"),
]
"""A name that is also a file name: lower case letters, digits and hyphens."""

AlertName = Annotated[
    str,
    StringConstraints(pattern=r"^[a-zA-Z_:][a-zA-Z0-9_:.-]*$"),
    Noun("an alert's name (letters, digits and _ : . -)", "SomeAlert"),
]
LabelName = Annotated[
    str,
    StringConstraints(pattern=r"^[a-zA-Z_][a-zA-Z0-9_]*$"),
    Noun("a label's name (letters, digits and _)", "some_label"),
]
ThresholdText = Annotated[
    str,
    AfterValidator(_threshold),
    Noun("a threshold such as `http p95 < 300ms`", "http p95 < 300ms"),
    Field(examples=["http p95 < 300ms", "error ratio < 1 %", "arrivals dropped = 0"]),
]
"""A threshold on load, in the notation of `simulator.profile.thresholds`."""
LabelMatcher = Annotated[
    str,
    AfterValidator(_matcher),
    StringConstraints(min_length=1),
    Noun('a label matcher such as severity="warning"', 'severity="warning"'),
]
"""One matcher of labels, as Alertmanager writes it."""
FileName = Annotated[str, StringConstraints(min_length=1), Noun("the path of a file", "some-file")]
Host = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9_.:-]+$"),
    Noun("a host name without port and path, such as staging.example.org", "localhost"),
]
Text = Annotated[str, Noun("text", "some text")]
"""Free text."""
