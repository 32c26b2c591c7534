"""Lines over time (or anything else) as SVG paths for a page without scripts. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

WIDTH: Final = 720
HEIGHT: Final = 180


@dataclass(frozen=True)
class Tick:
    """A mark on an axis: where (in the drawing's units), and its text."""

    at: float
    text: str


@dataclass(frozen=True)
class Drawn:
    """One line: its path, and how it ends, for those who cannot see it."""

    label: str
    css: str
    path: str
    last: str


@dataclass(frozen=True)
class LinePlot:
    """A plot ready to be put into a page."""

    title: str
    lines: tuple[Drawn, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    limits: tuple[Tick, ...] = ()
    marks: tuple[Tick, ...] = ()


@dataclass(frozen=True)
class Line:
    """What a plot shows: points by rising x; None is a gap."""

    label: str
    css: str
    points: Sequence[tuple[float, float | None]]


def draw(
    title: str,
    lines: Sequence[Line],
    *,
    tell_x: Callable[[float], str],
    tell_y: Callable[[float], str],
    log: bool = False,
    limits: Sequence[tuple[float, str]] = (),
    marks: Sequence[tuple[float, str]] = (),
) -> LinePlot | None:
    """The plot, or None where there is nothing to show. With `log`, what is not above 0 is left out.

    `limits` are heights with a text, `marks` places on the x axis.
    """
    points = [(x, y) for line in lines for x, y in line.points if y is not None and (y > 0 or not log)]
    if not points:
        return None
    left, right = min(x for x, _ in points), max(x for x, _ in points)
    heights = [y for _, y in points] + [height for height, _ in limits]
    ticks = _decades(min(heights), max(heights)) if log else _steps(max(heights))
    low, high = (ticks[0], ticks[-1]) if log else (0.0, ticks[-1])

    def place_x(x: float) -> float:
        return round(WIDTH * (x - left) / ((right - left) or 1), 1)

    def place_y(y: float) -> float:
        share = math.log(y / low) / math.log(high / low) if log else y / high
        return round(HEIGHT * (1 - min(max(share, 0.0), 1.0)), 1)

    def path(line: Line) -> str:
        found, pen = [], "M"
        for x, y in line.points:
            if y is None or (log and y <= 0):
                pen = "M"
                continue
            found.append(f"{pen}{place_x(x):g},{place_y(y):g}")
            pen = "L"
        return "".join(found)

    return LinePlot(
        title,
        tuple(
            Drawn(
                line.label,
                line.css,
                path(line),
                next((tell_y(y) for _, y in reversed(line.points) if y is not None), "–"),
            )
            for line in lines
        ),
        tuple(Tick(place_x(x), tell_x(x)) for x in _evenly(left, right)),
        tuple(Tick(place_y(y), tell_y(y)) for y in ticks),
        tuple(Tick(place_y(height), text) for height, text in limits),
        tuple(Tick(place_x(x), text) for x, text in marks if left <= x <= right),
    )


def _evenly(left: float, right: float, parts: int = 6) -> list[float]:
    return [left + (right - left) * part / parts for part in range(parts + 1)] if right > left else [left]


def _steps(most: float) -> list[float]:
    """0 to at least `most`, in some four round steps."""
    if most <= 0:
        return [0.0, 1.0]
    rough = most / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * 0.999)
    return [step * number for number in range(math.ceil(most / step - 1e-9) + 1)]


def _decades(least: float, most: float) -> list[float]:
    """Powers of ten (and 3 of each) around a range."""
    powers = range(math.floor(math.log10(least)), math.ceil(math.log10(most)) + 1)
    ticks = [factor * 10.0**power for power in powers for factor in (1, 3)]
    first = max((i for i, tick in enumerate(ticks) if tick <= least), default=0)
    last = min((i for i, tick in enumerate(ticks) if tick >= most), default=len(ticks) - 1)
    return ticks[first : max(last, first + 1) + 1]
