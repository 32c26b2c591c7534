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
Ratios = NDArray[np.float64]

CountsAt = Callable[[Times], tuple[Times, Times]]
"""All events before each instant, and the bad ones among them. Instants rise."""


@dataclass(frozen=True)
class Compared:
    """The ratio over a window against a threshold, measured on samples that are up to `step_ms` apart (0: exactly).

    The newest sample may then be as old as that, and the window is known to as much of its length.
    """

    window_ms: int
    threshold: float
    step_ms: int = 0


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
        seen = sorted({(one.window_ms, age) for ones in alternatives for one in ones for age in (0, one.step_ms)})
        edges = [instants - age - back for window, age in seen for back in (0, window)]
        wanted = np.unique(np.concatenate([instants, *edges]))
        total, bad = counts_at(wanted)
        self._ratios: dict[tuple[int, int], Ratios] = {}
        for window, age in seen:
            now, before = (np.searchsorted(wanted, instants - age - back) for back in (0, window))
            events = (total[now] - total[before]).astype(np.float64)
            failed = (bad[now] - bad[before]).astype(np.float64)
            # without an event there is no ratio, and no comparison holds
            self._ratios[window, age] = np.divide(failed, events, out=np.full(len(now), -1.0), where=events > 0)

    def hold(self, leaning: int = 0) -> Flags:
        """Where the alert's expression has a result. `leaning` 1 takes measured ratios at their highest, -1 lowest."""
        held = np.zeros(len(self._instants), dtype=np.bool_)
        for compareds in self._alternatives:
            all_of_it = np.ones(len(self._instants), dtype=np.bool_)
            for compared in compareds:
                all_of_it &= self._measured(compared, leaning) > compared.threshold
            held |= all_of_it
        return held

    def _measured(self, compared: Compared, leaning: int) -> Ratios:
        exact = self._ratios[compared.window_ms, 0]
        if not leaning:
            return exact
        stale = self._ratios[compared.window_ms, compared.step_ms]
        furthest = np.maximum(exact, stale) if leaning > 0 else np.minimum(exact, stale)
        return furthest * (1.0 + leaning * compared.step_ms / compared.window_ms)

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
