"""Rules that take turns, as long as none of them has written anything: each then reads what it would read alone.

So they need not be asked instant by instant until then. Most alerts that look at all alerts, or at all series, and by
that at themselves, never get further.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.engine.order import Place, Placed
from simulator.engine.ranges import Ranged, evaluate_range
from simulator.engine.server import RuleServer
from simulator.engine.state import Vector

STRETCH: Final = 240
"""Instants of one query: of all series they are some hundred megabytes to the server, and lost with the first write."""


class Unwritten:
    """The results of some rules at their instants, asked for a stretch ahead. To be dropped at the first write."""

    def __init__(
        self, server: RuleServer, rules: Sequence[Placed], instants: Sequence[NDArray[np.int64]], workers: int
    ) -> None:
        """`instants[i]` are those of group `i`. `workers` rules are asked for at a time."""
        self._server = server
        self._rules = rules
        self._instants = instants
        self._workers = workers
        self._stretches: dict[int, Mapping[Place, Ranged]] = {}

    def vector(self, place: Place, column: int) -> Vector:
        """A rule's result at its group's instant of that number. Raises QueryError, and what `evaluate_range` does."""
        stretch, within = divmod(column, STRETCH)
        if stretch not in self._stretches:
            self._stretches[stretch] = self._asked(stretch)
        return self._stretches[stretch][place].at(within)

    def _asked(self, stretch: int) -> Mapping[Place, Ranged]:
        part = slice(stretch * STRETCH, (stretch + 1) * STRETCH)

        def asked(placed: Placed) -> Ranged:
            return evaluate_range(self._server, placed.rule.expr, self._instants[placed.place[0]][part])

        with ThreadPoolExecutor(self._workers) as pool:
            return {
                placed.place: ranged for placed, ranged in zip(self._rules, pool.map(asked, self._rules), strict=True)
            }
