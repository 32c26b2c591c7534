"""The true error ratios of a platform that is all model: what burn-rate alerts measured, held against its own books."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.catalog.http import REQUESTS
from simulator.catalog.jobs import CRYB_API
from simulator.profile.manifest import Manifest
from simulator.streams.ledger import Ledger
from simulator.telemetry.series import ReportSeries

MOST_INSTANTS: Final = 240
"""Of one window; a line in a chart needs no more."""


def true_ratios(manifest: Manifest, series: Sequence[ReportSeries]) -> tuple[ReportSeries, ...]:
    """For each window of a burn-rate comparison: answers with 5xx over all answers of the API, within the window.

    At the instants of the first series of that window, thinned. Counts are the model's, before any scrape.
    """
    measured = {one.window_ms: one for one in reversed(series) if one.budget is not None and one.times_ms}
    instants = {window_ms: _thinned(one.times_ms) for window_ms, one in measured.items() if window_ms > 0}
    if not instants:
        return ()
    wanted = np.unique(np.concatenate([at for window, times in instants.items() for at in (times, times - window)]))
    total, failed = _counted(manifest, wanted)
    found = []
    for window_ms, times in sorted(instants.items()):
        start, end = np.searchsorted(wanted, times - window_ms), np.searchsorted(wanted, times)
        sent = total[end] - total[start]
        seen = sent > 0
        ratios = (failed[end] - failed[start])[seen] / sent[seen]
        found.append(
            ReportSeries(
                alert="",
                expression="answers with 5xx / all answers",
                labels=(),
                threshold=None,
                op="",
                times_ms=tuple(times[seen].tolist()),
                values=tuple(ratios.tolist()),
                window_ms=window_ms,
                true=True,
            )
        )
    return tuple(found)


def _thinned(times_ms: Sequence[int]) -> NDArray[np.int64]:
    step = -(-len(times_ms) // MOST_INSTANTS)
    return np.array(times_ms[::step], dtype=np.int64)


def _counted(manifest: Manifest, wall_ms: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All answers before each instant, and those with 5xx, over all instances of the API."""
    ledger = Ledger(manifest)
    at = ledger.grid.from_wall(wall_ms)
    total = np.zeros(len(wall_ms), dtype=np.int64)
    failed = np.zeros(len(wall_ms), dtype=np.int64)
    for instance in ledger.instances(CRYB_API):
        flow = ledger.flow(REQUESTS, CRYB_API, instance)
        counts = flow.at(at).reshape(len(flow.labels), flow.buckets, -1).sum(axis=1)
        failing = np.array([labels["code"].startswith("5") for labels in flow.labels])
        total += counts.sum(axis=0)
        failed += counts[failing].sum(axis=0)
    return total, failed
