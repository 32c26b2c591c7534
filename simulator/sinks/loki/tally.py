"""What became of every line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.sinks.loki.batches import Parcel
from simulator.telemetry.samples import Labels

NO_LEVEL: Final = "none"
"""Stands for the level of streams without that label."""


@dataclass(frozen=True)
class Totals:
    """Lines of one run by level and by service, and what became of them."""

    sent: int
    sent_bytes: int
    wire_bytes: int
    requests: int
    retried: int
    waited_seconds: float
    refused: int  # in requests that the server refused, maybe not all of them
    too_long: int
    streams: int
    by_level: dict[str, int]
    by_service: dict[str, int]

    @property
    def drawn(self) -> int:
        """What the model had said; every line of it is in exactly one of the counts."""
        return self.sent + self.refused + self.too_long


class Tally:
    """Counts lines by stream."""

    def __init__(self, streams: Sequence[Labels]) -> None:
        self._streams = streams
        self._sent: NDArray[np.int64] = np.zeros(len(streams), dtype=np.int64)
        self.refused = 0
        self.sent_bytes = 0
        self.wire_bytes = 0
        self.requests = 0

    def taken(self, parcel: Parcel, wire_bytes: int) -> None:
        """A request was taken."""
        self._sent[parcel.streams] += parcel.counts
        self.sent_bytes += parcel.size
        self.wire_bytes += wire_bytes
        self.requests += 1

    def was_refused(self, parcel: Parcel) -> None:
        """A request was refused for good."""
        self.refused += len(parcel.lines)

    def totals(self, *, retried: int, waited_seconds: float, too_long: NDArray[np.int64]) -> Totals:
        """As of now."""
        levels: Counter[str] = Counter()
        services: Counter[str] = Counter()
        for labels, count in zip(self._streams, self._sent.tolist(), strict=True):
            if count:
                own = dict(labels)
                levels[own.get("level", NO_LEVEL)] += count
                services[own.get("service", "unknown")] += count
        return Totals(
            sent=int(self._sent.sum()),
            sent_bytes=self.sent_bytes,
            wire_bytes=self.wire_bytes,
            requests=self.requests,
            retried=retried,
            waited_seconds=waited_seconds,
            refused=self.refused,
            too_long=int(too_long.sum()),
            streams=int(np.count_nonzero(self._sent)),
            by_level=dict(sorted(levels.items())),
            by_service=dict(sorted(services.items())),
        )
