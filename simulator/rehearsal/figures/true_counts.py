"""What a counter of the platform truly counted: all of it and a part of it, by the model's books, before any scrape."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.catalog.families import Flow
from simulator.profile.manifest import Manifest
from simulator.streams.ledger import Ledger

Counts = NDArray[np.int64]

_AT_ONCE: Final = 20_000
"""Instants of which every row of a flow is in memory at a time."""


class TrueCounts:
    """A flow as all instances of a job counted it. `is_part` tells, by a row's labels, what belongs to the part."""

    def __init__(
        self, manifest: Manifest, flow: Flow, job: str, is_part: Callable[[Mapping[str, str]], bool], ledger: Ledger
    ) -> None:
        self._grid = ledger.grid
        self._flows = [ledger.flow(flow, job, instance) for instance in ledger.instances(job)]
        self._is_part = is_part

    def at(self, wall_ms: Counts) -> tuple[Counts, Counts]:
        """All events before each wall instant (rising, epoch milliseconds), and those of the part."""
        total = np.zeros(len(wall_ms), dtype=np.int64)
        part = np.zeros(len(wall_ms), dtype=np.int64)
        times = self._grid.from_wall(wall_ms)
        for flow in self._flows:
            chosen = np.array([self._is_part(labels) for labels in flow.labels], dtype=np.bool_)
            for start in range(0, len(times), _AT_ONCE):
                some = slice(start, start + _AT_ONCE)
                counts = flow.at(times[some]).reshape(len(flow.labels), flow.buckets, -1).sum(axis=1)
                total[some] += counts.sum(axis=0)
                part[some] += counts[chosen].sum(axis=0)
        return total, part
