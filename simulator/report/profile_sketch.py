"""Signals of a profile sketched in a terminal, in braille dots, with the instants at which faults act shaded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from rich.console import Group, RenderableType
from rich.text import Text

from simulator.profile.activity import level
from simulator.profile.schema import Fault, Profile
from simulator.streams.signal_lines import SignalLine
from simulator.units import format_duration

ROWS: Final = 3  # of characters, for each signal; a character has 2 × 4 dots
_LEFT: Final = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""Braille's dots from top to bottom, left and right (Unicode 15, block Braille Patterns, U+2800)."""
_SHADES: Final = " ░▒▓█"
_ACTS: Final = "on grey23"


def dots(values: Sequence[float], low: float, high: float, rows: int) -> tuple[str, ...]:
    """Two values a character, from `low` at the lowest dot to `high` at the highest; gaps between two are filled."""
    height = rows * 4
    span = high - low
    cells = np.zeros((rows, (len(values) + 1) // 2), dtype=np.int64)
    before: int | None = None
    for place, value in enumerate(values):
        at = round((value - low) / span * (height - 1)) if span > 0 else 0
        first = at if before is None else min(at, before + 1) if at > before else max(at, before - 1)
        for dot in range(min(first, at), max(first, at) + 1):
            row, within = divmod(height - 1 - dot, 4)
            cells[row, place // 2] |= _LEFT[within][place % 2]
        before = at
    return tuple("".join(chr(0x2800 + cell) for cell in row) for row in cells.tolist())


def render_sketch(profile: Profile, lines: Sequence[SignalLine], width: int) -> RenderableType:
    """Each signal as wide as the terminal, faults above as bars, and behind the dots where any of them acts."""
    return Group(*_parts(profile, lines, width))


def _parts(profile: Profile, lines: Sequence[SignalLine], width: int) -> Iterator[RenderableType]:
    duration = format_duration(profile.duration)
    yield Text.assemble((profile.name, "bold"), f"  {duration} from {profile.start.isoformat(sep=' ')}")
    middles = (np.arange(width, dtype=np.int64) * 2 + 1) * profile.duration // (2 * width)
    acting = np.zeros(width, dtype=np.bool_)
    for fault in profile.faults:
        strength = level(fault, middles)
        acting |= strength > 0
        yield Text(_named(fault), style="red")
        yield Text(_bar(strength), style="red")
    for line in lines:
        yield Text("")
        yield from _signal(line, acting, width)
    yield Text(_axis(profile.duration, width), style="dim")


def _signal(line: SignalLine, acting: NDArray[np.bool_], width: int) -> Iterator[Text]:
    low, high = float(line.values.min()), float(line.values.max())
    of = f" of {line.instance}" if line.instance else ""
    unit = f" {line.unit}" if line.unit else ""
    figures = f"{low:.4g} to {high:.4g}{unit}" if high > low else f"{low:.4g}{unit} throughout"
    yield Text.assemble((f"{line.name}{of}", "bold"), f"  {figures}  ", (line.meaning, "dim"), no_wrap=True)
    values = np.interp(np.arange(2 * width) / (2 * width - 1), np.linspace(0, 1, len(line.values)), line.values)
    for row in dots(values.tolist(), low, high, ROWS):
        text = Text(row, style="cyan")
        for place in np.flatnonzero(acting).tolist():
            text.stylize(_ACTS, place, place + 1)
        yield text


def _named(fault: Fault) -> str:
    target = next(filter(None, (fault.target.instance, fault.target.route, fault.target.region)), "")
    where = f" of {target}" if target else ""
    begins, lasts = format_duration(fault.at), format_duration(fault.for_)
    return f"{fault.id}: {fault.kind}{where}, intensity {fault.intensity:g}, at {begins} for {lasts}"


def _bar(strength: NDArray[np.float64]) -> str:
    """How strongly a fault acts, in five shades of its own intensity."""
    most = max(float(strength.max()), 1e-9)
    return "".join(_SHADES[min(int(np.ceil(part / most * 4)), 4)] for part in strength.tolist())


def _axis(duration_ms: int, width: int) -> str:
    """Instants since the run's start below the places that they belong to."""
    marks = max(min(width // 14, 6), 1)
    text = ""
    for mark in range(marks):
        place = width * mark // marks
        text = text.ljust(place) + f"┴{format_duration(duration_ms * mark // marks // 1000 * 1000)}"
    return text[:width]
