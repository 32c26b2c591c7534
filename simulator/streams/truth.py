"""The truth of any interval, computed from the model's own counts, never from an export.

Counts are exact. A quantile of durations is exact up to where inside its bucket each single event lies: the counts say
which bucket, and inside it the very law is read that durations are drawn from (`model.durations`).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.catalog.families import Flow
from simulator.catalog.http import REQUESTS
from simulator.catalog.jobs import CRYB_API
from simulator.catalog.slis import SERVER_ERRORS, SLIS, Sli
from simulator.model.durations import SLICES, bucket_quantiles
from simulator.model.flows import FlowCounts
from simulator.profile.activity import level
from simulator.profile.manifest import Manifest
from simulator.slo import Objective
from simulator.streams.ledger import Ledger
from simulator.telemetry.interval import Interval
from simulator.telemetry.truth import BudgetTruth, BurnTruth, FaultTruth, RequestsTruth, SliTruth, Truth
from simulator.units import DAY, HOUR, MINUTE, SECOND

Counts = NDArray[np.int64]

BURN_WINDOWS_MS: Final = (5 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 6 * HOUR, DAY, 3 * DAY, 30 * DAY)
"""The windows of the burn-rate alerts, and the objective's period."""
_KEPT: Final = 64
_LOOKS: Final = 20_000  # instants at which a fault's level is looked at


@dataclass(frozen=True)
class _Grown:
    """What a flow's leaves grew by, over all instances: shape (rows, buckets)."""

    counts: FlowCounts  # one instance's, for its labels
    grown: Counts

    def matching(self, where: Mapping[str, tuple[str, ...]]) -> NDArray[np.bool_]:
        return np.array([all(row[name] in values for name, values in where.items()) for row in self.counts.labels])


