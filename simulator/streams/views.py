"""From counts and signals of the model to the sample values of one family: how each kind of view is read.

Values come as (series, instants), one row for each series, so that an encoder that walks along a series finds its
samples side by side; `ModelSamples` hands out the transposed view.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.catalog.families import Count, Family, Histogram, Level, Scores, Sizes, rows
from simulator.compiled import kernel
from simulator.model.draws import bits, normal, uniform
from simulator.model.flows import FlowCounts
from simulator.model.grid import CELL_MS, Times
from simulator.model.keys import keys
from simulator.model.moment import Moment, World
from simulator.model.spreads import bucket_means, lognormal_shares
from simulator.telemetry.samples import Labels, Series, labels_of

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

_JITTER_OCTAVES: Final = ((1, 0.8), (4, 0.6))  # periods of 2 and 16 minutes; squares of the sizes add up to 1


@dataclass(frozen=True)
class Groups:
    """Which rows of a flow each series, or set of series of a histogram, adds up: `rows[first[g]:first[g + 1]]`."""

    labels: tuple[Labels, ...]
    first: NDArray[np.int64]
    rows: NDArray[np.int64]


def grouped(view: Count | Histogram | Scores | Sizes, counts: FlowCounts) -> Groups:
    """The rows of a flow that a view shows, by the labels that it exposes."""
    members: dict[Labels, list[int]] = {}
    for row, labels in enumerate(counts.labels):
        if all(labels[name] in allowed for name, allowed in view.where.items()):
            shown = labels_of({name: labels[of] for name, of in view.by.items()})
            members.setdefault(shown, []).append(row)
    lengths = [len(found) for found in members.values()]
    return Groups(
        labels=tuple(members),
        first=np.concatenate(([0], np.cumsum(lengths))).astype(np.int64),
        rows=np.array([row for found in members.values() for row in found], dtype=np.int64),
    )


class CountReader:
    """A counter: events of a flow."""

    def __init__(self, family: Family, view: Count, counts: FlowCounts) -> None:
        groups = grouped(view, counts)
        self.series = tuple(Series(family.name + view.suffix, labels) for labels in groups.labels)
        self._groups = groups
        self._unit = view.unit
        self._buckets = counts.buckets
        self._values = np.array([float(labels[view.value]) for labels in counts.labels]) if view.value else None
        bounds = counts.flow.bounds
        self._first_bucket = bounds.index(view.beyond) + 1 if view.beyond else 0

    def read(self, counts: Counts) -> Floats:
        out = np.empty((len(self.series), counts.shape[1]))
        groups = self._groups
        if self._values is not None:
            _sum_values(counts, groups.first, groups.rows, self._buckets, self._values, out)
            return out
        _sum_rows(counts, groups.first, groups.rows, self._buckets, self._first_bucket, self._unit, out)
        return out


class HistogramReader:
    """A histogram of durations: cumulative buckets, sum, count, for each set of labels."""

    def __init__(self, family: Family, view: Histogram, counts: FlowCounts) -> None:
        groups = grouped(view, counts)
        bounds = counts.flow.bounds
        whole = histogram_series(family.name, groups.labels, bounds)
        self._kept = _kept_rows(bounds, view.shown, len(groups.labels)) if view.shown else None
        self.series = whole if self._kept is None else tuple(whole[row] for row in self._kept.tolist())
        self._length = len(whole)
        self._groups = groups
        self._buckets = counts.buckets
        means = np.array([bucket_means(name, counts.flow.bounds) for name in counts.spreads])
        self._means = np.ascontiguousarray(means[counts.spread_of_row])

    def read(self, counts: Counts) -> Floats:
        out = np.empty((self._length, counts.shape[1]))
        _fill_histograms(counts, self._groups.first, self._groups.rows, self._buckets, self._means, out)
        return out if self._kept is None else out[self._kept]


class SizesReader:
    """A histogram of sizes, which are the same at all times: each bucket is a fixed part of the count."""

    def __init__(self, family: Family, view: Sizes, counts: FlowCounts, world: World) -> None:
        groups = grouped(view, counts)
        self.series = histogram_series(family.name, groups.labels, view.bounds)
        self._groups = groups
        self._buckets = counts.buckets
        # sizes are whole numbers: what rounds to 0 is in a bucket that ends there
        shown = np.array([bound or 0.5 for bound in view.bounds])
        shares = [*lognormal_shares(shown, float(view.median), view.sigma).tolist(), 1.0]
        self._ratios = np.array([low / high for low, high in pairwise(shares)])
        edges = (view.bounds[0] / 4.0, *view.bounds, view.bounds[-1] * 4.0)
        self._means = np.array(
            [math.floor(math.sqrt((a or min(b, 1.0)) * b)) for a, b in pairwise(edges)], dtype=np.int64
        )
        names = [
            "\x1f".join(f"{of}={value}" for of, value in sorted((view.by[name], value) for name, value in labels))
            for labels in groups.labels
        ]
        self._keys = keys(world.seed, "sizes", family.key_name, each=names)

    def read(self, counts: Counts) -> Floats:
        out = np.empty((len(self.series), counts.shape[1]))
        groups = self._groups
        _fill_sizes(counts, groups.first, groups.rows, self._buckets, self._ratios, self._means, self._keys, out)
        return out


class ScoresReader:
    """A histogram of numbers that events carried: the flow's rows are sorted into buckets by theirs."""

    def __init__(self, family: Family, view: Scores, counts: FlowCounts) -> None:
        groups = grouped(view, counts)
        self.series = histogram_series(family.name, groups.labels, view.bounds)
        self._groups = groups
        self._buckets = counts.buckets
        self._values = np.array([float(labels[view.value]) for labels in counts.labels])
        self._bucket_of_row = np.searchsorted(np.array(view.bounds), self._values)
        self._bounds = len(view.bounds)

    def read(self, counts: Counts) -> Floats:
        out = np.zeros((len(self.series), counts.shape[1]))
        events = counts.reshape(-1, self._buckets, counts.shape[1]).sum(axis=1)
        for group, (first, last) in enumerate(pairwise(self._groups.first.tolist())):
            mine = out[group * (self._bounds + 3) : (group + 1) * (self._bounds + 3)]
            for row in self._groups.rows[first:last].tolist():
                mine[self._bucket_of_row[row] : self._bounds + 1] += events[row]
                mine[self._bounds + 1] += events[row] * self._values[row]
            mine[self._bounds + 2] = mine[self._bounds]
        return out


