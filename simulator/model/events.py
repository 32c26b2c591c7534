"""Single events out of counts: when each happened, to the millisecond.

A count at an instant says how many events of a leaf lie before it, so the count's own steps are the events: an event at
millisecond `e` is one that the count at `e` does not hold and the count at `e + 1` does. Here those steps are found
without asking for every millisecond: by walking the tree of a cell down to its last halves, where the count is a line,
and, inside a fault's segments, by passing the flow through its changes wherever one of its events or additions falls.
So for any interval the events of a leaf are exactly as many as its counter rises by.

An event has 64 random bits of its own, drawn from its leaf and its instant: whatever is told about it (who it was, how
long it took, in a log line as in an error report) is made of them, and is the same whoever asks, for any interval.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import inlined, kernel
from simulator.model.changes import ChangedCounts, added, pass_flow
from simulator.model.counts import HALVINGS, INSTANT, NODE_BITS, Counts, CountTree, Floats, half
from simulator.model.draws import bits, uniform
from simulator.model.grid import CELL_MS, Times

Bits = NDArray[np.uint64]

_EVENT = np.uint64(6 << 60)
_ORDINAL_BITS = np.uint64(8)
_WIDTH: Final = CELL_MS >> HALVINGS


@dataclass(frozen=True)
class Events:
    """Events in the order of time (of their leaves' numbers within a millisecond). `at` is grid time."""

    at: Times
    leaf: NDArray[np.int64]
    random: Bits

    def __len__(self) -> int:
        return len(self.at)


def events_between(counts: CountTree | ChangedCounts, start: int, end: int) -> Events:
    """Every event in `[start, end)` of grid time. Raises ValueError before the counts' origin."""
    tree = counts.tree if isinstance(counts, ChangedCounts) else counts
    keys = tree.leaves.keys
    if end <= start:
        return Events(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.uint64))
    first, last = start // CELL_MS, -(-end // CELL_MS)
    edges = np.arange(first, last + 1, dtype=np.int64) * CELL_MS
    leaf, at = _expand(keys, np.diff(tree.at(edges), axis=1), first)
    if isinstance(counts, ChangedCounts):
        leaf, at = _changed(counts, leaf, at, first * CELL_MS, last * CELL_MS)
    inside = (at >= start) & (at < end)
    leaf, at = leaf[inside], at[inside]
    order = np.argsort((at - start) * len(keys) + leaf, kind="stable")
    leaf, at = leaf[order], at[order]
    return Events(at, leaf, _random(keys, leaf, at))


def _changed(
    counts: ChangedCounts, leaf: NDArray[np.int64], at: Times, start: int, end: int
) -> tuple[NDArray[np.int64], Times]:
    """What becomes of undisturbed events (of whole cells) under the effects of faults."""
    segments = counts.effects.segments(start, end)
    if not len(segments):
        return leaf, at
    change = counts.effects.change(segments)
    if change.is_none:
        return leaf, at
    flows = counts.flows
    rows = leaf // flows.buckets
    flow = np.searchsorted(flows.first_row, rows, side="right") - 1
    order = np.lexsort((leaf, at, flow))
    edges, places = np.unique(segments, return_inverse=True)
    return _change_events(
        counts.tree.leaves.keys,
        counts.tree.leaves.dispersion,
        flows.buckets,
        flows.first_row,
        flows.fails,
        flows.failure_row,
        segments,
        counts.tree.at(edges),
        places.reshape(segments.shape),
        change.keep,
        change.add,
        change.fail,
        change.rise,
        change.fall,
        flow[order],
        leaf[order],
        at[order],
    )


