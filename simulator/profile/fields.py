"""Field types of a profile: durations, rates, ratios and names, with their JSON Schema."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer, StringConstraints, WithJsonSchema

from simulator.units import format_duration, format_rate, parse_duration, parse_rate

DURATION_PATTERN = r"^0$|^(\d+y)?(\d+w)?(\d+d)?(\d+h)?(\d+m)?(\d+s)?(\d+ms)?$"
RATE_PATTERN = r"^\d+(\.\d+)?\s*/\s*[smhd]$"


def _duration(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError(f"{value!r} is not a duration; write one like 90s, 5m or 1h30m")
    return parse_duration(str(value))


def _rate(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, str):
        raise ValueError(f"{value!r} is not a rate; write one like 20/s or 1200/m")
    return parse_rate(value)


Duration = Annotated[
    int,
    BeforeValidator(_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema({"type": "string", "pattern": DURATION_PATTERN, "examples": ["90s", "5m", "1h30m"]}),
]
"""Milliseconds, written in Prometheus notation."""

Rate = Annotated[
    float,
    BeforeValidator(_rate),
    PlainSerializer(format_rate, return_type=str),
    WithJsonSchema({"type": "string", "pattern": RATE_PATTERN, "examples": ["20/s", "1200/m"]}),
]
"""Events per second, written `20/s` or `1200/m`."""

Ratio = Annotated[float, Field(ge=0, le=1)]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
"""A name that is also a file name: lower case letters, digits and hyphens."""

AlertName = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z_:][a-zA-Z0-9_:.-]*$")]
LabelName = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z_][a-zA-Z0-9_]*$")]
