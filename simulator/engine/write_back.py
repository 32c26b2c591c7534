"""Results as a rule manager appends them: each series ends with a stale marker at the first evaluation without it.

Source: rules/manager.go (`Group.Eval`) of Prometheus 2.42.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.engine.ranges import Ranged
from simulator.engine.server import WrittenSeries
from simulator.engine.state import Vector
from simulator.telemetry.samples import Labels
from simulator.wire.remote_write import STALE_NAN

_STALE_BITS = int(STALE_NAN.view(np.uint64))


def with_stale_markers(ranged: Ranged, times_ms: NDArray[np.int64]) -> list[WrittenSeries]:
    """What is to be written of a result over a range. Evaluations that failed end no series."""
    succeeded = np.setdiff1d(np.arange(len(times_ms)), list(ranged.errors))
    present = ranged.result.present[:, succeeded]
    ends = np.zeros_like(present)
    ends[:, 1:] = present[:, :-1] & ~present[:, 1:]
    bits = np.where(ends, _STALE_BITS, ranged.result.values[:, succeeded].view(np.uint64)).astype(np.uint64)
    written = present | ends
    return [
        WrittenSeries(labels, times_ms[succeeded][written[row]], bits[row, written[row]].view(np.float64))
        for row, labels in enumerate(ranged.result.labels)
        if written[row].any()
    ]


class Ledger:
    """The newest sample of every series that several rules may write to: who comes second at an instant is refused."""

    def __init__(self) -> None:
        self._newest: dict[Labels, tuple[int, int]] = {}

    def refusal(self, labels: Labels, at_ms: int, bits: int) -> str:
        """Note a sample down, unless storage would refuse it: then why."""
        newest_ms, newest_bits = self._newest.get(labels, (at_ms - 1, 0))
        if newest_ms > at_ms:
            return "out of order sample"
        if newest_ms == at_ms and newest_bits != bits:
            return "duplicate sample for timestamp"
        self._newest[labels] = (at_ms, bits)
        return ""


class Appender:
    """One rule's results, evaluation by evaluation, ready to be written."""

    def __init__(self, ledger: Ledger | None = None) -> None:
        self._ledger = ledger or Ledger()
        self._previous: dict[Labels, None] = {}
        self._pending: dict[Labels, tuple[list[int], list[int]]] = {}

    @property
    def is_idle(self) -> bool:
        """Whether no series goes on that an evaluation without it would end."""
        return not self._previous

    def append(self, at_ms: int, samples: Vector) -> str:
        """The result of an evaluation. Returns why a sample was refused, which makes the evaluation a failure."""
        returned: dict[Labels, None] = {}
        refusal = ""
        for labels, value in samples:
            refused = self._add(labels, at_ms, int(np.float64(value).view(np.uint64)))
            if refused:
                refusal = refused
            else:
                returned[labels] = None
        for labels in self._previous:
            if labels not in returned:
                self._add(labels, at_ms, _STALE_BITS)
        self._previous = returned
        return refusal

    def take(self) -> list[WrittenSeries]:
        """What was appended since the last time."""
        pending, self._pending = self._pending, {}
        return [
            WrittenSeries(labels, np.array(times, dtype=np.int64), np.array(bits, dtype=np.uint64).view(np.float64))
            for labels, (times, bits) in pending.items()
        ]

    def _add(self, labels: Labels, at_ms: int, bits: int) -> str:
        refusal = self._ledger.refusal(labels, at_ms, bits)
        if refusal:
            return refusal
        times, values = self._pending.setdefault(labels, ([], []))
        if not times or times[-1] != at_ms:
            times.append(at_ms)
            values.append(bits)
        return ""
