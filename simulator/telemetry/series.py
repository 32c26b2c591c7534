"""What an alert's expression was worth over a run: values against a threshold, as a report draws them.

`series.json` in a run's folder holds them, so that the report can be made again when the servers are gone.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import TypeAdapter, ValidationError

from simulator.errors import InputError
from simulator.telemetry.samples import Labels

SCHEMA_VERSION: Final = 1
OPERATORS: Final = frozenset({"", ">", ">=", "<", "<=", "==", "!="})
PARTS: Final = frozenset({"", "and", "or", "unless"})


@dataclass(frozen=True)
class ReportSeries:
    """One series of one comparison of an alert's expression.

    `expression op threshold` is what the rule compares; a moving threshold is part of the expression ("a - b" above 0).
    Without a comparison (`absent(x)`) `op` is empty and any value at all is what fires. `part` says how the comparison
    is joined to the one before it: and, or, unless, or nothing for the first. An instant without a value is left out.
    """

    alert: str
    expression: str
    labels: Labels  # without the metric's name
    threshold: float | None
    op: str
    times_ms: tuple[int, ...]
    values: tuple[float, ...]
    part: str = ""
    window_ms: int = 0  # how far back the expression looks, recording rules included
    budget: float | None = None  # the error budget (0.001 for 99.9 %) where the threshold is a burn rate times it
    true: bool = False  # what was so by the platform's own books, to hold measured ratios of this window against
    series_count: int = 1  # how many the expression had; the report shows those nearest to the threshold


def breaches(value: float, op: str, threshold: float | None) -> bool:
    """Whether a value is one that the comparison lets through, as PromQL compares."""
    if threshold is None:
        return True
    match op:
        case ">":
            return value > threshold
        case ">=":
            return value >= threshold
        case "<":
            return value < threshold
        case "<=":
            return value <= threshold
        case "==":
            return value == threshold
        case "!=":
            return value != threshold
        case _:
            raise ValueError(f"{op!r} is no comparison")


_SERIES: Final = TypeAdapter(tuple[ReportSeries, ...])
_KEYS: Final = frozenset({"schema_version", "series"})


def encode_series(series: Sequence[ReportSeries]) -> str:
    """The text of `series.json`. Values that JSON lacks are written as Prometheus does: "NaN", "+Inf", "-Inf"."""
    rows = [vars(one) | {"values": [_plain(value) for value in one.values]} for one in series]
    return json.dumps({"schema_version": SCHEMA_VERSION, "series": rows}, ensure_ascii=False, allow_nan=False) + "\n"


def decode_series(content: bytes, file: str) -> tuple[ReportSeries, ...]:
    """The series of a `series.json`. Raises InputError naming `file` for what `encode_series` does not write."""
    try:
        read = json.loads(content)
        if not isinstance(read, dict) or set(read) != _KEYS or read["schema_version"] != SCHEMA_VERSION:
            raise ValueError(f"not the series of a run, version {SCHEMA_VERSION}")
        series = _SERIES.validate_python(read["series"])
        for one in series:
            if one.op not in OPERATORS or one.part not in PARTS:
                raise ValueError(f"{one.alert}: no comparison is called {one.part!r} {one.op!r}")
            if len(one.times_ms) != len(one.values):
                raise ValueError(f"{one.alert}: {len(one.times_ms)} instants and {len(one.values)} values")
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise InputError(f"{file}: series.{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    except ValueError as error:
        raise InputError(f"{file}: {error}") from error
    return series


def _plain(value: float) -> float | str:
    if math.isnan(value):
        return "NaN"
    return value if math.isfinite(value) else ("+Inf" if value > 0 else "-Inf")
