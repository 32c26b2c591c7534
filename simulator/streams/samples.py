"""The model's samples, job by job: what each exporter of the platform would answer to a scrape."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

import numpy as np

import simulator.model.signals  # noqa: F401  # registers the signals
from simulator.catalog.families import CausedBy, Count, Family, Histogram, Level, Scores, Sizes, Written
from simulator.catalog.jobs import CRYB_API
from simulator.model.flows import Disturbed, FlowCounts
from simulator.model.grid import Grid, Times
from simulator.model.moment import Moment, World
from simulator.model.shapes import Undisturbed
from simulator.profile.activity import instances_hit
from simulator.profile.manifest import Manifest
from simulator.profile.overlaid import catalogue_of
from simulator.streams.views import (
    CountReader,
    Counts,
    HistogramReader,
    LevelReader,
    Reader,
    ScoresReader,
    SizesReader,
)
from simulator.streams.written import WrittenReader
from simulator.telemetry.samples import FamilyBlock, Series, labels_of


@dataclass(frozen=True)
class _Entry:
    """One entry of the catalogue, ready to be read."""

    family: Family
    reader: Reader | WrittenReader
    flow: FlowCounts | None

    @cached_property
    def series(self) -> tuple[Series, ...]:
        """What it exposes, labels that an overlay added included."""
        more = self.family.constants
        if not more:
            return self.reader.series
        return tuple(Series(one.name, labels_of({**dict(one.labels), **dict(more)})) for one in self.reader.series)


class ModelSamples:
    """Implements `telemetry.samples.SampleSource` for a manifest.

    In a live run the reference API exposes what it truly does, so the model leaves those families out.
    """

    def __init__(self, manifest: Manifest, *, everything: bool | None = None) -> None:
        """`everything`: whether families that the API causes are included; not given: in all modes but live."""
        self._manifest = manifest
        self._catalogue = catalogue_of(manifest.overlays)
        self._grid = Grid.of(manifest)
        self._world = World(manifest.profile, manifest.seed)
        self._everything = manifest.mode != "live" if everything is None else everything
        self._exporters: dict[tuple[str, str], tuple[_Entry, ...]] = {}
        self._joined_series: dict[int, tuple[Series, ...]] = {}

    def jobs(self) -> tuple[str, ...]:
        return tuple(job.name for job in self._catalogue.exposing_jobs)

    def instances(self, job: str) -> tuple[str, ...]:
        known = self._catalogue.job(job)
        return known.targets or self._world.instances(known.service)

    def is_up(self, job: str, instance: str, at_ms: int) -> bool:
        down_during = self._catalogue.job(job).down_during
        if down_during:
            here = Moment(self._world, self._grid.from_wall(np.array([at_ms], dtype=np.int64)), instance=instance)
            acting = [found.fault for found in self._manifest.active(at_ms)]
            return not any({fault.id, fault.kind} & set(down_during) and here.concerns(fault) for fault in acting)
        if job != CRYB_API:
            return True
        names = self.instances(job)
        return not any(
            acting.fault.kind == "outage" and instance in instances_hit(acting, names)
            for acting in self._manifest.active(at_ms)
        )

    def blocks(self, job: str, instance: str, times_ms: Times) -> tuple[FamilyBlock, ...]:
        entries = self._exporter(job, instance)
        grid_ms = self._grid.from_wall(np.asarray(times_ms, dtype=np.int64))
        counts: dict[int, Counts] = {}
        moments: dict[bytes, Moment] = {}
        blocks = []
        for _, group in groupby(entries, key=lambda entry: entry.family.name):
            parts = list(group)
            values = [self._read(entry, instance, grid_ms, counts, moments) for entry in parts]
            family = parts[0].family
            blocks.append(
                FamilyBlock(
                    family.name,
                    family.type,
                    family.help,
                    # one and the same tuple each time, by which an encoder remembers what it made of it
                    parts[0].series if len(parts) == 1 else self._joined(parts),
                    times_ms,
                    (values[0] if len(values) == 1 else np.concatenate(values)).T,
                )
            )
        return tuple(blocks)

    def _read(
        self,
        entry: _Entry,
        instance: str,
        grid_ms: Times,
        counts: dict[int, Counts],
        moments: dict[bytes, Moment],
    ) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        reader = entry.reader
        if isinstance(reader, LevelReader | WrittenReader):
            at = reader.instants(grid_ms)
            known = at.tobytes()
            if known not in moments:
                moments[known] = Moment(self._world, at, instance=instance)
            return reader.read(moments[known])
        assert entry.flow is not None
        if id(entry.flow) not in counts:
            counts[id(entry.flow)] = entry.flow.at(grid_ms)
        return reader.read(counts[id(entry.flow)])

    def _joined(self, parts: list[_Entry]) -> tuple[Series, ...]:
        first = id(parts[0])  # entries live as long as this source
        if first not in self._joined_series:
            self._joined_series[first] = tuple(series for entry in parts for series in entry.series)
        return self._joined_series[first]

    def _exporter(self, job: str, instance: str) -> tuple[_Entry, ...]:
        """Everything that one instance exposes. Raises KeyError for an instance that the job does not have."""
        if instance not in self.instances(job):
            raise KeyError(f"job {job} has no instance {instance!r}")
        if (job, instance) not in self._exporters:
            base = Undisturbed(self._world, instance)
            faulty = Disturbed(self._world, instance)
            self._exporters[job, instance] = tuple(self._entries(job, instance, base, faulty))
        return self._exporters[job, instance]

    def _entries(self, job: str, instance: str, base: Undisturbed, faulty: Disturbed) -> Iterable[_Entry]:
        flows: dict[str, FlowCounts] = {}
        for family in self._catalogue.families_of(job):
            if family.caused_by is CausedBy.API and not self._everything:
                continue
            view = family.view
            if isinstance(view, Level):
                yield _Entry(family, LevelReader(family, view, instance, self._world), None)
                continue
            if isinstance(view, Written):
                yield _Entry(family, WrittenReader(family, view), None)
                continue
            if view.flow.name not in flows:
                share = self._catalogue.job(job).share
                flows[view.flow.name] = FlowCounts(view.flow, job, share, base, faulty)
            flow = flows[view.flow.name]
            yield _Entry(family, _reader(family, view, flow, self._world), flow)


def _reader(family: Family, view: Count | Histogram | Scores | Sizes, flow: FlowCounts, world: World) -> Reader:
    if isinstance(view, Count):
        return CountReader(family, view, flow)
    if isinstance(view, Histogram):
        return HistogramReader(family, view, flow)
    if isinstance(view, Scores):
        return ScoresReader(family, view, flow)
    return SizesReader(family, view, flow, world)
