"""A sweep in a terminal: where each alert trips, what is wrong with it, and how detection quickens with the dose."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from simulator.report.phrasing import NOTHING, span
from simulator.report.sweep_document import Dose, Sweep, TripPoint
from simulator.report.terminal import plain
from simulator.units import format_duration

WIDTH = 40
"""Characters of a plot."""


def render_sweep(sweep: Sweep) -> RenderableType:
    """Something to print on a rich console."""
    return Group(*_parts(sweep))


def dose_text(intensity: float | None) -> str:
    """`0.05`, or a dash."""
    return NOTHING if intensity is None else f"{intensity:.3g}"


def trip_note(trip: TripPoint) -> str:
    """What a reader must know about a trip point, or nothing."""
    if trip.insensitive:
        return "insensitive: it trips there whatever its threshold is"
    if trip.fires_at == 0:
        return "fires without the fault"
    if trip.silent_at == 0:
        return "fires at the smallest intensity tried"
    return ""


def _parts(sweep: Sweep) -> Iterator[RenderableType]:
    yield Text.assemble(
        (f"{sweep.profile}: {sweep.fault} ({sweep.kind})", "bold"),
        f"  {len(sweep.doses) - 1} intensities, each for {format_duration(sweep.lasts_ms)}; {sweep.meaning}",
    )
    yield plain("\nWhere each alert trips", style="bold")
    yield _trips(sweep)
    for trip in sweep.trips:
        if trip.fires_at:
            yield from _plot(sweep, trip)
    if sweep.silent:
        yield plain("\nNever fired", style="bold")
        yield Padding(plain(", ".join(sweep.silent)), (0, 0, 0, 2))
    if sweep.not_evaluated:
        yield plain("\nNot evaluated", style="bold")
        yield Padding(plain("\n".join(sweep.not_evaluated), style="bold yellow"), (0, 0, 0, 2))
    yield plain(f"\nrun again   {sweep.rerun}")


def _trips(sweep: Sweep) -> Padding:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    for header in ("alert", "silent at", "fires at", "threshold", "reached at", ""):
        table.add_column(header, overflow="fold")
    for trip in sweep.trips:
        cells = (
            trip.alert,
            dose_text(trip.silent_at),
            dose_text(trip.fires_at),
            dose_text(trip.threshold),
            dose_text(trip.threshold_intensity),
        )
        note = plain(trip_note(trip), style="bold red" if trip.insensitive else "yellow")
        table.add_row(*map(plain, cells), note)
    return Padding(table, (0, 0, 0, 2))


def _plot(sweep: Sweep, trip: TripPoint) -> Iterator[RenderableType]:
    """Time to detect by intensity, a line each, from the last silent one on; `w` where the Workbook has it."""
    rows = [(dose, _reaction(dose, trip.alert)) for dose in sweep.doses if dose.intensity >= (trip.silent_at or 0.0)]
    rows = [row for row in rows if row[0].intensity > 0]
    longest = max(
        (at for _, (detect, workbook) in rows for at in (detect, workbook) if at is not None and at > 0), default=1
    )
    legend = ", w: the SRE Workbook's time" if any(at is not None for _, (_, at) in rows) else ""
    yield plain(f"\n{trip.alert}: to detect, by intensity{legend}", style="bold")
    passed = False
    for dose, (detect, workbook) in rows:
        if trip.threshold_intensity is not None and not passed and dose.intensity >= trip.threshold_intensity:
            yield plain(
                f"  {'·' * 10} threshold {trip.threshold:.3g} reached at {trip.threshold_intensity:.3g}", style="dim"
            )
            passed = True
        bar = list(" " * (WIDTH + 1))
        if detect is not None:
            end = min(round(max(detect, 0) / longest * WIDTH), WIDTH)
            bar[: end + 1] = "─" * end + "●"
        if workbook is not None:
            bar[min(round(workbook / longest * WIDTH), WIDTH)] = "w"
        figures = f"{span(detect):>9}" + (f"  w {span(workbook)}" if workbook is not None else "")
        yield plain(f"  {dose.intensity:<8.3g} {''.join(bar)} {figures}", style="" if detect is not None else "dim")


def _reaction(dose: Dose, alert: str) -> tuple[int | None, int | None]:
    for reaction in dose.reactions:
        if reaction.alert == alert:
            return reaction.detect_ms, reaction.workbook_ms
    return None, None