class ModelTruth:
    """Knows what was so, for a manifest."""

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest
        self._ledger = Ledger(manifest)
        self._known: OrderedDict[tuple[str, int], Counts] = OrderedDict()

    def over(self, interval: Interval) -> Truth:
        """Everything about an interval. Raises ValueError where it begins before the model's counts do."""
        end = interval.end_ms
        requests = self._between(REQUESTS, interval)
        objectives = {sli.name: Objective(sli.target) for sli in SLIS if sli.target is not None}
        burning = [sli for sli in SLIS if sli.name in objectives]
        burns = tuple(
            self._burn(sli, objectives[sli.name], Interval(end - window, end))
            for sli in burning
            for window in BURN_WINDOWS_MS
        )
        return Truth(
            interval,
            self._requests(requests, interval, np.ones(len(requests.grown), dtype=np.bool_), "", ""),
            self._routes(requests, interval),
            tuple(self._sli(sli, interval) for sli in SLIS),
            tuple(self._budget(sli, objectives[sli.name], end) for sli in burning),
            burns,
            self._faults(interval),
        )

    def quantile(self, q: float, interval: Interval, *, flow: Flow = REQUESTS) -> float | None:
        """A quantile in [0, 1] of the durations of a flow's events, in seconds; None without an event.

        Raises ValueError for a flow whose events have no durations.
        """
        if not flow.spread:
            raise ValueError(f"events of {flow.name} take no time")
        found = self._between(flow, interval)
        return _quantile(found, np.ones(len(found.grown), dtype=np.bool_), q)

    def _between(self, flow: Flow, interval: Interval) -> _Grown:
        counts = self._ledger.flow(flow, CRYB_API, self._ledger.instances(CRYB_API)[0])
        grown = self._until(flow, interval.end_ms) - self._until(flow, interval.start_ms)
        return _Grown(counts, grown.reshape(-1, counts.buckets))

    def _until(self, flow: Flow, wall_ms: int) -> Counts:
        """What all instances together counted before an instant, by leaf; the last ones asked for are kept."""
        known = (flow.name, wall_ms)
        if known not in self._known:
            at = self._ledger.grid.from_wall(np.array([wall_ms], dtype=np.int64))
            books = [self._ledger.flow(flow, CRYB_API, name) for name in self._ledger.instances(CRYB_API)]
            self._known[known] = np.sum([counts.at(at)[:, 0] for counts in books], axis=0)
            while len(self._known) > _KEPT:
                self._known.popitem(last=False)
        return self._known[known]

    def _requests(
        self, found: _Grown, interval: Interval, rows: NDArray[np.bool_], method: str, route: str
    ) -> RequestsTruth:
        failing = found.matching({"code": SERVER_ERRORS}) & rows
        total, failed = int(found.grown[rows].sum()), int(found.grown[failing].sum())
        return RequestsTruth(
            method,
            route,
            total,
            failed,
            per_second=total / (interval.length_ms / SECOND) if interval.length_ms else 0.0,
            error_ratio=failed / total if total else None,
            p50_seconds=_quantile(found, rows, 0.5),
            p95_seconds=_quantile(found, rows, 0.95),
            p99_seconds=_quantile(found, rows, 0.99),
        )

    def _routes(self, found: _Grown, interval: Interval) -> tuple[RequestsTruth, ...]:
        names = dict.fromkeys((row["method"], row["route"]) for row in found.counts.labels)
        routes = [
            self._requests(found, interval, found.matching({"method": (method,), "route": (route,)}), method, route)
            for method, route in names
        ]
        return tuple(sorted(routes, key=lambda route: -route.total))

    def _counted(self, sli: Sli, interval: Interval) -> tuple[int, int]:
        """All events of an indicator and the bad ones."""
        total = bad = 0
        for flow in sli.flows:
            found = self._between(flow, interval)
            first = flow.bounds.index(sli.slower_than) + 1 if sli.slower_than else 0
            total += int(found.grown.sum())
            bad += int(found.grown[found.matching(sli.bad), first:].sum())
        return total, bad

    def _sli(self, sli: Sli, interval: Interval) -> SliTruth:
        total, bad = self._counted(sli, interval)
        return SliTruth(sli.name, total, bad, 1.0 - bad / total if total else None, sli.target)

    def _burn(self, sli: Sli, objective: Objective, window: Interval) -> BurnTruth:
        total, bad = self._counted(sli, window)
        ratio = bad / total if total else None
        return BurnTruth(sli.name, window.length_ms, ratio, None if ratio is None else objective.burn_rate(ratio))

    def _budget(self, sli: Sli, objective: Objective, end_ms: int) -> BudgetTruth:
        total, bad = self._counted(sli, Interval(end_ms - objective.period_ms, end_ms))
        return BudgetTruth(sli.name, objective.target, objective.period_ms, objective.left(bad, total))

    def _faults(self, interval: Interval) -> tuple[FaultTruth, ...]:
        found = []
        start = self._manifest.started_ms
        for fault in self._manifest.profile.faults:
            low = max(interval.start_ms, start + fault.at)
            high = min(interval.end_ms, start + fault.end)
            if low < high:
                step = max(1, (high - low) // _LOOKS)
                strongest = float(level(fault, np.arange(low, high, step, dtype=np.int64) - start).max())
                if strongest > 0:
                    found.append(FaultTruth(fault.id, fault.kind, Interval(low, high), strongest))
        return tuple(found)


def _quantile(found: _Grown, rows: NDArray[np.bool_], q: float) -> float | None:
    """The least duration that a share `q` of the events does not exceed."""
    counts = found.counts
    buckets = found.grown[rows].sum(axis=0)
    total = int(buckets.sum())
    if not total:
        return None
    wanted = q * total
    below = np.cumsum(buckets)
    bucket = int(np.searchsorted(below, wanted))
    inside = wanted - (below[bucket] - buckets[bucket])
    spreads = np.bincount(counts.spread_of_row[rows], found.grown[rows, bucket], len(counts.spreads))
    tables = [bucket_quantiles(name, counts.flow.bounds)[bucket] for name in counts.spreads]
    low, high = float(tables[0][0]), float(tables[0][-1])
    parts = np.arange(SLICES + 1) / SLICES
    for _ in range(50):
        middle = (low + high) / 2
        events = sum(
            count * float(np.interp(middle, table, parts))
            for count, table in zip(spreads, tables, strict=True)
            if count
        )
        low, high = (middle, high) if events < inside else (low, middle)
    return high
