"""The model's samples, job by job: what each exporter of the platform would answer to a scrape."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby

import numpy as np

import simulator.model.signals  # noqa: F401  # registers the signals
from simulator.catalog.families import Count, Family, Histogram, Level, Scores, Sizes, Written
from simulator.catalog.looked_at import sample_names
from simulator.catalog.sizes import Size
from simulator.model.containers import Placed, placed_on
from simulator.model.flows import Disturbed, FlowCounts
from simulator.model.grid import Grid, Times
from simulator.model.moment import Moment, World
from simulator.model.scrapes import answered
from simulator.model.shapes import Undisturbed
from simulator.profile.activity import level
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
    """One entry of the catalogue, ready to be read, as one instance sees it: the target, or a container on it."""

    family: Family
    reader: Reader | WrittenReader
    flow: FlowCounts | None
    instance: str
    container: Placed | None = None

    @cached_property
    def series(self) -> tuple[Series, ...]:
        """What it exposes, labels that an overlay added and those of a container included."""
        more = (*self.family.constants, *(self.container.labels if self.container else ()))
        if not more:
            return self.reader.series
        return tuple(Series(one.name, labels_of({**dict(one.labels), **dict(more)})) for one in self.reader.series)


@dataclass(frozen=True)
class _Instants:
    """Some instants, and what was computed for them already: counts by flow, moments by instance and refreshment."""

    world: World
    grid_ms: Times
    counts: dict[int, Counts] = field(default_factory=dict)
    moments: dict[tuple[str, int], Moment] = field(default_factory=dict)

    def counted(self, flow: FlowCounts) -> Counts:
        if id(flow) not in self.counts:
            self.counts[id(flow)] = flow.since_restart(self.grid_ms)
        return self.counts[id(flow)]

    def moment(self, instance: str, refresh_ms: int = 0) -> Moment:
        """The instants at which what is computed anew every so often was computed; 0: at each of them."""
        known = (instance, refresh_ms)
        if known not in self.moments:
            at = self.grid_ms // refresh_ms * refresh_ms if refresh_ms else self.grid_ms
            self.moments[known] = Moment(self.world, at, instance=instance)
        return self.moments[known]


class ModelSamples:
    """Implements `telemetry.samples.SampleSource` for a manifest.

    In a live run the reference API exposes what it truly does, so the model leaves those families out.
    """

    def __init__(
        self, manifest: Manifest, *, everything: bool | None = None, only: frozenset[str] | None = None
    ) -> None:
        """`everything`: whether families that the API causes are included; not given: in all modes but live.

        `only` leaves out every family none of whose sample names is among them.
        """
        self._only = only
        self._manifest = manifest
        self._catalogue = catalogue_of(manifest.overlays)
        self._grid = Grid.of(manifest)
        self._world = World(manifest.profile, manifest.seed, manifest.started_ms)
        self._everything = manifest.mode != "live" if everything is None else everything
        self._drives = manifest.profile.load.drives
        self._exporters: dict[tuple[str, str], tuple[_Entry, ...]] = {}
        self._seen_by: dict[str, tuple[Undisturbed, Disturbed]] = {}
        self._joined_series: dict[int, tuple[Series, ...]] = {}

    def jobs(self) -> tuple[str, ...]:
        return tuple(job.name for job in self._catalogue.exposing_jobs)

    def instances(self, job: str) -> tuple[str, ...]:
        known = self._catalogue.job(job)
        return known.targets or self._world.instances(known.service)

    def is_up(self, job: str, instance: str, at_ms: int) -> bool:
        return bool(self.answered(job, instance, np.array([at_ms], dtype=np.int64))[0])

    def answered(self, job: str, instance: str, times_ms: Times) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        """`is_up` at many wall instants."""
        grid_ms = self._grid.from_wall(np.asarray(times_ms, dtype=np.int64))
        up = answered(self._world, self._catalogue.job(job), instance, grid_ms)
        down_during = self._catalogue.job(job).down_during
        here = Moment(self._world, grid_ms, instance=instance)
        for fault in self._manifest.profile.faults if down_during else ():
            if {fault.id, fault.kind} & set(down_during) and here.concerns(fault):
                up &= level(fault, here.elapsed_ms) == 0
        return up

    def blocks(self, job: str, instance: str, times_ms: Times) -> tuple[FamilyBlock, ...]:
        entries = self._exporter(job, instance)
        grid_ms = self._grid.from_wall(np.asarray(times_ms, dtype=np.int64))
        instants = _Instants(self._world, grid_ms)
        blocks = []
        for _, group in groupby(entries, key=lambda entry: entry.family.name):
            parts = list(group)
            values = [_read(entry, instants) for entry in parts]
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
            self._exporters[job, instance] = tuple(self._entries(job, instance))
        return self._exporters[job, instance]

    def _entries(self, job: str, target: str) -> Iterable[_Entry]:
        flows: dict[tuple[str, str], FlowCounts] = {}
        for family in self._catalogue.families_of(job):
            if not self._everything and family.owned_by_api(self._drives):
                continue
            if family.not_tiny and self._manifest.profile.platform.size is Size.TINY:
                continue
            if self._only is not None and self._only.isdisjoint(sample_names(family)):
                continue
            for container in placed_on(self._world, target) if family.each else (None,):
                yield self._entry(family, container.instance if container else target, container, flows)

    def _entry(
        self, family: Family, instance: str, container: Placed | None, flows: dict[tuple[str, str], FlowCounts]
    ) -> _Entry:
        view = family.view
        if isinstance(view, Level):
            return _Entry(family, LevelReader(family, view, instance, self._world), None, instance, container)
        if isinstance(view, Written):
            return _Entry(family, WrittenReader(family, view), None, instance, container)
        known = (instance, view.flow.name)
        if known not in flows:
            if instance not in self._seen_by:
                self._seen_by[instance] = (Undisturbed(self._world, instance), Disturbed(self._world, instance))
            base, faulty = self._seen_by[instance]
            share = self._catalogue.job(family.job).share
            flows[known] = FlowCounts(view.flow, family.job, share, base, faulty)
        return _Entry(family, _reader(family, view, flows[known], self._world), flows[known], instance, container)


def _read(entry: _Entry, instants: _Instants) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Values of an entry's series, (series, instants); NaN where there are none."""
    reader, grid_ms = entry.reader, instants.grid_ms
    if isinstance(reader, LevelReader | WrittenReader):
        values = reader.read(instants.moment(entry.instance, reader.refresh_ms))
    else:
        assert entry.flow is not None
        values = reader.read(instants.counted(entry.flow))
    if entry.family.present:
        values[:, instants.moment(entry.instance)[entry.family.present] == 0] = np.nan
    if entry.container is not None:
        values[:, (grid_ms < entry.container.start) | (grid_ms >= entry.container.end)] = np.nan
    return values


def _reader(family: Family, view: Count | Histogram | Scores | Sizes, flow: FlowCounts, world: World) -> Reader:
    if isinstance(view, Count):
        return CountReader(family, view, flow)
    if isinstance(view, Histogram):
        return HistogramReader(family, view, flow)
    if isinstance(view, Scores):
        return ScoresReader(family, view, flow)
    return SizesReader(family, view, flow, world)