class LevelReader:
    """A gauge: a signal at the instants, times each series' factor, with a jitter of its own."""

    def __init__(self, family: Family, view: Level, instance: str, world: World) -> None:
        found = [
            (labels_of({name: value for name, value in labels.items() if not name.startswith("_")}), factor)
            for labels, factor in rows(view.dimensions, world.profile.platform.extent)
        ]
        self.series = tuple(
            Series(family.name, labels_of({view.shown.get(n, n): value for n, value in labels if view.shown.get(n, n)}))
            for labels, _ in found
        )
        self._view = view
        self._factors = np.array([factor * view.scale for _, factor in found])
        names = ["\x1f".join(f"{name}={value}" for name, value in labels) for labels, _ in found]
        self._keys = keys(world.seed, "jitter", family.job, instance, family.key_name, each=names)

    @property
    def refresh_ms(self) -> int:
        """How often the platform computes what a scrape shows; 0: at each scrape."""
        return self._view.refresh_ms

    def read(self, moment: Moment) -> Floats:
        view = self._view
        out = np.empty((len(self.series), len(moment)))
        values = moment[view.signal]
        _fill_levels(
            values,
            moment.grid_ms,
            self._factors,
            self._keys,
            view.noise,
            float(view.low),
            float(view.high),
            view.whole,
            out,
        )
        return out


Reader = CountReader | HistogramReader | SizesReader | ScoresReader | LevelReader


def histogram_series(name: str, labels: tuple[Labels, ...], bounds: tuple[float, ...]) -> tuple[Series, ...]:
    """The series of histograms in exposition order: buckets by rising `le`, then sum, then count."""
    edges = [*(format_bound(bound) for bound in bounds), "+Inf"]
    return tuple(
        series
        for one in labels
        for series in (
            *(Series(f"{name}_bucket", labels_of({**dict(one), "le": edge})) for edge in edges),
            Series(f"{name}_sum", one),
            Series(f"{name}_count", one),
        )
    )


def _kept_rows(bounds: tuple[float, ...], shown: tuple[float, ...], groups: int) -> NDArray[np.int64]:
    """The rows of whole histograms that remain where only some of their bounds are exposed."""
    size = len(bounds) + 3  # +Inf, sum and count come after the bounds
    inside = [place for place in range(size) if place >= len(bounds) or bounds[place] in shown]
    return (np.arange(groups, dtype=np.int64)[:, None] * size + np.array(inside, dtype=np.int64)).ravel()


def format_bound(bound: float) -> str:
    """An `le` as prom-client and Go write it: 0.005, 1, 2.5, 10000."""
    return str(int(bound)) if bound == int(bound) else repr(bound)


