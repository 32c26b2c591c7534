"""Two servers with the same series, one at every scrape, the other thinned: long windows are asked of the latter.

A window over 30 days at every evaluation of a month would read each sample some hundred thousand times. What a rate or
an increase over such a window is worth does not depend on how many samples tell it; whatever does is asked of the full
one, and so is every expression that also looks at something short.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simulator.engine.density import Density, sparse_reads
from simulator.engine.selectors import selectors_of
from simulator.engine.server import RangeResult, RuleServer, WrittenSeries
from simulator.engine.state import Vector


class TwoResolutions(RuleServer):
    """The rule engine's view of both. Results of rules are written to both, so that either can read them."""

    def __init__(self, full: RuleServer, thinned: RuleServer, density: Density) -> None:
        self._full = full
        self._thinned = thinned
        self._density = density

    def vector(self, expr: str, at_ms: int) -> Vector:
        return self._of(expr).vector(expr, at_ms)

    def range(self, expr: str, times_ms: NDArray[np.int64]) -> RangeResult:
        return self._of(expr).range(expr, times_ms)

    def write(self, series: Sequence[WrittenSeries]) -> None:
        self._full.write(series)
        self._thinned.write(series)

    def _of(self, expr: str) -> RuleServer:
        return self._thinned if is_for_thinned(expr, self._density) else self._full


def is_for_thinned(expr: str, density: Density) -> bool:
    """Whether an expression is worth the same on thinned samples: all its windows are long, and none counts samples.

    `density.full_ms` is the shortest window that counts as long.
    """
    try:
        selectors = selectors_of(expr)
    except ValueError:
        return False
    shortest_ms = min((selector.window_ms for selector in selectors), default=0)
    # to the thinned server every sample is old
    return shortest_ms >= density.full_ms and not sparse_reads(expr, Density(0, density.old_step_ms))
