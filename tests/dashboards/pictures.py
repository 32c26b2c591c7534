"""`python -m tests.dashboards.pictures`: draw the reference dashboards for docs/, over an hour in which much breaks.

Prometheus answers PromQL. LogQL is answered by a Loki where there is one on PATH; else the picture of the logs
dashboard stays as it is.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import httpx
import numpy as np

from dashboards.picture import Drawn, Fault, drawn
from simulator.clock import WallClock
from simulator.engine.panels import Dashboard, Panel
from simulator.engine.server import RangeResult
from simulator.engine.variables import Language
from simulator.stack.binaries import find_binaries
from simulator.streams.logs import ModelLogs
from simulator.telemetry.interval import Interval
from simulator.telemetry.samples import labels_of
from simulator.units import DAY, HOUR, MINUTE, SECOND
from tests.dashboards.busy import busy
from tests.dashboards.shown import Answer, Shown, manifest_of, shipped_dashboards, shown
from tests.monitoring.loki_server import loki, push, running

FOLDER: Final = Path(__file__).parents[2] / "docs" / "images" / "dashboards"
MOST_BYTES: Final = 300_000
_LOGS_SPAN_MS: Final = 5 * MINUTE


def main() -> None:
    """Draw all of them."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        shown(busy(), find_binaries(), Path(folder), history_ms=8 * DAY, rules_ms=HOUR) as there,
    ):
        draw_metrics(there, list(there.answers()))
    if program := loki():
        draw_logs(program)


def draw_metrics(there: Shown, answers: Sequence[Answer]) -> None:
    """The dashboards that ask Prometheus."""
    begin_ms = there.manifest.started_ms
    faults = [Fault(fault.id, begin_ms + fault.at, begin_ms + fault.end) for fault in there.manifest.profile.faults]
    for dashboard in shipped_dashboards():
        panels: dict[Panel, list[Drawn]] = {}
        for answer in answers:
            if answer.dashboard == dashboard:
                panels.setdefault(answer.panel, []).append(Drawn(answer.target.legend, answer.result))
        if panels:
            _write(dashboard, drawn(dashboard, panels, there.times_ms, faults))


def draw_logs(program: str) -> None:
    """The dashboard that asks Loki, over five minutes."""
    manifest = manifest_of(busy())
    start_ms = manifest.started_ms + 3 * MINUTE  # errors begin at +5m; no query is slow by then
    entries = list(ModelLogs(manifest).entries(Interval(start_ms, start_ms + _LOGS_SPAN_MS)))
    (dashboard,) = [one for one in shipped_dashboards() if one.uid == "cryb-logs"]
    moved_ms = WallClock().now_ms() - MINUTE - entries[-1].at_ms
    with tempfile.TemporaryDirectory() as folder, running(Path(folder), program) as client:
        for first in range(0, len(entries), 5000):
            push(client, entries[first : first + 5000], moved_ms)
        times_ms = np.arange(start_ms, start_ms + _LOGS_SPAN_MS, 10 * SECOND, dtype=np.int64) + moved_ms
        panels = {panel: _asked(client, dashboard, panel, times_ms) for panel in dashboard.panels}
    begin_ms = manifest.started_ms + moved_ms
    faults = [Fault(fault.id, begin_ms + fault.at, begin_ms + fault.end) for fault in manifest.profile.faults]
    _write(dashboard, drawn(dashboard, panels, times_ms, faults))


def _asked(
    client: httpx.Client, dashboard: Dashboard, panel: Panel, times_ms: np.ndarray[tuple[int, ...], np.dtype[np.int64]]
) -> list[Drawn]:
    found = []
    for target in panel.targets:
        assert target.language is Language.LOGQL
        expr = dashboard.filled(target.expr, step_ms=MINUTE, range_ms=_LOGS_SPAN_MS)
        span = {"start": int(times_ms[0]) * 1_000_000, "end": int(times_ms[-1]) * 1_000_000}
        parameters: dict[str, str | int] = {"query": expr, "step": "10s", "limit": 30, **span}
        result = client.get("/loki/api/v1/query_range", params=parameters).raise_for_status().json()["data"]["result"]
        if panel.kind == "logs":
            lines = sorted((value for stream in result for value in stream["values"]), reverse=True)
            found.append(Drawn(target.legend, lines=tuple(line for _, line in lines)))
            continue
        values = np.full((len(result), len(times_ms)), np.nan)
        for row, one in enumerate(result):
            for at, value in one["values"]:
                values[row, round((float(at) * 1000 - times_ms[0]) / (10 * SECOND))] = float(value)
        labels = tuple(labels_of(one["metric"]) for one in result)
        found.append(Drawn(target.legend, RangeResult(labels, ~np.isnan(values), values)))
    return found


def _write(dashboard: Dashboard, text: str) -> None:
    (FOLDER / f"{dashboard.uid.removeprefix('cryb-')}.svg").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
