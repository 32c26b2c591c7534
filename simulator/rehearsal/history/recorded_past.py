"""What recording rules had recorded long before a run, where rules look back on that: a month of a recorded ratio.

The rules are evaluated over that past as they are over the run, at every instant of production's grid, so that windows
over what they recorded are as dense in old parts as in new ones. A fault changes nothing before its onset, so what was
recorded before a run is the same for every variant of it, and is evaluated once.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.engine.burn_rates import Recordings, recordings_of
from simulator.engine.evaluate import Surroundings, evaluate_rules
from simulator.engine.groups import RecordingRule, RuleGroup
from simulator.engine.progress import OnRules
from simulator.engine.rules import DEEPEST_RECORDING
from simulator.engine.schedule import major_minor, production_grid
from simulator.engine.selectors import LOOKBACK_MS, selectors_of
from simulator.engine.server import RangeResult, RuleServer, WrittenSeries
from simulator.engine.state import Vector
from simulator.telemetry.interval import Interval
from simulator.units import MINUTE

_OUT_OF_ORDER_SINCE: Final = (2, 39)
"""The Prometheus that takes samples from before its newest block."""


@dataclass(frozen=True)
class RecordedPast:
    """Recording rules and when they are evaluated besides the run: up to where the run's own evaluations begin."""

    groups: tuple[RuleGroup, ...]
    span: Interval

    @property
    def names(self) -> frozenset[str]:
        """What is recorded."""
        return frozenset(rule.name for group in self.groups for rule in group.rules)

    def before_ms(self, name: str, warm_up_ms: int) -> int:
        """How long before a run a name is recorded, where rules are evaluated from `warm_up_ms` before it on."""
        return warm_up_ms + (self.span.length_ms if name in self.names else 0)

    def config(self, text: str, ends_ms: int) -> str:
        """A server's configuration (its `global` section alone) that lets this past be written after a run that ends
        then."""
        minutes = -(-(ends_ms - self.span.start_ms) // MINUTE) + 1
        return f"{text.rstrip()}\nstorage:\n  tsdb:\n    out_of_order_time_window: {minutes}m\n"


def recorded_past(groups: Sequence[RuleGroup], warm: Interval, warm_up_ms: int, version: str) -> RecordedPast | None:
    """What has to be evaluated before `warm`, the run's own evaluations, which begin `warm_up_ms` before the run; None
    where nothing looks back further, or where a Prometheus of this version could not be given it."""
    if major_minor(version) < _OUT_OF_ORDER_SINCE:
        return None
    recordings, reach = recordings_of(groups), dict[str, int]()
    for group in groups:
        for rule in group.rules:
            _look_back(rule.expr, recordings, 0, DEEPEST_RECORDING, reach)
    far = {name: back_ms for name, back_ms in reach.items() if back_ms > warm_up_ms}
    if not far:
        return None
    kept = (
        replace(
            group, rules=tuple(rule for rule in group.rules if isinstance(rule, RecordingRule) and rule.name in far)
        )
        for group in groups
    )
    start_ms = warm.start_ms - max(far.values()) + warm_up_ms - LOOKBACK_MS
    return RecordedPast(tuple(group for group in kept if group.rules), Interval(start_ms, warm.start_ms))


def _look_back(expr: str, recordings: Recordings, outer_ms: int, depth: int, reach: dict[str, int]) -> None:
    """Note how far back (ms) recorded names are read by an expression that is itself read `outer_ms` back, and those
    that they are made of. An expression that our parser does not know is passed over."""
    try:
        selectors = selectors_of(expr, exceptions=True)
    except ValueError:
        return
    for selector in selectors:
        back_ms = outer_ms + selector.window_ms
        if selector.metric not in recordings or back_ms <= reach.get(selector.metric, -1) or depth == 0:
            continue
        reach[selector.metric] = back_ms
        for rule in recordings[selector.metric]:
            _look_back(rule.expr, recordings, back_ms, depth - 1, reach)


class RecordedResults:
    """What came of it: evaluated on the first server that asks, then handed to every other one."""

    def __init__(
        self,
        past: RecordedPast,
        version: str,
        surroundings: Surroundings,
        written: list[WrittenSeries] | None = None,
    ) -> None:
        self._past = past
        self._version = version
        self._surroundings = surroundings
        self._lock = threading.Lock()
        self._written = written

    def __reduce__(self) -> tuple[object, ...]:
        """As another process gets it: a lock is of one process."""
        return type(self), (self._past, self._version, self._surroundings, self._written)

    def write(self, server: RuleServer, on_progress: OnRules | None = None) -> None:
        """Write it to a server that has the run's scrapes already. Raises as `evaluate_rules` does."""
        with self._lock:
            if self._written is None:
                keeping = _Keeping(server)
                grids = [
                    production_grid(group.file, group.name, group.interval_ms, self._version)
                    for group in self._past.groups
                ]
                evaluate_rules(keeping, self._past.groups, self._past.span, grids, self._surroundings, on_progress)
                self._written = keeping.written
                return
        server.write(self._written)


class _Keeping(RuleServer):
    """A server that also keeps what it was given. Rules are evaluated by several threads."""

    def __init__(self, server: RuleServer) -> None:
        self._server = server
        self._kept = threading.Lock()
        self.written: list[WrittenSeries] = []

    def vector(self, expr: str, at_ms: int) -> Vector:
        return self._server.vector(expr, at_ms)

    def range(self, expr: str, times_ms: NDArray[np.int64]) -> RangeResult:
        return self._server.range(expr, times_ms)

    def write(self, series: Sequence[WrittenSeries]) -> None:
        self._server.write(series)
        with self._kept:
            self.written.extend(series)
