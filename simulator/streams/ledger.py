"""The flows of a run, as each instance counts them: what log lines, error events and the truth are read from.

`ModelSamples` keys its counts by the same names, so what is read here is what the counters show.
"""

from __future__ import annotations

import numpy as np

import simulator.model.signals  # noqa: F401  # registers the signals
from simulator.catalog.families import Flow
from simulator.catalog.jobs import BY_NAME
from simulator.model.flows import Disturbed, FlowCounts
from simulator.model.grid import Grid, Times
from simulator.model.moment import Moment, World
from simulator.model.shapes import Undisturbed
from simulator.profile.manifest import Manifest


class Ledger:
    """Opens the books of one run. Everything is kept once it was asked for."""

    def __init__(self, manifest: Manifest) -> None:
        self.manifest = manifest
        self.grid = Grid.of(manifest)
        self.world = World(manifest.profile, manifest.seed, manifest.started_ms)
        self._base: dict[str, Undisturbed] = {}
        self._faulty: dict[str, Disturbed] = {}
        self._flows: dict[tuple[str, str, str], FlowCounts] = {}

    def instances(self, job: str) -> tuple[str, ...]:
        """The logical instances behind a job, as `ModelSamples` has them, or of a service that nothing scrapes."""
        known = BY_NAME.get(job)
        return self.world.instances(job) if known is None else known.targets or self.world.instances(known.service)

    def flow(self, flow: Flow, job: str, instance: str) -> FlowCounts:
        """A flow as one instance counts it. A job without an exporter counts the whole flow on each instance."""
        known = (flow.name, job, instance)
        if known not in self._flows:
            share = BY_NAME[job].share if job in BY_NAME else ""
            base = self._base.setdefault(instance, Undisturbed(self.world, instance))
            faulty = self._faulty.setdefault(instance, Disturbed(self.world, instance))
            self._flows[known] = FlowCounts(flow, job, share, base, faulty)
        return self._flows[known]

    def moment(self, wall_ms: Times, instance: str = "") -> Moment:
        """The platform's signals at wall instants."""
        return Moment(self.world, self.grid.from_wall(np.asarray(wall_ms, dtype=np.int64)), instance=instance)
