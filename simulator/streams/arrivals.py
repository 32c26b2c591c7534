"""Arrivals: turns that come when they are due, whether or not anybody waits for one.

The open model: a generator starts an iteration at each of these instants, whatever became of those before.
"""

from __future__ import annotations

import math

from simulator.streams.turns import LATE_MS, Turns


class ConstantRate:
    """So many arrivals per second, without end."""

    def __init__(self, per_second: float) -> None:
        self._per_ms = per_second / 1000

    def turns_by(self, elapsed_ms: float) -> float:
        """Arrivals that are due before an instant."""
        return max(0.0, elapsed_ms * self._per_ms)

    def due_ms(self, nth: float) -> float | None:
        """The instant at which the nth arrival (from 0) is due."""
        return nth / self._per_ms if self._per_ms > 0 else None


class Arrivals(Turns):
    """The share of a plan's turns that arrive at one process. Every one is in the end `begun` or `missed`."""

    def due(self, elapsed_ms: float) -> list[float]:
        """The instants that have come since the last call, oldest first; what is older than LATE_MS is missed."""
        oldest = math.ceil((self._plan.turns_by(elapsed_ms - LATE_MS) - self._index) / self._processes)
        if oldest > self._next:
            self.missed += oldest - self._next
            self._next = oldest
        found = []
        while (due := self.next_ms()) is not None and due <= elapsed_ms:
            found.append(due)
            self._next += 1
        return found

    def next_ms(self) -> float | None:
        """When the next one is due; None when the plan has no more."""
        return self._plan.due_ms(self._next * self._processes + self._index)
