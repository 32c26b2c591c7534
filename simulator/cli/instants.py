"""Instants as people write them on the command line: RFC 3339, or relative to now."""

from __future__ import annotations

from simulator.clock import parse_rfc3339
from simulator.errors import InputError
from simulator.units import parse_duration


def parse_instant(text: str, *, flag: str, now_ms: int) -> int:
    """Milliseconds since the epoch of `2026-01-05T20:00:00Z`, `now`, `-3h` or `+90m`. Raises InputError."""
    try:
        if text == "now":
            return now_ms
        if text[:1] in ("-", "+"):
            distance = parse_duration(text[1:])
            return now_ms - distance if text[0] == "-" else now_ms + distance
        return parse_rfc3339(text)
    except ValueError as error:
        raise InputError(f"{flag}: {error}; an instant is 2026-01-05T20:00:00Z, or relative to now: -3h") from error
