"""How fast the error budget burned: as Prometheus measured it, and as it truly did.

Burn rate = error ratio / (1 - objective): at 1 the budget lasts exactly its period (SRE Workbook, chapter 5). The truth
is what the platform itself counted as failed, or what the load generator saw fail, over the same window as the measured
ratio looks back.
"""

from __future__ import annotations

from collections.abc import Sequence

from simulator.report.chart import Chart, Line
from simulator.telemetry.observations import LoadMeasured
from simulator.telemetry.series import ReportSeries
from simulator.verdict.wording import span


def budget_charts(
    series: Sequence[ReportSeries], measured: Sequence[LoadMeasured], started_ms: int, length_ms: int
) -> list[Chart]:
    """One chart for each window of the burn-rate alerts whose truth is known, the shortest first."""
    charts = []
    for number, ((window_ms, budget), ratios) in enumerate(sorted(_by_window(series).items())):
        books = [one for one in series if one.true and one.window_ms == window_ms and one.times_ms]
        if books:
            true = [(at, value / budget) for at, value in _pairs(books[0])]
        else:
            true = _seen_burn(measured, started_ms, window_ms, budget) if window_ms < length_ms else []
        if not true:
            continue
        lines = [
            Line(f"measured {_labels(one)}".strip(), [(at, value / budget) for at, value in _pairs(one)])
            for one in ratios
        ]
        charts.append(
            Chart(
                key=f"budget-{number}",
                title=f"Burn rate over the last {span(window_ms)}, objective {(1 - budget) * 100:.6g} %",
                lines=(*lines, Line("true", true, dashed=True)),
                started_ms=started_ms,
                op=">",
                threshold=1.0,
                note=f"True is what {'the platform' if books else 'the load generator'} counted as failed. "
                "Above 1, the budget would not last its period",
                unit="×",
            )
        )
    return charts


def _by_window(series: Sequence[ReportSeries]) -> dict[tuple[int, float], list[ReportSeries]]:
    """Error ratios by window and budget; several alerts may compare the same ratio, which is drawn once."""
    found: dict[tuple[int, float], dict[tuple[object, ...], ReportSeries]] = {}
    for one in series:
        if not one.true and one.budget is not None and one.window_ms > 0 and one.times_ms:
            key = (one.window_ms, float(f"{one.budget:.6g}"))
            found.setdefault(key, {})[one.expression, one.labels] = one
    return {key: list(ratios.values()) for key, ratios in found.items()}


def _seen_burn(
    measured: Sequence[LoadMeasured], started_ms: int, window_ms: int, budget: float
) -> list[tuple[int, float]]:
    """Failed over sent within the window before each measurement, from the first whole window on, over the budget."""
    burn = []
    first = 0
    requests = failures = 0
    for one in measured:
        requests += one.requests
        failures += one.failures
        while measured[first].at_ms <= one.at_ms - window_ms:
            requests -= measured[first].requests
            failures -= measured[first].failures
            first += 1
        if one.at_ms - window_ms >= started_ms and requests:
            burn.append((one.at_ms, failures / requests / budget))
    return burn


def _pairs(one: ReportSeries) -> zip[tuple[int, float]]:
    return zip(one.times_ms, one.values, strict=True)


def _labels(one: ReportSeries) -> str:
    return ", ".join(f"{name}={value}" for name, value in one.labels)
