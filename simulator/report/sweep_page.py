"""A sweep as one HTML page: SVG made here, no script, no network, readable in light and dark."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from simulator.report.phrasing import span
from simulator.report.sweep_document import Sweep, TripPoint
from simulator.report.sweep_terminal import dose_text, trip_note
from simulator.units import DAY, HOUR, MINUTE, SECOND, format_duration

WIDTH: Final = 720
HEIGHT: Final = 200
_STEPS_MS: Final = (
    *(n * SECOND for n in (10, 30)),
    *(n * MINUTE for n in (1, 2, 5, 10, 15, 30)),
    *(n * HOUR for n in (1, 2, 6, 12)),
    *(n * DAY for n in (1, 2, 5, 10)),
)


@dataclass(frozen=True)
class Point:
    """A mark in the plot, and its text for those who hover or listen."""

    x: float
    y: float
    text: str


@dataclass(frozen=True)
class Plot:
    """One alert: detection over intensity."""

    title: str
    note: str
    points: tuple[Point, ...]
    path: str
    workbook_path: str
    threshold_x: float | None
    threshold_text: str
    x_ticks: tuple[Point, ...]
    y_ticks: tuple[Point, ...]
    rows: tuple[tuple[str, ...], ...]
    summary: str


def render_sweep_page(sweep: Sweep) -> str:
    """The page."""
    environment = Environment(
        loader=PackageLoader("simulator.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters |= {"dose": dose_text, "note": trip_note}
    return environment.get_template("sweep.html.j2").render(
        sweep=sweep,
        lasts=format_duration(sweep.lasts_ms),
        tried=len(sweep.doses) - 1,
        plots=[_plot(sweep, trip) for trip in sweep.trips if trip.fires_at],
        width=WIDTH,
        height=HEIGHT,
    )


def _plot(sweep: Sweep, trip: TripPoint) -> Plot:
    doses = [dose for dose in sweep.doses if dose.intensity > 0]
    low, high = doses[0].intensity, max(doses[-1].intensity, doses[0].intensity * 1.01)
    reactions = [next((r for r in dose.reactions if r.alert == trip.alert), None) for dose in doses]
    measured = [
        (d.intensity, r.detect_ms) for d, r in zip(doses, reactions, strict=True) if r and r.detect_ms is not None
    ]
    workbook = [
        (d.intensity, r.workbook_ms) for d, r in zip(doses, reactions, strict=True) if r and r.workbook_ms is not None
    ]
    longest = max((at for _, at in (*measured, *workbook)), default=SECOND)
    step = next((step for step in _STEPS_MS if longest / step <= 5), 20 * DAY)
    top = max(math.ceil(longest / step), 1) * step

    def x(intensity: float) -> float:
        return round(WIDTH * math.log(intensity / low) / math.log(high / low), 2)

    def y(at_ms: float) -> float:
        return round(HEIGHT * (1 - max(at_ms, 0) / top), 2)

    def path(marks: list[tuple[float, int]]) -> str:
        return "M" + "L".join(f"{x(intensity):g},{y(at):g}" for intensity, at in marks) if marks else ""

    threshold = trip.threshold_intensity
    within = threshold is not None and low <= threshold <= high
    return Plot(
        title=trip.alert,
        note=trip_note(trip),
        points=tuple(Point(x(i), y(at), f"{i:.3g}: {span(at)}") for i, at in measured),
        path=path(measured),
        workbook_path=path(workbook),
        threshold_x=x(threshold) if threshold is not None and within else None,
        threshold_text="" if trip.threshold is None else f"threshold {trip.threshold:.3g}",
        x_ticks=tuple(Point(x(tick), 0, f"{tick:g}") for tick in _decades(low, high)),
        y_ticks=tuple(Point(0, y(at), span(at)) for at in range(0, top + 1, step)),
        rows=tuple(
            (
                f"{dose.intensity:.3g}",
                "–" if dose.error_ratio is None else f"{dose.error_ratio:.3%}",
                span(reaction.detect_ms if reaction else None),
                span(reaction.workbook_ms if reaction else None),
            )
            for dose, reaction in zip(doses, reactions, strict=True)
        ),
        summary=f"Fires at {dose_text(trip.fires_at)} and above, silent at {dose_text(trip.silent_at)}; "
        f"to detect from {span(max((at for _, at in measured), default=None))} "
        f"to {span(min((at for _, at in measured), default=None))}.",
    )


def _decades(low: float, high: float) -> list[float]:
    """1, 2 and 5 times powers of ten within the range."""
    found = []
    for power in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1):
        found += [round(factor * 10.0**power, 12) for factor in (1, 2, 5) if low <= factor * 10.0**power <= high]
    return found
