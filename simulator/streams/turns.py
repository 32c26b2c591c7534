"""Turns: what a plan wants done, dealt out one by one to the users of one generator process.

A user takes a turn before each request (message, call) and waits until it is due. So requests leave at the planned
instants whatever the number of users and whatever the answers do: connection refused a thousand times a second is
retried no faster than anything else, and slow answers only matter once every user is waiting for one.
"""

from __future__ import annotations

import math
from typing import Protocol

from simulator.units import SECOND

LATE_MS = SECOND
"""A turn that nobody took within this is missed for good: making up for it later would be a rate nobody planned."""


BEHIND_MS = 100.0
"""What is begun later than this after its instant was late."""


class Schedule(Protocol):
    """What turns are dealt from: a load plan, or another that knows when each turn is due."""

    def turns_by(self, elapsed_ms: float) -> float: ...

    def due_ms(self, nth: float) -> float | None: ...


class Turns:
    """The share of the plan that falls to one process of several: every `processes`-th turn from `index` on."""

    def __init__(self, plan: Schedule, *, index: int = 0, processes: int = 1) -> None:
        self._plan = plan
        self._index = index
        self._processes = processes
        self._next = 0  # turns of this process dealt so far
        self.missed = 0
        self.begun = 0
        """Turns that came: what was to be done in them was begun. Counted by those who take turns."""
        self.late = 0
        """Of those begun: how many were more than BEHIND_MS behind their instant."""
        self.finished = 0
        """What was begun in a turn and is done, where those who take turns count it."""

    def begin(self, due_ms: float, elapsed_ms: float) -> None:
        """Count a turn that is used now."""
        self.begun += 1
        self.late += elapsed_ms - due_ms > BEHIND_MS

    def share(self, index: int, processes: int, elapsed_ms: float) -> None:
        """Take another share from now on, since a process came or went. Turns already dealt stay as they are."""
        self._index, self._processes = index, processes
        self._next = max(0, math.ceil((self._plan.turns_by(elapsed_ms) - index) / processes))

    def take(self, elapsed_ms: float) -> float | None:
        """The instant at which the caller's turn is due, at most LATE_MS ago; None when the plan has no more.

        Both count in milliseconds from the run's start; `elapsed_ms` may be negative.
        """
        oldest = math.ceil((self._plan.turns_by(elapsed_ms - LATE_MS) - self._index) / self._processes)
        if oldest > self._next:
            self.missed += oldest - self._next
            self._next = oldest
        due = self._plan.due_ms(self._next * self._processes + self._index)
        if due is None:
            return None
        self._next += 1
        return due
