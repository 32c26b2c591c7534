"""The prototype of the model: three counters (one with buckets) and a queue, under a fault placed at will."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from simulator.model.changes import Change, ChangedCounts, Flows, fall_chances, rise_chances
from simulator.model.counts import CountTree, Leaves
from simulator.model.grid import CELL_MS
from simulator.model.keys import keys
from simulator.units import DAY, HOUR

ORIGIN_DAY = 20_000
ORIGIN = ORIGIN_DAY * DAY
BUCKETS = 3
OK, FAILED = slice(0, 3), slice(3, 6)  # requests by latency bucket: successes, failures
MISSES, BYTES = 6, 7  # a plain counter, an amount in lumps
NAMES = ("ok-0", "ok-1", "ok-2", "failed-0", "failed-1", "failed-2", "misses", "bytes")
BASE_SHARES = np.array([0.6, 0.3, 0.1])


class Waves:
    """Two shapes: one swings over the day, one is flat."""

    def per_hour(self, first_hour: int, hours: int) -> np.ndarray:
        return self._rates((first_hour + np.arange(hours) + 0.5) * HOUR) * 3600

    def per_cell(self, first_cell: int, cells: int) -> np.ndarray:
        return self._rates((first_cell + np.arange(cells) + 0.5) * CELL_MS) * 60

    def _rates(self, at: np.ndarray) -> np.ndarray:
        return np.stack([1 + 0.8 * np.sin(at * (2 * np.pi / DAY)), np.ones(len(at))])


def leaves(seed: int = 1, only: np.ndarray | slice = slice(None)) -> Leaves:
    factors = np.concatenate((2.0 * BASE_SHARES, 0.01 * BASE_SHARES, [0.3, 9000.0]))
    dispersion = np.array([1.0] * 7 + [800.0])
    shapes = np.array([0] * 6 + [1, 0])
    return Leaves(keys(seed, each=NAMES)[only], factors[only], shapes[only], dispersion[only])


@dataclass(frozen=True)
class Fault:
    """Everything at once from `start` to `end` (grid time): requests lost, added, failing and late."""

    start: int
    end: int
    keep: float = 1.0
    add: float = 0.0  # events per second and leaf
    fail: float = 0.0
    late: tuple[float, ...] = (0.6, 0.9, 1.0)  # cumulative shares while it lasts

    def segments(self, start: int, end: int) -> np.ndarray:
        edges = [at for at in range(-(-self.start // CELL_MS) * CELL_MS, self.end, CELL_MS) if at > self.start]
        edges = [self.start, *edges, self.end]
        pairs = [(one, other) for one, other in pairwise(edges) if start <= one < end]
        return np.array(pairs, dtype=np.int64).reshape(-1, 2)

    def change(self, segments: np.ndarray) -> Change:
        count = len(segments)
        seconds = (segments[:, 1] - segments[:, 0]) / 1000
        moved = np.cumsum(BASE_SHARES), np.array(self.late)
        return Change(
            keep=np.full((count, 1), self.keep),
            add=np.repeat((self.add * seconds)[:, None], 6, axis=1),
            fail=np.full((count, 1, 1), self.fail),
            rise=np.tile(rise_chances(*moved), (count, 2, 1)),
            fall=np.tile(fall_chances(*moved), (count, 2, 1)),
        )


REQUESTS = Flows(
    buckets=BUCKETS,
    first_row=np.array([0, 2]),
    fails=np.array([True, False]),
    failure_row=np.array([[1]]),
)


def undisturbed(seed: int = 1, only: np.ndarray | slice = slice(None)) -> CountTree:
    return CountTree(leaves(seed, only), Waves(), ORIGIN_DAY)


def requests(fault: Fault, seed: int = 1) -> ChangedCounts:
    """The six request leaves under a fault."""
    some = leaves(seed, slice(0, 6))
    return ChangedCounts(CountTree(some, Waves(), ORIGIN_DAY), some, REQUESTS, fault, fault.start)
