"""How far an evaluation of rules is, told while several threads work on it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

OnRules = Callable[[int, int], None]
"""So many rules are evaluated, of so many. Called by one thread at a time, each time with more rules than before."""


class Progress:
    """Counts the rules of steps that are done, or partly done: a step of `sizes[n]` rules counts for as many."""

    def __init__(self, sizes: Sequence[int], tell: OnRules | None) -> None:
        self._sizes = sizes
        self._tell = tell
        self._total = sum(sizes)
        self._told = 0
        self._done = [0] * len(sizes)
        self._lock = threading.Lock()

    def reached(self, step: int, share: float = 1.0) -> None:
        """That much of a step is done."""
        if self._tell is None:
            return
        with self._lock:
            self._done[step] = int(self._sizes[step] * share)
            done = sum(self._done)
            if done > self._told:
                self._told = done
                self._tell(done, self._total)
