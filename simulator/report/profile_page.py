"""Signals of a profile drawn on one HTML page: SVG made here, no script, no network, readable in light and dark."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined

from simulator.profile.activity import level
from simulator.profile.schema import Fault, FaultShape, Profile
from simulator.streams.signal_lines import SignalLine
from simulator.units import DAY, HOUR, MINUTE, SECOND, format_duration

WIDTH: Final = 760  # of the plotted area, in SVG's own units
HEIGHT: Final = 120
_STEPS_MS: Final = (
    *(n * SECOND for n in (1, 5, 10, 15, 30)),
    *(n * MINUTE for n in (1, 2, 5, 10, 15, 30)),
    *(n * HOUR for n in (1, 2, 3, 6, 12)),
    *(n * DAY for n in (1, 2, 7)),
)
_MOST_TICKS: Final = 9
_COLOURS: Final = 6
"""Colours of faults in the page's style; a seventh begins anew."""


@dataclass(frozen=True)
class Band:
    """Where a fault acts: left edge and width in the plot. `colour` numbers the fault's."""

    x: float
    width: float
    colour: int


@dataclass(frozen=True)
class Tick:
    """A mark on an axis: its place and its text."""

    at: float
    text: str


@dataclass(frozen=True)
class Plot:
    """One signal, ready to be drawn."""

    title: str
    unit: str
    meaning: str
    path: str
    calm_path: str  # empty where the faults do not move it
    ticks: tuple[Tick, ...]
    summary: str


@dataclass(frozen=True)
class FaultKey:
    """A line of the legend."""

    colour: int
    title: str
    text: str


def render_page(profile: Profile, lines: Sequence[SignalLine]) -> str:
    """The page."""
    environment = Environment(
        loader=PackageLoader("simulator.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template("profile.html.j2").render(
        profile=profile,
        duration=format_duration(profile.duration),
        faults=[_key(number, fault) for number, fault in enumerate(profile.faults)],
        bands=list(_bands(profile)),
        plots=[_plot(line, profile.duration) for line in lines],
        hours=_time_ticks(profile.duration),
        width=WIDTH,
        height=HEIGHT,
    )


def _key(number: int, fault: Fault) -> FaultKey:
    target = next(filter(None, (fault.target.instance, fault.target.route, fault.target.region)), "all of it")
    text = (
        f"{fault.kind}, {target}, intensity {fault.intensity:g}, "
        f"at {format_duration(fault.at)} for {format_duration(fault.for_)}"
    )
    if fault.ramp:
        text += f", rising and falling over {format_duration(fault.ramp)}"
    if fault.shape is FaultShape.PULSES:
        text += f", in pulses of {format_duration(fault.period)}"
    return FaultKey(number % _COLOURS, fault.id, text)


def _bands(profile: Profile) -> Iterator[Band]:
    """One rectangle for each stretch in which a fault acts."""
    for number, fault in enumerate(profile.faults):
        instants = np.arange(WIDTH * 2, dtype=np.int64) * profile.duration // (WIDTH * 2)
        on = np.concatenate(([False], level(fault, instants) > 0, [False]))
        begins, ends = np.flatnonzero(~on[:-1] & on[1:]), np.flatnonzero(on[:-1] & ~on[1:])
        for begin, end in zip(begins.tolist(), ends.tolist(), strict=True):
            yield Band(begin / 2, max((end - begin) / 2, 1.0), number % _COLOURS)


def _plot(line: SignalLine, duration_ms: int) -> Plot:
    low = float(min(line.values.min(), line.calm.min()))
    high = float(max(line.values.max(), line.calm.max()))
    ticks = _value_ticks(low, high)
    low, high = min(low, ticks[0]), max(high, ticks[-1])

    def height(value: float) -> float:
        return round(HEIGHT * (1 - (value - low) / (high - low)), 2)

    def path(values: Sequence[float]) -> str:
        at = [round(WIDTH * instant / duration_ms, 2) for instant in line.elapsed_ms.tolist()]
        return "M" + "L".join(f"{x:g},{height(value):g}" for x, value in zip(at, values, strict=True))

    summary = f"From {line.values[0]:.4g} to {line.values[-1]:.4g}, {line.values.min():.4g} at the least, "
    summary += f"{line.values.max():.4g} at the most"
    if line.is_disturbed:
        summary += f"; without the faults from {line.calm.min():.4g} to {line.calm.max():.4g}"
    return Plot(
        title=f"{line.name} of {line.instance}" if line.instance else line.name,
        unit=line.unit,
        meaning=line.meaning,
        path=path(line.values.tolist()),
        calm_path=path(line.calm.tolist()) if line.is_disturbed else "",
        ticks=tuple(Tick(height(value), f"{value:.6g}") for value in ticks),
        summary=f"{summary}.",
    )


def _value_ticks(low: float, high: float) -> list[float]:
    """Three to five round numbers around what is drawn; 0 among them where it is near."""
    if low > 0 and low < 0.4 * high:
        low = 0.0
    if high <= low:
        low, high = (min(low, 0.0), max(high, 0.0)) if low else (0.0, 1.0)
    rough = (high - low) / 3
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(step for step in (1, 2, 2.5, 5, 10) if step * power >= rough) * power
    first = math.floor(low / step)
    last = math.ceil(high / step)
    return [round(number * step, 12) for number in range(first, last + 1)]


def _time_ticks(duration_ms: int) -> list[Tick]:
    step = next((step for step in _STEPS_MS if duration_ms / step <= _MOST_TICKS), -(-duration_ms // _MOST_TICKS))
    return [Tick(round(WIDTH * at / duration_ms, 2), format_duration(at)) for at in range(0, duration_ms + 1, step)]
