"""Durations, rates and ratios as people write them: parse and print.

Durations are Prometheus's notation (https://prometheus.io/docs/prometheus/latest/querying/basics/#float-literals-and-time-durations):
`1h30m`, units from large to small, each at most once. Inside the program a duration is an int of milliseconds.
"""

from __future__ import annotations

import re
from typing import Final

MILLISECOND: Final = 1
SECOND: Final = 1_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
WEEK: Final = 7 * DAY
YEAR: Final = 365 * DAY

_UNITS: Final = {"y": YEAR, "w": WEEK, "d": DAY, "h": HOUR, "m": MINUTE, "s": SECOND, "ms": MILLISECOND}
_DURATION: Final = re.compile(
    r"(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?",
    re.ASCII,
)
_RATE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*/\s*(s|m|h|d)", re.ASCII)
LONGEST: Final = 100 * YEAR


def parse_duration(text: str) -> int:
    """Milliseconds of a duration such as `1h30m`. Raises ValueError with what would be right."""
    if text == "0":
        return 0
    match = _DURATION.fullmatch(text)
    if not text or match is None:
        if re.fullmatch(r"\d+(\.\d+)?", text, re.ASCII):
            raise ValueError(f"{text!r} has no unit; write {text}s or {text}m")
        raise ValueError(f"{text!r} is not a duration; write one like 90s, 5m or 1h30m")
    total = sum(int(n) * unit for n, unit in zip(match.groups(), _UNITS.values(), strict=True) if n)
    if total > LONGEST:
        raise ValueError(f"{text!r} is longer than 100 years")
    return total


def format_duration(milliseconds: int) -> str:
    """The shortest notation that `parse_duration` reads back: 5400000 -> `1h30m`, 0 -> `0s`."""
    if milliseconds == 0:
        return "0s"
    sign, rest = ("-", -milliseconds) if milliseconds < 0 else ("", milliseconds)
    parts = []
    for suffix, unit in _UNITS.items():
        if suffix in ("y", "w") and rest % unit:  # as Prometheus prints: years and weeks only when exact
            continue
        count, rest = divmod(rest, unit)
        if count:
            parts.append(f"{count}{suffix}")
    return sign + "".join(parts)


def parse_rate(text: str) -> float:
    """Events per second of `20/s`, `1200/m`, `3/h` or `100/d`. Raises ValueError."""
    match = _RATE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a rate; write one like 20/s or 1200/m")
    return float(match[1]) / (_UNITS[match[2]] / SECOND)  # exact for /s, which a manifest is written in


def format_rate(per_second: float) -> str:
    """A rate for people: 20.0 -> `20/s`, 0.05 -> `3/m`."""
    for suffix in ("s", "m", "h"):
        value = per_second * _UNITS[suffix] / SECOND
        if value >= 1 or suffix == "h":
            return f"{value:.4g}/{suffix}"
    raise AssertionError("unreachable")
