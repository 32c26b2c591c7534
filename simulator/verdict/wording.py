"""How spans, offsets, labels and alerts are written in messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from simulator.telemetry.samples import Labels
from simulator.units import SECOND, format_duration


def span(milliseconds: int) -> str:
    """A span to the second, `2m15s`; below a second to the millisecond."""
    if abs(milliseconds) < SECOND:
        return format_duration(milliseconds)
    return format_duration(round(milliseconds / SECOND) * SECOND)


def offset(at_ms: int, started_ms: int) -> str:
    """An instant from the run's start: `+3m15s`."""
    since = at_ms - started_ms
    return span(since) if since < 0 else f"+{span(since)}"


def labelled(alert: str, labels: Mapping[str, str] | Labels) -> str:
    """`HighErrorRate{severity="critical"}`, or the bare name."""
    pairs = labels.items() if isinstance(labels, Mapping) else labels
    inside = ", ".join(f'{name}="{value}"' for name, value in pairs)
    return f"{alert}{{{inside}}}" if inside else alert


def counted(number: int, noun: str) -> str:
    """`1 alert`, `3 alerts`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def listed(items: Sequence[object], most: int = 5) -> str:
    """`a, b, c and 4 more`."""
    texts = [str(item) for item in items]
    rest = len(texts) - most
    return ", ".join(texts) if rest <= 0 else f"{', '.join(texts[:most])} and {rest} more"
