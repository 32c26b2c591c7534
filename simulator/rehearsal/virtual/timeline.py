"""What Alertmanager gets over a span of simulated time, and the part of it that a replay needs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from simulator.engine.dispatcher import Dispatcher
from simulator.engine.notifier import Arrival
from simulator.engine.routing_tree import RoutingTree
from simulator.engine.silence import Silence
from simulator.engine.time_intervals import changes
from simulator.telemetry.interval import Interval
from simulator.telemetry.samples import Labels
from simulator.units import MINUTE

_LONGEST_LEAD_MS: Final = 15 * MINUTE


@dataclass(frozen=True)
class Timeline:
    """Alerts in the order of time, the span that is judged, and what decides who hears of them."""

    arrivals: tuple[Arrival, ...]
    span: Interval
    tree: RoutingTree
    silences: tuple[Silence, ...]

    @property
    def whole(self) -> Interval:
        """The span from the first arrival on."""
        first_ms = min((arrival.at_ms for arrival in self.arrivals), default=self.span.start_ms)
        return Interval(min(first_ms, self.span.start_ms), self.span.end_ms)

    @property
    def jumps_ms(self) -> tuple[int, ...]:
        """The instants at which a time interval that a route names begins or ends."""
        return changes(self.tree.intervals_in_use(), self.whole)

    def trimmed(self) -> Timeline:
        """The same without the hours before the span, which no replay needs: what fires across the cut is told anew.

        The cut is a `group_interval` before the span, or earlier: where for as long before and after nothing began or
        ended. An alert that fires then arrives at the next look of its group, so that the group looks at its own
        instants ever after; an alert of several groups keeps those of one.
        """
        cut_ms = self._quiet_ms()
        if self.whole.start_ms >= cut_ms:
            return self
        before = Dispatcher(self.tree, self.silences)
        before.run((arrival for arrival in self.arrivals if arrival.at_ms < cut_ms), cut_ms - 1)
        looks_ms = {labels: at_ms for labels, at_ms in before.next_looks().items() if at_ms <= self.span.start_ms}
        return replace(self, arrivals=tuple(sorted(self._from(cut_ms, looks_ms), key=lambda one: one.at_ms)))

    def _quiet_ms(self) -> int:
        """The latest instant to cut at: groups are steady there, as nothing changes within a look of any of them."""
        longest_ms = max(route.group_interval_ms for route in self.tree.routes())
        calm_ms = min(longest_ms + MINUTE, _LONGEST_LEAD_MS)
        began = {arrival.starts_at_ms for arrival in self.arrivals}
        ended = {arrival.at_ms for arrival in self.arrivals if arrival.is_resolved}
        cut_ms = self.span.start_ms - calm_ms
        for change_ms in sorted((at_ms for at_ms in began | ended if at_ms < self.span.start_ms), reverse=True):
            if abs(change_ms - cut_ms) <= calm_ms:
                cut_ms = change_ms - calm_ms - 1
        return cut_ms

    def _from(self, cut_ms: int, looks_ms: dict[Labels, int]) -> Iterator[Arrival]:
        carried: dict[Labels, Arrival] = {}
        for arrival in self.arrivals:
            enters_ms = looks_ms.get(arrival.labels, cut_ms)
            if arrival.at_ms >= max(enters_ms, cut_ms):
                yield arrival
            else:
                carried[arrival.labels] = replace(arrival, at_ms=max(enters_ms, cut_ms))
        yield from (arrival for arrival in carried.values() if not arrival.is_resolved)