@kernel
def _sum_rows(
    counts: Counts,
    first: NDArray[np.int64],
    rows: NDArray[np.int64],
    buckets: int,
    first_bucket: int,
    unit: float,
    out: Floats,
) -> None:
    times = counts.shape[1]
    total = np.zeros(times, dtype=np.int64)
    for group in range(len(first) - 1):
        for at in range(times):
            total[at] = 0
        for place in range(first[group], first[group + 1]):
            for leaf in range(rows[place] * buckets + first_bucket, (rows[place] + 1) * buckets):
                for at in range(times):
                    total[at] += counts[leaf, at]
        for at in range(times):
            out[group, at] = total[at] * unit


@kernel
def _sum_values(
    counts: Counts, first: NDArray[np.int64], rows: NDArray[np.int64], buckets: int, values: Floats, out: Floats
) -> None:
    for group in range(len(first) - 1):
        for at in range(counts.shape[1]):
            total = 0.0
            for place in range(first[group], first[group + 1]):
                events = 0
                for leaf in range(rows[place] * buckets, (rows[place] + 1) * buckets):
                    events += counts[leaf, at]
                total += events * values[rows[place]]
            out[group, at] = total


@kernel
def _fill_histograms(
    counts: Counts, first: NDArray[np.int64], rows: NDArray[np.int64], buckets: int, means: Floats, out: Floats
) -> None:
    times = counts.shape[1]
    running = np.zeros(times, dtype=np.int64)
    alike = np.zeros(times, dtype=np.int64)
    for group in range(len(first) - 1):
        base = group * (buckets + 2)
        total = out[base + buckets]
        for at in range(times):
            total[at] = 0.0
            running[at] = 0
        for bucket in range(buckets):
            # rows of one mean are multiplied together, so that an event which moves between them changes no bit
            mean = means[rows[first[group]], bucket]
            for at in range(times):
                alike[at] = 0
            for place in range(first[group], first[group + 1]):
                leaf = rows[place] * buckets + bucket
                if means[rows[place], bucket] != mean:
                    for at in range(times):
                        total[at] += alike[at] * mean
                        alike[at] = 0
                    mean = means[rows[place], bucket]
                for at in range(times):
                    running[at] += counts[leaf, at]
                    alike[at] += counts[leaf, at]
            for at in range(times):
                total[at] += alike[at] * mean
                out[base + bucket, at] = running[at]
        for at in range(times):
            out[base + buckets + 1, at] = running[at]


@kernel
def _fill_sizes(
    counts: Counts,
    first: NDArray[np.int64],
    rows: NDArray[np.int64],
    buckets: int,
    ratios: Floats,
    means: Counts,
    stream: NDArray[np.uint64],
    out: Floats,
) -> None:
    times = counts.shape[1]
    bounds = len(ratios)
    running = np.zeros(times, dtype=np.int64)
    for group in range(len(first) - 1):
        base = group * (bounds + 3)
        for at in range(times):
            running[at] = 0
        for place in range(first[group], first[group + 1]):
            for leaf in range(rows[place] * buckets, (rows[place] + 1) * buckets):
                for at in range(times):
                    running[at] += counts[leaf, at]
        for at in range(times):
            out[base + bounds, at] = running[at]
            out[base + bounds + 1, at] = 0.0
            out[base + bounds + 2, at] = running[at]
        for bound in range(bounds - 1, -1, -1):
            phase = uniform(bits(stream[group], np.uint64(bound)))
            ratio = ratios[bound]
            mean = means[bound + 1]
            for at in range(times):
                below = np.int64(math.floor(running[at] * ratio + phase))
                out[base + bounds + 1, at] += (running[at] - below) * mean
                running[at] = below
                out[base + bound, at] = below
        for at in range(times):
            out[base + bounds + 1, at] += running[at] * means[0]


@kernel
def _fill_levels(
    values: Floats,
    grid_ms: Times,
    factors: Floats,
    stream: NDArray[np.uint64],
    noise: float,
    low: float,
    high: float,
    whole: bool,
    out: Floats,
) -> None:
    for series in range(len(factors)):
        for at in range(len(values)):
            out[series, at] = 0.0
        if noise > 0.0:
            for octave, size in _JITTER_OCTAVES:
                period = CELL_MS << octave
                tag = np.uint64(octave) << np.uint64(48)
                known = -1
                before = 0.0
                after = 0.0
                for at in range(len(values)):
                    knot = grid_ms[at] // period
                    if knot != known:
                        before = normal(bits(stream[series], tag | np.uint64(knot)))
                        after = normal(bits(stream[series], tag | np.uint64(knot + 1)))
                        known = knot
                    part = (grid_ms[at] - knot * period) / period
                    out[series, at] += size * (before + (after - before) * part)
        for at in range(len(values)):
            x = values[at] * factors[series] * (1.0 + noise * out[series, at])
            x = min(max(x, low), high)
            out[series, at] = math.floor(x + 0.5) if whole else x
