"""Log entries: what a service writes to its log, and what Loki holds as a stream's entry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from simulator.telemetry.interval import Interval
from simulator.telemetry.samples import Labels


@dataclass(frozen=True)
class LogEntry:
    """One line. `labels` is its stream's label set (`service` always among them); `line` has no line end."""

    at_ms: int
    labels: Labels
    line: bytes


@dataclass(frozen=True)
class LogBatch:
    """Many lines in the order of time, without an object for each.

    Line `i` belongs to `streams[stream[i]]` and is `text[ends[i - 1]:ends[i] - 1]`: each line is followed by a line
    feed, so that `text` as a whole is what a file would hold.
    """

    streams: tuple[Labels, ...]
    at_ms: NDArray[np.int64]  # rising
    stream: NDArray[np.int64]
    ends: NDArray[np.int64]
    text: bytes

    def __len__(self) -> int:
        return len(self.at_ms)

    def entries(self) -> Iterator[LogEntry]:
        """The lines one by one."""
        start = 0
        for at_ms, stream, end in zip(self.at_ms.tolist(), self.stream.tolist(), self.ends.tolist(), strict=True):
            yield LogEntry(at_ms, self.streams[stream], self.text[start : end - 1])
            start = end


class LogSource(Protocol):
    """Where log lines come from. A source is pure: the same interval gives the same bytes."""

    def entries(self, interval: Interval) -> Iterable[LogEntry]:
        """Every entry of the interval (wall time), in the order of time."""
        ...
