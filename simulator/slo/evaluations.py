"""A burn-rate alert evaluated on known counts: when it becomes pending, fires and resolves, evaluation by evaluation.

The Workbook's detection time (`detection`) is for an error ratio that jumps and stays, at steady traffic, and rules
evaluated without pause. This is the same condition walked over counts as they were, at the instants at which a
server evaluates, with `for` and `keep_firing_for`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.int64]
Flags = NDArray[np.bool_]

CountsAt = Callable[[Times], tuple[Times, Times]]
"""All events before each instant, and the bad ones among them. Instants rise."""


@dataclass(frozen=True)
class Compared:
    """The ratio over a window against a threshold. `slack` is how far a measured ratio may be off, as a share of it."""

    window_ms: int
    threshold: float
    slack: float = 0.0


@dataclass(frozen=True)
class Firing:
    """One time an alert fired. `resolved_ms` None: it still did at the last evaluation."""

    pending_ms: int
    firing_ms: int
    resolved_ms: int | None


class Conditions:
    """An alert's alternatives, each all of some comparisons, at the instants of its evaluations (epoch ms)."""

    def __init__(self, alternatives: Sequence[Sequence[Compared]], instants: Times, counts_at: CountsAt) -> None:
        self._alternatives = alternatives
        self._instants = instants
        windows = sorted({compared.window_ms for compareds in alternatives for compared in compareds})
        wanted = np.unique(np.concatenate([instants, *(instants - window for window in windows)]))
        total, bad = counts_at(wanted)
        now = np.searchsorted(wanted, instants)
        self._ratios = {}
        for window in windows:
            before = np.searchsorted(wanted, instants - window)
            events = (total[now] - total[before]).astype(np.float64)
            failed = (bad[now] - bad[before]).astype(np.float64)
            # without an event there is no ratio, and no comparison holds
            self._ratios[window] = np.divide(failed, events, out=np.full(len(now), -1.0), where=events > 0)

    def hold(self, leaning: int = 0) -> Flags:
        """Where the alert's expression has a result. `leaning` 1 takes measured ratios at their highest, -1 lowest."""
        held = np.zeros(len(self._instants), dtype=np.bool_)
        for compareds in self._alternatives:
            all_of_it = np.ones(len(self._instants), dtype=np.bool_)
            for compared in compareds:
                measured = self._ratios[compared.window_ms] * (1.0 + leaning * compared.slack)
                all_of_it &= measured > compared.threshold
            held |= all_of_it
        return held

    def firings(self, for_ms: int, keep_firing_ms: int = 0, leaning: int = 0) -> tuple[Firing, ...]:
        """Every time the alert fires."""
        return firings(self._instants, self.hold(leaning), for_ms, keep_firing_ms)


def firings(instants: Times, holds: Flags, for_ms: int, keep_firing_ms: int = 0) -> tuple[Firing, ...]:
    """When an alert fires whose condition holds at these evaluations: after it held for `for_ms`, until it does not.

    With `keep_firing_ms` it resolves only once the condition has been away for so long.
    """
    edges = np.flatnonzero(np.diff(holds.astype(np.int8), prepend=0, append=0))
    found: list[Firing] = []
    for begins, ends in edges.reshape(-1, 2).tolist():
        pending_ms = int(instants[begins])
        over = _resolved(instants, ends, keep_firing_ms)
        if found and (found[-1].resolved_ms is None or found[-1].resolved_ms >= pending_ms):  # it was kept firing
            found[-1] = Firing(found[-1].pending_ms, found[-1].firing_ms, over)
            continue
        fires = begins + int(np.searchsorted(instants[begins:ends], pending_ms + for_ms))
        if fires < ends:
            found.append(Firing(pending_ms, int(instants[fires]), over))
    return tuple(found)


def _resolved(instants: Times, ends: int, keep_firing_ms: int) -> int | None:
    if ends == len(instants):
        return None
    away = ends + int(np.searchsorted(instants[ends:], int(instants[ends]) + keep_firing_ms))
    return int(instants[away]) if away < len(instants) else None
