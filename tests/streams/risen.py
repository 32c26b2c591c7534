"""How much counters rise over an interval, as two scrapes at its ends would tell."""

from __future__ import annotations

from collections import Counter

import numpy as np

from simulator.profile.manifest import Manifest
from simulator.streams.samples import ModelSamples
from simulator.telemetry.interval import Interval
from simulator.telemetry.samples import FamilyBlock


class Risen:
    """The rises of one run's counters over one interval, restarts aside, over all instances of a job."""

    def __init__(self, run: Manifest, span: Interval) -> None:
        self._source = ModelSamples(run, everything=True)
        self._times = np.array([span.start_ms, span.end_ms], dtype=np.int64)
        self._blocks: dict[str, list[FamilyBlock]] = {}

    def by(self, name: str, *labels: str, job: str = "cryb-api") -> Counter[tuple[str, ...]]:
        """By some labels, of a family's series (of a histogram: of its `_count`), without those that did not rise."""
        if job not in self._blocks:
            instances = self._source.instances(job)
            self._blocks[job] = [b for one in instances for b in self._source.blocks(job, one, self._times)]
        rises: Counter[tuple[str, ...]] = Counter()
        for block in self._blocks[job]:
            if block.name == name:
                for series, rise in zip(block.series, block.values[1] - block.values[0], strict=True):
                    if not series.name.endswith(("_bucket", "_sum")):
                        rises[tuple(dict(series.labels)[label] for label in labels)] += int(rise)
        return +rises

    def total(self, name: str, job: str = "cryb-api", **begins: str) -> int:
        """Of the series whose labels begin so."""
        labels = tuple(begins)
        found = self.by(name, *labels, job=job)
        return sum(
            n
            for values, n in found.items()
            if all(v.startswith(begins[k]) for k, v in zip(labels, values, strict=True))
        )
