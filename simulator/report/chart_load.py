"""The load as charts: requests against their plan, and how long they took."""

from __future__ import annotations

from collections.abc import Sequence

from simulator.report.chart import Chart, Line
from simulator.telemetry.observations import LoadMeasured, Observation


def measurements(journal: Sequence[Observation], from_ms: int, to_ms: int) -> list[LoadMeasured]:
    """What the generator counted within the run, in order."""
    found = [o for o in journal if isinstance(o, LoadMeasured) and from_ms <= o.at_ms <= to_ms]
    return sorted(found, key=lambda measured: measured.at_ms)


def rate_chart(measured: Sequence[LoadMeasured], started_ms: int) -> Chart | None:
    """Requests a second: sent, failed, planned. None where no load was measured."""
    if not measured:
        return None
    failing = [(o.at_ms, o.requests_per_second * o.failures / o.requests if o.requests else 0.0) for o in measured]
    return Chart(
        key="load",
        title="Load in requests a second",
        lines=(
            Line("sent", [(o.at_ms, o.requests_per_second) for o in measured]),
            Line("failed", failing),
            Line("planned", [(o.at_ms, o.target_per_second) for o in measured], dashed=True),
        ),
        started_ms=started_ms,
        unit="/s",
    )


def latency_chart(measured: Sequence[LoadMeasured], started_ms: int) -> Chart | None:
    """Quantiles of the time to an answer. None where nothing was measured."""
    lines = []
    for name in ("p50", "p95", "p99"):
        points = [(o.at_ms, value) for o in measured if (value := getattr(o, f"{name}_seconds")) is not None]
        if points:
            lines.append(Line(name, points))
    if not lines:
        return None
    return Chart(
        key="latency", title="Time to an answer in seconds", lines=tuple(lines), started_ms=started_ms, unit="s"
    )
