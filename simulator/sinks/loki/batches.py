"""From rendered lines to requests: in order, no larger than Loki takes at once, no longer than it looks back.

Loki drops a line that equals the one before it in text and time, and its query engine takes two such lines for one.
So lines of one stream and one millisecond get nanoseconds by their order: 0, 1, 2, … Which is also why a request may
be sent again when nobody knows what became of it: what was taken already is recognised.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import kernel
from simulator.sinks.loki.limits import MEBI, Limits
from simulator.telemetry.logs import LogBatch
from simulator.wire.loki import PushLines

Ints = NDArray[np.int64]

REQUEST_BYTES: Final = MEBI
"""How much of lines goes into one request; Promtail sends as much."""


@dataclass(frozen=True)
class Parcel:
    """What one request holds: lines in the order of time, how many bytes they have, and how many of each stream."""

    lines: PushLines
    size: int
    streams: Ints  # those with lines, each once
    counts: Ints  # by `streams`
    sizes: Ints  # bytes by `streams`

    @property
    def last_ms(self) -> int:
        """The time of its newest line."""
        return int(self.lines.at_ns[-1]) // 1_000_000


class Batcher:
    """Cuts the batches of one run, which have to come in the order of time, each millisecond whole in one interval."""

    def __init__(self, streams: int, limits: Limits, *, request_bytes: int = REQUEST_BYTES) -> None:
        """`streams`: how many there are."""
        self.too_long: Ints = np.zeros(streams, dtype=np.int64)
        """Lines that were left out, by stream: longer than the server takes."""
        self._limits = limits
        self._request_bytes = int(min(request_bytes, limits.burst_bytes, limits.stream_burst_bytes))
        self._streams = streams
        self._last_ms: Ints = np.full(streams, -1, dtype=np.int64)
        self._again: Ints = np.zeros(streams, dtype=np.int64)

    def cut(self, batch: LogBatch) -> Iterator[Parcel]:
        """The requests of a batch."""
        at_ns = _distinct(batch.at_ms, batch.stream, self._last_ms, self._again)
        first = np.empty_like(batch.ends)
        first[:1] = 0
        first[1:] = batch.ends[:-1]
        lines = PushLines(
            batch.stream, at_ns, first, batch.ends - first - 1, np.frombuffer(batch.text or b" ", dtype=np.uint8)
        )
        if self._limits.line_bytes:
            lines = self._without_too_long(lines)
        begin = 0
        total = np.cumsum(lines.length)
        while begin < len(lines):
            before = int(total[begin - 1]) if begin else 0
            end = int(np.searchsorted(total, before + self._request_bytes, side="right"))
            reach = int(lines.at_ns[begin]) + self._limits.window_ms * 1_000_000
            end = min(end, int(np.searchsorted(lines.at_ns // 1_000_000 * 1_000_000, reach, side="left")))
            end = max(end, begin + 1)
            yield self._parcel(lines, begin, end)
            begin = end

    def _without_too_long(self, lines: PushLines) -> PushLines:
        kept = lines.length <= self._limits.line_bytes
        if kept.all():
            return lines
        np.add.at(self.too_long, lines.stream[~kept], 1)
        return PushLines(lines.stream[kept], lines.at_ns[kept], lines.first[kept], lines.length[kept], lines.text)

    def _parcel(self, lines: PushLines, begin: int, end: int) -> Parcel:
        some = PushLines(
            lines.stream[begin:end], lines.at_ns[begin:end], lines.first[begin:end], lines.length[begin:end], lines.text
        )
        counts = np.bincount(some.stream, minlength=self._streams)
        sizes = np.bincount(some.stream, weights=some.length, minlength=self._streams).astype(np.int64)
        used = np.flatnonzero(counts)
        return Parcel(some, int(some.length.sum()), used, counts[used], sizes[used])


@kernel
def _distinct(at_ms: Ints, stream: Ints, last_ms: Ints, again: Ints) -> Ints:
    """Nanoseconds of each line, no two alike in a stream. `last_ms` and `again` are kept from batch to batch."""
    out = np.empty(len(at_ms), dtype=np.int64)
    for line in range(len(at_ms)):
        owner = stream[line]
        if last_ms[owner] == at_ms[line]:
            again[owner] += 1
        else:
            last_ms[owner] = at_ms[line]
            again[owner] = 0
        out[line] = at_ms[line] * 1_000_000 + again[owner]
    return out
