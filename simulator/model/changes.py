"""What faults do to counts: events are kept or lost, added, turned into failures, moved to higher or lower buckets.

A fault never redraws what would have happened without it. It acts on the undisturbed counts of `CountTree`, segment by
segment: spans of at most one cell in which something is different. In each segment, every flow goes through

    keep     each event survives with a chance (an outage, less traffic)
    add      events that would not have been there (a spike, deadlocks)
    fail     a share of the successes becomes failures: moved to another row, same bucket
    rise     a share of each bucket moves one bucket up, from the lowest to the highest (`rise_chances`)
    fall     a share of each bucket moves one bucket down, from the highest to the lowest (`fall_chances`)

so totals stay what they were unless events are lost or added, bit by bit, and nothing outside the segments changes.
Within a segment, counts at an instant are nested sub-processes of the undisturbed ones (`draws.nested`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import inlined, kernel
from simulator.model.counts import Counts, CountTree, Floats, Leaves
from simulator.model.draws import bits, nested, share, total
from simulator.model.grid import HOURS_PER_DAY, Times
from simulator.units import HOUR

_STEP_BITS = np.uint64(4)
_CHANGE = np.uint64(5 << 60)
_KEEP, _ADD, _RISE, _FAIL, _FALL = (np.uint64(n) for n in (0, 1, 2, 3, 15))  # failures of kind e: step _FAIL + e


@dataclass(frozen=True)
class Flows:
    """How leaves belong together. A flow has rows (outcomes) of `buckets` leaves each, one after the other.

    `first_row[f]` to `first_row[f + 1]` are the rows of flow f; leaf = row × buckets + bucket. `fails[row]` marks the
    rows whose events can become failures; failures of kind e in flow f go to row `failure_row[f, e]` (-1: nowhere).
    """

    buckets: int
    first_row: NDArray[np.int64]
    fails: NDArray[np.bool_]
    failure_row: NDArray[np.int64]

    @classmethod
    def single(cls, leaves: int) -> Flows:
        """Every leaf a flow of its own: events that are only kept, lost or added."""
        return cls(
            buckets=1,
            first_row=np.arange(leaves + 1, dtype=np.int64),
            fails=np.zeros(leaves, dtype=np.bool_),
            failure_row=np.zeros((leaves, 0), dtype=np.int64),
        )


@dataclass(frozen=True)
class Change:
    """What is different in each of S segments, for F flows, R rows, B buckets, L leaves, E kinds of failure."""

    keep: Floats  # (S, F), 1: all
    add: Floats  # (S, L) expected further events over the segment, 0: none
    fail: Floats  # (S, F, E) chance of a success to become a failure of kind e
    rise: Floats  # (S, R, B - 1) chance to move up across a bucket's upper bound
    fall: Floats  # (S, R, B - 1) chance to move down across it, from the bucket above

    @property
    def is_none(self) -> bool:
        """Whether nothing is different at all."""
        moves = self.fail.any() or self.rise.any() or self.fall.any()
        return not ((self.keep < 1).any() or self.add.any() or moves)


class Effects(Protocol):
    """When something is different, and what."""

    def segments(self, start: int, end: int) -> Times:
        """Segments that begin in `[start, end)` of grid time: (S, 2) starts and ends, rising, none across a cell."""
        ...

    def change(self, segments: Times) -> Change:
        """What is different in these segments."""
        ...


def rise_chances(base: Floats, shifted: Floats) -> Floats:
    """Chances `rise` that turn shares of buckets into others: from `base` to `shifted` along the last axis.

    Both are cumulative shares by bucket, the last being 1. Only what moves up is moved: where `shifted` is above
    `base`, nothing happens.
    """
    crossing = np.maximum(base - shifted, 0.0)[..., :-1]
    inside = np.diff(base, axis=-1, prepend=0.0)[..., :-1]
    pool = inside + np.concatenate((np.zeros_like(crossing[..., :1]), crossing[..., :-1]), axis=-1)
    chances: Floats = np.minimum(np.divide(crossing, pool, out=np.zeros_like(pool), where=pool > 0), 1.0)
    return chances


def fall_chances(base: Floats, shifted: Floats) -> Floats:
    """Chances `fall` that do the rest, once all have risen that are to: where `shifted` is above `base`."""
    crossing = np.maximum(shifted - base, 0.0)[..., :-1]
    inside = np.diff(np.minimum(base, shifted), axis=-1)  # of each bucket but the lowest
    pool = inside + np.concatenate((crossing[..., 1:], np.zeros_like(crossing[..., :1])), axis=-1)
    chances: Floats = np.minimum(np.divide(crossing, pool, out=np.zeros_like(pool), where=pool > 0), 1.0)
    return chances


class ChangedCounts:
    """Counts at any instant with the effects of faults: the undisturbed tree, and what differs in the segments."""

    def __init__(self, tree: CountTree, leaves: Leaves, flows: Flows, effects: Effects, first: int) -> None:
        """`first` is a grid time before which nothing is different."""
        self.tree = tree
        self._leaves = leaves
        self.flows = flows
        self.effects = effects
        self._first_hour = first // HOUR
        # difference to the undisturbed counts at the start of some hours: of each day that was passed, and the last
        self._marks = {self._first_hour: np.zeros(len(leaves), dtype=np.int64)}

    def at(self, grid_ms: Times) -> Counts:
        """Events of every leaf before each instant, shape (L, T); instants rise."""
        out = self.tree.at(grid_ms)
        hours = grid_ms // HOUR
        first = int(np.searchsorted(hours, self._first_hour))
        while first < len(grid_ms):
            hour = int(hours[first])
            last = int(np.searchsorted(hours, hour, side="right"))
            base = np.ascontiguousarray(out[:, first:last])
            difference, end = self._run(hour, hour + 1, self._mark(hour), grid_ms[first:last], base)
            out[:, first:last] += difference
            self._remember(hour + 1, end)
            first = last
        return out

    def _mark(self, hour: int) -> Counts:
        """The difference at the start of an hour: from the last one known, in steps of whole days where possible."""
        at = max(known for known in self._marks if known <= hour)
        nothing = np.empty(0, dtype=np.int64)
        while at < hour:
            step = min(hour, (at // HOURS_PER_DAY + 1) * HOURS_PER_DAY)
            carry = self._marks[at]
            carry = self._run(at, step, carry, nothing, np.empty((len(carry), 0), dtype=np.int64))[1]
            at = step
            self._remember(at, carry)
        return self._marks[hour]

    def _remember(self, hour: int, carry: Counts) -> None:
        stale = [known for known in self._marks if known % HOURS_PER_DAY and known != self._first_hour]
        for known in stale[:-1]:
            del self._marks[known]
        self._marks[hour] = carry

    def _run(
        self, first_hour: int, last_hour: int, carry: Counts, grid_ms: Times, base: Counts
    ) -> tuple[Counts, Counts]:
        """The difference at instants of some hours, and at their end; `carry` is that at their start."""
        segments = self.effects.segments(first_hour * HOUR, last_hour * HOUR)
        change = self.effects.change(segments) if len(segments) else None
        if change is None or change.is_none:
            return np.repeat(carry[:, None], len(grid_ms), axis=1), carry
        edges, places = np.unique(segments, return_inverse=True)
        at_edges = self.tree.at(edges)
        places = places.reshape(segments.shape)
        difference = np.empty((len(carry), len(grid_ms)), dtype=np.int64)
        end = carry.copy()
        _change(
            self._leaves.keys,
            self._leaves.dispersion,
            self.flows.buckets,
            self.flows.first_row,
            self.flows.fails,
            self.flows.failure_row,
            segments,
            at_edges,
            places,
            change.keep,
            change.add,
            change.fail,
            change.rise,
            change.fall,
            grid_ms,
            base,
            end,
            difference,
        )
        return difference, end


@inlined
def _index(start: int, step: np.uint64) -> np.uint64:
    return _CHANGE | (np.uint64(start) << _STEP_BITS) | step


@inlined
def added(key: np.uint64, start: int, mean: float, dispersion: float) -> int:
    """How many events a leaf has more over the segment that begins at `start`; they are spread evenly over it."""
    return total(mean, dispersion, bits(key, _index(start, _ADD)))


@inlined
def _climb(
    keys: NDArray[np.uint64],
    dispersion: Floats,
    buckets: int,
    row: int,
    start: int,
    rise: Floats,
    whole: Counts,
    part: Counts,
) -> None:
    """Move events of one row up, from the lowest bucket to the highest."""
    moving = 0
    moving_part = 0
    for bucket in range(buckets - 1):
        leaf = row * buckets + bucket
        n = whole[leaf] + moving
        m = part[leaf] + moving_part
        moving = 0
        moving_part = 0
        if n > 0 and rise[row, bucket] > 0.0:
            random = bits(keys[leaf], _index(start, _RISE))
            moving = share(n, rise[row, bucket], dispersion[leaf], random)
            moving_part = nested(m, n, moving, random)
        whole[leaf] = n - moving
        part[leaf] = m - moving_part
    whole[row * buckets + buckets - 1] += moving
    part[row * buckets + buckets - 1] += moving_part


@inlined
def _sink(
    keys: NDArray[np.uint64],
    dispersion: Floats,
    buckets: int,
    row: int,
    start: int,
    fall: Floats,
    whole: Counts,
    part: Counts,
) -> None:
    """Move events of one row down, from the highest bucket to the lowest."""
    moving = 0
    moving_part = 0
    for bucket in range(buckets - 1, 0, -1):
        leaf = row * buckets + bucket
        n = whole[leaf] + moving
        m = part[leaf] + moving_part
        moving = 0
        moving_part = 0
        if n > 0 and fall[row, bucket - 1] > 0.0:
            random = bits(keys[leaf], _index(start, _FALL))
            moving = share(n, fall[row, bucket - 1], dispersion[leaf], random)
            moving_part = nested(m, n, moving, random)
        whole[leaf] = n - moving
        part[leaf] = m - moving_part
    whole[row * buckets] += moving
    part[row * buckets] += moving_part


@inlined
def pass_flow(
    keys: NDArray[np.uint64],
    dispersion: Floats,
    buckets: int,
    first_row: int,
    last_row: int,
    fails: NDArray[np.bool_],
    failure_row: NDArray[np.int64],
    start: int,
    length: int,
    keep: float,
    add: Floats,
    fail: Floats,
    rise: Floats,
    fall: Floats,
    since: int,
    whole: Counts,
    part: Counts,
) -> None:
    """Change one flow over one segment in place: `whole`, its counts over all of it, and `part`, over `since` ms."""
    for leaf in range(first_row * buckets, last_row * buckets):
        n = whole[leaf]
        m = part[leaf]
        if n > 0 and keep < 1.0:
            random = bits(keys[leaf], _index(start, _KEEP))
            kept = share(n, keep, dispersion[leaf], random)
            m = nested(m, n, kept, random)
            n = kept
        if add[leaf] > 0.0:
            more = added(keys[leaf], start, add[leaf], dispersion[leaf])
            m += (more * since) // length
            n += more
        whole[leaf] = n
        part[leaf] = m
    for kind in range(failure_row.shape[0]):
        target = failure_row[kind]
        if target < 0 or fail[kind] <= 0.0:
            continue
        for row in range(first_row, last_row):
            if not fails[row]:
                continue
            for bucket in range(buckets):
                leaf = row * buckets + bucket
                n = whole[leaf]
                if n <= 0:
                    continue
                random = bits(keys[leaf], _index(start, _FAIL + np.uint64(kind)))
                moved = share(n, fail[kind], dispersion[leaf], random)
                if moved <= 0:
                    continue
                moved_part = nested(part[leaf], n, moved, random)
                whole[leaf] -= moved
                part[leaf] -= moved_part
                whole[target * buckets + bucket] += moved
                part[target * buckets + bucket] += moved_part
    for row in range(first_row, last_row):
        _climb(keys, dispersion, buckets, row, start, rise, whole, part)
        _sink(keys, dispersion, buckets, row, start, fall, whole, part)


@kernel
def _change(
    keys: NDArray[np.uint64],
    dispersion: Floats,
    buckets: int,
    first_row: NDArray[np.int64],
    fails: NDArray[np.bool_],
    failure_row: NDArray[np.int64],
    segments: Times,
    at_edges: Counts,
    places: NDArray[np.int64],
    keep: Floats,
    add: Floats,
    fail: Floats,
    rise: Floats,
    fall: Floats,
    instants: Times,
    base: Counts,
    carry: Counts,
    difference: Counts,
) -> None:
    """Difference to the undisturbed counts at each instant; `carry` is that before the segments, then after them."""
    leaves = len(keys)
    whole = np.zeros(leaves, dtype=np.int64)
    part = np.zeros(leaves, dtype=np.int64)
    instant = 0
    for s in range(len(segments)):
        start, end = segments[s, 0], segments[s, 1]
        low, high = places[s, 0], places[s, 1]
        while instant < len(instants) and instants[instant] <= start:
            for leaf in range(leaves):
                difference[leaf, instant] = carry[leaf]
            instant += 1
        while True:
            inside = instant < len(instants) and instants[instant] < end
            for leaf in range(leaves):
                whole[leaf] = at_edges[leaf, high] - at_edges[leaf, low]
                part[leaf] = base[leaf, instant] - at_edges[leaf, low] if inside else 0
            since = instants[instant] - start if inside else 0
            for flow in range(len(first_row) - 1):
                pass_flow(
                    keys,
                    dispersion,
                    buckets,
                    first_row[flow],
                    first_row[flow + 1],
                    fails,
                    failure_row[flow],
                    start,
                    end - start,
                    keep[s, flow],
                    add[s],
                    fail[s, flow],
                    rise[s],
                    fall[s],
                    since,
                    whole,
                    part,
                )
            if inside:
                for leaf in range(leaves):
                    difference[leaf, instant] = carry[leaf] + part[leaf] - (base[leaf, instant] - at_edges[leaf, low])
                instant += 1
            else:
                for leaf in range(leaves):
                    carry[leaf] += whole[leaf] - (at_edges[leaf, high] - at_edges[leaf, low])
                break
    while instant < len(instants):
        for leaf in range(leaves):
            difference[leaf, instant] = carry[leaf]
        instant += 1
