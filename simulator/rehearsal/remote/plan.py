"""A history cut into requests of remote write: which series share one, and how much time each covers.

The cut depends on the history alone, not on how many senders there are or where an earlier run was stopped, so a run
that goes on sends the very requests that the one before would have sent next.

A server appends in the order of time: of what is more than an hour older than its newest sample it takes nothing (half
of its head block's two hours). So all series advance together, slice by slice.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.rehearsal.history.history import History
from simulator.rehearsal.history.scrapes import Scraped, Target
from simulator.sinks.remote_write.courier import Parcel
from simulator.telemetry.interval import Interval
from simulator.telemetry.samples import Labels
from simulator.units import MINUTE, SECOND
from simulator.wire.remote_write import LabelTable, compress, encode_write_request
from simulator.wire.tsdb.chunks import STALE_NAN, Words

SERIES_PER_REQUEST: Final = 2_000
SAMPLES_PER_SERIES: Final = 10
"""About, for each request: so many that the labels before them do not weigh too much."""

LONGEST_SLICE_MS: Final = 20 * MINUTE
SLICES_ABREAST: Final = 2
"""How many slices may be under way at once; together they have to be shorter than the hour that a server allows."""

Times = NDArray[np.int64]


@dataclass(frozen=True)
class Part:
    """Rows `first` to `end` (not included) of what the target of this number (in the history's order) leaves."""

    target: int
    first: int
    end: int


@dataclass(frozen=True)
class Group:
    """Series that always travel together. Rows of `table` are those of the parts, one after the other."""

    parts: tuple[Part, ...]
    table: LabelTable


@dataclass(frozen=True)
class Stretch:
    """The scrapes of all targets over some slices in a row, by the target's number."""

    first_slice: int
    slices: tuple[Interval, ...]
    scraped: tuple[Scraped, ...]


@dataclass(frozen=True)
class Plan:
    """A history's groups and slices: `len(groups) × len(slices)` requests, those without samples included."""

    groups: tuple[Group, ...]
    slices: tuple[Interval, ...]
    identity: str

    def parcel(self, group: Group, stretch: Stretch, number: int) -> Parcel | None:
        """The request of a group for one slice of a stretch; None where no series has a sample then."""
        within = stretch.slices[number - stretch.first_slice]
        pieces = [_piece(stretch.scraped[part.target], part, within) for part in group.parts]
        counts = np.concatenate([piece.counts for piece in pieces])
        times = np.concatenate([piece.times_ms for piece in pieces])
        if not len(times):
            return None
        words = np.concatenate([piece.values for piece in pieces])
        rows = np.flatnonzero(counts)
        counts = counts[rows]
        values = words.view(np.float64)

        def newest() -> bytes:
            last = np.cumsum(counts) - 1
            once = np.ones(len(rows), dtype=np.int64)
            return compress(encode_write_request(group.table, rows, once, times[last], values[last]))

        body = compress(encode_write_request(group.table, rows, counts, times, values))
        return Parcel(body, len(times), int(np.count_nonzero(words == np.uint64(STALE_NAN))), newest)


@dataclass(frozen=True)
class _Piece:
    counts: NDArray[np.int64]
    times_ms: Times
    values: Words


def _piece(scraped: Scraped, part: Part, within: Interval) -> _Piece:
    begin, end = np.searchsorted(scraped.times_ms, (within.start_ms, within.end_ms)).tolist()
    there = scraped.present[part.first : part.end, begin:end]
    times = np.broadcast_to(scraped.times_ms[begin:end], there.shape)
    return _Piece(
        np.count_nonzero(there, axis=1).astype(np.int64),
        times[there],
        scraped.values[part.first : part.end, begin:end][there],
    )


def plan_of(history: History, series: Sequence[tuple[Labels, ...]]) -> Plan:
    """Cut a history. `series` are those of each of its targets, in the order of the targets."""
    sizes = tuple(map(len, series))
    groups = tuple(
        Group(parts, LabelTable(labels for part in parts for labels in series[part.target][part.first : part.end]))
        for parts in _packed(sizes)
    )
    slices = tuple(_slices(history, sizes))
    what = (history.fingerprint, sizes, [(one.start_ms, one.end_ms) for one in slices[:2]], len(slices), len(groups))
    return Plan(groups, slices, hashlib.sha256(json.dumps(what).encode()).hexdigest())


def _packed(sizes: Sequence[int]) -> Iterator[tuple[Part, ...]]:
    """All rows of all targets, cut into groups of equal size but for the last."""
    parts: list[Part] = []
    room = SERIES_PER_REQUEST
    for target, size in enumerate(sizes):
        first = 0
        while first < size:
            end = min(first + room, size)
            parts.append(Part(target, first, end))
            room -= end - first
            first = end
            if not room:
                yield tuple(parts)
                parts, room = [], SERIES_PER_REQUEST
    if parts:
        yield tuple(parts)


def _slices(history: History, sizes: Sequence[int]) -> Iterator[Interval]:
    """The history's span, cut so that a series has about SAMPLES_PER_SERIES in a slice: finer where scrapes are."""
    span = history.span
    edge = min(max(history.full_from_ms, span.start_ms), span.end_ms)
    for start, end, old in ((span.start_ms, edge, True), (edge, span.end_ms, False)):
        length = _slice_ms(history.targets, sizes, history.old_step_ms if old else 0)
        for at in range(start, end, length):
            yield Interval(at, min(at + length, end))


def _slice_ms(targets: Sequence[Target], sizes: Sequence[int], step_ms: int) -> int:
    weighed = [(size, max(target.interval_ms, step_ms)) for target, size in zip(targets, sizes, strict=True)]
    rate = sum(size / interval for size, interval in weighed) / sum(sizes)  # samples of a series in a millisecond
    return min(max(round(SAMPLES_PER_SERIES / rate / SECOND), 1) * SECOND, LONGEST_SLICE_MS)