@kernel
def _expand(keys: Bits, counts: Counts, first_cell: int) -> tuple[NDArray[np.int64], Times]:
    """Leaf and instant of every event of some cells; `counts[leaf, cell]` is how many there are."""
    leaves = np.empty(counts.sum(), dtype=np.int64)
    instants = np.empty(len(leaves), dtype=np.int64)
    heap = np.zeros(2 << HALVINGS, dtype=np.int64)
    found = 0
    for leaf in range(counts.shape[0]):
        key = keys[leaf]
        for cell in range(counts.shape[1]):
            if counts[leaf, cell] == 0:
                continue
            base = INSTANT | (np.uint64(first_cell + cell) << NODE_BITS)
            heap[1] = counts[leaf, cell]
            for node in range(1, 1 << HALVINGS):
                n = heap[node]
                left = half(n, 1.0, bits(key, base | np.uint64(node))) if n > 0 else 0
                heap[2 * node] = left
                heap[2 * node + 1] = n - left
            start = (first_cell + cell) * CELL_MS
            for place in range(1 << HALVINGS):
                node = (1 << HALVINGS) + place
                n = heap[node]
                if n == 0:
                    continue
                phase = int(uniform(bits(key, base | np.uint64(node))) * _WIDTH)
                for number in range(1, n + 1):
                    # the first offset at which (n × offset + phase) // width reaches `number`, less one
                    offset = -((phase - number * _WIDTH) // n)
                    leaves[found] = leaf
                    instants[found] = start + place * _WIDTH + offset - 1
                    found += 1
    return leaves, instants


@kernel
def _random(keys: Bits, leaf: NDArray[np.int64], at: Times) -> Bits:
    """Each event's own bits; events of one leaf in one millisecond are told apart by their number."""
    out = np.empty(len(leaf), dtype=np.uint64)
    number = np.uint64(0)
    for event in range(len(leaf)):
        same = event > 0 and leaf[event] == leaf[event - 1] and at[event] == at[event - 1]
        number = number + np.uint64(1) if same else np.uint64(0)
        out[event] = bits(keys[leaf[event]], _EVENT | (np.uint64(at[event]) << _ORDINAL_BITS) | number)
    return out


@inlined
def _room(array: NDArray[np.int64], used: int, more: int) -> NDArray[np.int64]:
    """The array, or a longer copy where `more` would not fit."""
    if used + more <= len(array):
        return array
    longer = np.empty(2 * (used + more), dtype=np.int64)
    longer[:used] = array[:used]
    return longer


@kernel
def _change_events(
    keys: Bits,
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
    flow_of: NDArray[np.int64],
    leaf_of: NDArray[np.int64],
    instants: Times,
) -> tuple[NDArray[np.int64], Times]:
    """Events after the changes; events come sorted by flow, then time."""
    out_leaf = np.empty(len(leaf_of) + 16, dtype=np.int64)
    out_at = np.empty(len(leaf_of) + 16, dtype=np.int64)
    done = 0
    leaves = len(keys)
    undisturbed = np.zeros(leaves, dtype=np.int64)  # events of this segment so far, before the changes
    whole = np.zeros(leaves, dtype=np.int64)
    part = np.zeros(leaves, dtype=np.int64)
    before = np.zeros(leaves, dtype=np.int64)  # `part` at the last instant looked at
    ticks = np.empty(64, dtype=np.int64)
    event = 0
    for flow in range(len(first_row) - 1):
        low_leaf, high_leaf = first_row[flow] * buckets, first_row[flow + 1] * buckets
        for s in range(len(segments)):
            start, end = segments[s, 0], segments[s, 1]
            first = event
            while first < len(leaf_of) and flow_of[first] == flow and instants[first] < start:
                first += 1
            last = first
            while last < len(leaf_of) and flow_of[last] == flow and instants[last] < end:
                last += 1
            out_leaf = _room(out_leaf, done, last - event)
            out_at = _room(out_at, done, last - event)
            for untouched in range(event, first):
                out_leaf[done], out_at[done] = leaf_of[untouched], instants[untouched]
                done += 1
            event = last

            # where something may happen: at every event of the flow, and at every one that is added
            count = 0
            ticks = _room(ticks, count, last - first)
            for other in range(first, last):
                ticks[count] = instants[other] + 1
                count += 1
            for leaf in range(low_leaf, high_leaf):
                if add[s, leaf] > 0.0:
                    more = added(keys[leaf], start, add[s, leaf], dispersion[leaf])
                    ticks = _room(ticks, count, more)
                    for number in range(1, more + 1):
                        ticks[count] = start - ((-number * (end - start)) // more)
                        count += 1
            if count == 0:
                continue
            ticks[:count].sort()
            for leaf in range(low_leaf, high_leaf):
                undisturbed[leaf] = 0
                before[leaf] = 0
            other = first
            for tick in range(count):
                now = ticks[tick]
                if tick > 0 and now == ticks[tick - 1]:
                    continue
                while other < last and instants[other] < now:
                    undisturbed[leaf_of[other]] += 1
                    other += 1
                for leaf in range(low_leaf, high_leaf):
                    whole[leaf] = at_edges[leaf, places[s, 1]] - at_edges[leaf, places[s, 0]]
                    part[leaf] = undisturbed[leaf]
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
                    now - start,
                    whole,
                    part,
                )
                for leaf in range(low_leaf, high_leaf):
                    risen = part[leaf] - before[leaf]
                    if risen > 0:
                        out_leaf = _room(out_leaf, done, risen)
                        out_at = _room(out_at, done, risen)
                        for _ in range(risen):
                            out_leaf[done], out_at[done] = leaf, now - 1
                            done += 1
                    before[leaf] = part[leaf]
        last = event
        while last < len(leaf_of) and flow_of[last] == flow:
            last += 1
        out_leaf = _room(out_leaf, done, last - event)
        out_at = _room(out_at, done, last - event)
        for untouched in range(event, last):
            out_leaf[done], out_at[done] = leaf_of[untouched], instants[untouched]
            done += 1
        event = last
    return out_leaf[:done], out_at[:done]
