"""Counts at any instant: one draw per leaf and day, split into hours, cells and instants by a fixed tree.

A leaf is one kind of event that nothing splits further (requests of one route with one code in one latency bucket).
Leaves are independent, so their sums agree with each other by construction: what Poisson processes add up to is a
Poisson process again. The tree of one leaf:

    day      total ~ Poisson(expected events of the day)
    ├─ hour  binomial splits along a heap of 32, weighted by the hours' expectations
    ├─ cell  (60 s) binomial splits along a heap of 64, weighted by the cells' expectations
    └─ instant: halves of the cell down to 1.875 s, evenly spread inside

Each split is one draw at an index made of the node's place, so a count at an instant costs one path of the tree plus
the totals of the days before, and is the same whatever else is asked for: any step, any shard, any order.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import inlined, kernel
from simulator.model.draws import bits, share, total, uniform
from simulator.model.grid import CELL_MS, CELLS_PER_HOUR, HOURS_PER_DAY, Times
from simulator.units import HOUR

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]

_HOUR_HEAP: Final = 32
_CELL_HEAP: Final = 64
HALVINGS: Final = 5  # 60 s to 1.875 s

# What an index is for, in its top bits; the rest is the place in time and the node.
_DAY_TOTAL = np.uint64(1 << 60)
_HOUR_SPLIT = np.uint64(2 << 60)
_CELL_SPLIT = np.uint64(3 << 60)
INSTANT = np.uint64(4 << 60)
NODE_BITS = np.uint64(7)


@dataclass(frozen=True)
class Leaves:
    """Kinds of events. Leaf `i` expects `factors[i] × shape shapes[i]`; `dispersion` is as in `draws.share`."""

    keys: NDArray[np.uint64]
    factors: Floats
    shapes: NDArray[np.int64]
    dispersion: Floats

    def __len__(self) -> int:
        return len(self.keys)


class Shapes(Protocol):
    """How intensities move in time, without faults: rows of expectations that leaves share."""

    def per_hour(self, first_hour: int, hours: int) -> Floats:
        """Expected events in each hour, shape (S, hours), for a leaf of factor 1."""
        ...

    def per_cell(self, first_cell: int, cells: int) -> Floats:
        """Weights of the cells of whole hours, shape (S, cells); only their proportions within an hour count."""
        ...


class CountTree:
    """Counts of all leaves from the start of `origin_day` on (a day of grid time)."""

    def __init__(self, leaves: Leaves, shapes: Shapes, origin_day: int) -> None:
        self.leaves = leaves
        self._shapes = shapes
        self._origin = origin_day
        self._before = np.zeros((len(leaves), 1), dtype=np.int64)  # events before each day, grown when asked for
        self._hours: tuple[int, Counts] | None = None  # the last day's cumulative hours

    def at(self, grid_ms: Times) -> Counts:
        """Events of every leaf before each instant, shape (L, T). Instants rise, and none is before the origin."""
        out = np.empty((len(self.leaves), len(grid_ms)), dtype=np.int64)
        hours = grid_ms // HOUR
        first = 0
        while first < len(grid_ms):
            hour = int(hours[first])
            last = int(np.searchsorted(hours, hour, side="right"))
            out[:, first:last] = self._within_hour(hour, grid_ms[first:last] - hour * HOUR)
            first = last
        return out

    def _within_hour(self, hour: int, offsets: Times) -> Counts:
        day, hour_of_day = divmod(hour, HOURS_PER_DAY)
        if day < self._origin:
            raise ValueError(f"grid day {day} is before the origin, day {self._origin}")
        cumulative = self._cumulative_hours(day)
        weights = self._shapes.per_cell(hour * CELLS_PER_HOUR, CELLS_PER_HOUR)
        leaves = self.leaves
        out = np.empty((len(leaves), len(offsets)), dtype=np.int64)
        _count_within_hour(
            leaves.keys,
            leaves.shapes,
            leaves.dispersion,
            cumulative[:, hour_of_day].copy(),
            cumulative[:, hour_of_day + 1].copy(),
            _chances(weights, _CELL_HEAP),
            hour,
            offsets // CELL_MS,
            offsets % CELL_MS,
            out,
        )
        return out

    def _cumulative_hours(self, day: int) -> Counts:
        """Events before each hour of a day, and before its end, shape (L, 25)."""
        if self._hours is None or self._hours[0] != day:
            self._grow(day)
            at = day - self._origin
            leaves = self.leaves
            weights = self._shapes.per_hour(day * HOURS_PER_DAY, HOURS_PER_DAY)
            out = np.empty((len(leaves), HOURS_PER_DAY + 1), dtype=np.int64)
            _split_day(
                leaves.keys,
                leaves.shapes,
                leaves.dispersion,
                self._before[:, at].copy(),
                self._before[:, at + 1].copy(),
                _chances(weights, _HOUR_HEAP),
                day,
                out,
            )
            self._hours = (day, out)
        return self._hours[1]

    def _grow(self, day: int) -> None:
        """Draw the totals of the days up to and including `day`."""
        known = self._before.shape[1] - 1
        missing = day - self._origin + 1 - known
        if missing <= 0:
            return
        first = self._origin + known
        hourly = self._shapes.per_hour(first * HOURS_PER_DAY, missing * HOURS_PER_DAY)
        daily = np.ascontiguousarray(hourly.reshape(len(hourly), missing, HOURS_PER_DAY).cumsum(axis=2)[:, :, -1])
        leaves = self.leaves
        more = np.empty((len(leaves), missing), dtype=np.int64)
        _draw_days(leaves.keys, leaves.factors, leaves.shapes, leaves.dispersion, daily, first, more)
        more[:, 0] += self._before[:, -1]
        self._before = np.concatenate((self._before, more.cumsum(axis=1)), axis=1)


@kernel
def _chances(weights: Floats, heap: int) -> Floats:
    """For each row of weights, the chance at each heap node that an event falls to the left child."""
    rows, leaves = weights.shape
    out = np.zeros((rows, heap))
    sums = np.zeros(2 * heap)
    for row in range(rows):
        expected = 0.0
        for leaf in range(leaves):
            expected += weights[row, leaf]
        for leaf in range(heap):
            if leaf >= leaves:
                sums[heap + leaf] = 0.0
            else:  # where nothing is expected, any event there is falls anywhere
                sums[heap + leaf] = weights[row, leaf] if expected > 0.0 else 1.0
        for node in range(heap - 1, 0, -1):
            sums[node] = sums[2 * node] + sums[2 * node + 1]
            if sums[node] > 0.0:
                out[row, node] = sums[2 * node] / sums[node]
    return out


@kernel
def _draw_days(
    keys: NDArray[np.uint64],
    factors: Floats,
    shapes: NDArray[np.int64],
    dispersion: Floats,
    daily: Floats,
    first_day: int,
    out: Counts,
) -> None:
    for leaf in range(len(keys)):
        for day in range(out.shape[1]):
            mean = factors[leaf] * daily[shapes[leaf], day]
            index = _DAY_TOTAL | np.uint64(first_day + day)
            out[leaf, day] = total(mean, dispersion[leaf], bits(keys[leaf], index))


@inlined
def _descend(heap: Counts, chances: Floats, key: np.uint64, base: np.uint64, dispersion: float) -> None:
    """Split `heap[1]` down to the leaves of the heap."""
    for node in range(1, len(chances)):
        n = heap[node]
        left = 0
        if n > 0:
            left = share(n, chances[node], dispersion, bits(key, base | np.uint64(node)))
        heap[2 * node] = left
        heap[2 * node + 1] = n - left


@kernel
def _split_day(
    keys: NDArray[np.uint64],
    shapes: NDArray[np.int64],
    dispersion: Floats,
    before: Counts,
    after: Counts,
    chances: Floats,
    day: int,
    out: Counts,
) -> None:
    size = chances.shape[1]
    heap = np.zeros(2 * size, dtype=np.int64)
    base = _HOUR_SPLIT | (np.uint64(day) << NODE_BITS)
    for leaf in range(len(keys)):
        heap[1] = after[leaf] - before[leaf]
        _descend(heap, chances[shapes[leaf]], keys[leaf], base, dispersion[leaf])
        seen = before[leaf]
        for hour in range(out.shape[1]):
            out[leaf, hour] = seen
            seen += heap[size + hour]


@inlined
def _popcount(x: np.uint64) -> int:
    x -= (x >> np.uint64(1)) & np.uint64(0x5555555555555555)
    x = (x & np.uint64(0x3333333333333333)) + ((x >> np.uint64(2)) & np.uint64(0x3333333333333333))
    x = (x + (x >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return int(np.int64((x * np.uint64(0x0101010101010101)) >> np.uint64(56)))


@inlined
def half(n: int, dispersion: float, random: np.uint64) -> int:
    """A binomial count of `n` coins: bits of `random` themselves up to 64."""
    if dispersion == 1.0 and n <= 64:
        return _popcount(random >> np.uint64(64 - n)) if n > 0 else 0
    return share(n, 0.5, dispersion, random)


@inlined
def count_within_cell(key: np.uint64, cell: int, n: int, offset: int, dispersion: float) -> int:
    """How many of a cell's `n` events lie in its first `offset` milliseconds (below 60,000)."""
    if n <= 0 or offset <= 0:
        return 0
    if dispersion == 0.0:
        return math.floor(float(n) * float(offset) / 60000.0)
    base = INSTANT | (np.uint64(cell) << NODE_BITS)
    low = 0
    width = 60000
    node = 1
    before = 0
    for _ in range(HALVINGS):
        if n == 0 or offset == low:
            return before
        width //= 2
        left = half(n, dispersion, bits(key, base | np.uint64(node)))
        if offset < low + width:
            n = left
            node = 2 * node
        else:
            before += left
            n -= left
            low += width
            node = 2 * node + 1
    if n == 0:
        return before
    phase = int(uniform(bits(key, base | np.uint64(node))) * width)
    return before + (n * (offset - low) + phase) // width


@kernel
def _count_within_hour(
    keys: NDArray[np.uint64],
    shapes: NDArray[np.int64],
    dispersion: Floats,
    before: Counts,
    after: Counts,
    chances: Floats,
    hour: int,
    cells: NDArray[np.int64],
    offsets: NDArray[np.int64],
    out: Counts,
) -> None:
    size = chances.shape[1]
    heap = np.zeros(2 * size, dtype=np.int64)
    base = _CELL_SPLIT | (np.uint64(hour) << NODE_BITS)
    first_cell = hour * CELLS_PER_HOUR
    for leaf in range(len(keys)):
        seen = before[leaf]
        n = after[leaf] - seen
        if n == 0:
            for instant in range(len(cells)):
                out[leaf, instant] = seen
            continue
        heap[1] = n
        key = keys[leaf]
        _descend(heap, chances[shapes[leaf]], key, base, dispersion[leaf])
        cell = 0
        for instant in range(len(cells)):
            while cell < cells[instant]:
                seen += heap[size + cell]
                cell += 1
            inside = count_within_cell(key, first_cell + cell, heap[size + cell], offsets[instant], dispersion[leaf])
            out[leaf, instant] = seen + inside
