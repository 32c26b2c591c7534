"""When Alertmanager should notify, in simulated time: a small model of its dispatcher, checked against the real one.

An alert goes to the groups of its routes; a group waits `group_wait` from its first alert, then looks at its alerts
every `group_interval`; each integration is told when something fires that it was not told of, when all of it is
resolved, when something more is resolved (where it wants to know), or when `repeat_interval` is over. Inhibited alerts
are left out.
Source of these rules: https://prometheus.io/docs/alerting/latest/configuration/#route and the Alertmanager design.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from simulator.engine.notifier import Arrival, batches
from simulator.engine.routing_tree import Route, RoutingTree
from simulator.telemetry.samples import Labels


@dataclass(frozen=True)
class Expected:
    """One notification that should come: to one integration of a receiver, about these alerts."""

    at_ms: int
    receiver: str
    integration: str  # slack, email, …
    number: int  # which of the receiver's integrations
    group: Labels
    firing: tuple[Labels, ...]
    resolved: tuple[Labels, ...]
    is_repeat: bool = False


@dataclass
class _Told:
    """What an integration was told last about a group."""

    at_ms: int
    firing: frozenset[Labels]
    resolved: frozenset[Labels]


@dataclass
class _Group:
    route: Route
    labels: Labels
    alerts: dict[Labels, Arrival] = field(default_factory=dict)
    next_flush_ms: int = 0
    has_flushed: bool = False


class Dispatcher:
    """The model. Feed it arrivals in the order of time."""

    def __init__(self, tree: RoutingTree) -> None:
        self._tree = tree
        self._groups: dict[tuple[str, Labels], _Group] = {}
        self._known: dict[Labels, Arrival] = {}
        self._told: dict[tuple[str, Labels, str, int], _Told] = {}
        self._flushes: list[tuple[int, str, Labels]] = []

    def run(self, arrivals: Iterable[Arrival], until_ms: int) -> tuple[Expected, ...]:
        """Every notification that should come up to an instant."""
        expected: list[Expected] = []
        for at_ms, batch in batches(arrivals):
            if at_ms > until_ms:
                break
            expected.extend(self._flush_due(at_ms))
            for arrival in batch:
                self._receive(arrival)
        expected.extend(self._flush_due(until_ms + 1))
        return tuple(expected)

    def _receive(self, arrival: Arrival) -> None:
        self._known[arrival.labels] = arrival
        for route in self._tree.root.match(dict(arrival.labels)):
            labels = _group_labels(arrival.labels, route)
            key = (route.path, labels)
            group = self._groups.get(key)
            if group is None:
                group = self._groups[key] = _Group(route, labels)
                self._schedule(key, group, arrival.at_ms + route.group_wait_ms)
            group.alerts[arrival.labels] = arrival
            late = arrival.starts_at_ms + route.group_wait_ms < arrival.at_ms
            if not group.has_flushed and late:
                self._schedule(key, group, arrival.at_ms)

    def _schedule(self, key: tuple[str, Labels], group: _Group, at_ms: int) -> None:
        group.next_flush_ms = at_ms
        heapq.heappush(self._flushes, (at_ms, *key))

    def _flush_due(self, before_ms: int) -> Iterator[Expected]:
        while self._flushes and self._flushes[0][0] < before_ms:
            at_ms, path, labels = heapq.heappop(self._flushes)
            group = self._groups.get((path, labels))
            if group is None or group.next_flush_ms != at_ms:
                continue
            yield from self._flush(group, at_ms)
            group.has_flushed = True
            for alert in [a for a in group.alerts.values() if a.ends_at_ms <= at_ms]:
                del group.alerts[alert.labels]
            if group.alerts:
                self._schedule((path, labels), group, at_ms + group.route.group_interval_ms)
            else:
                del self._groups[(path, labels)]

    def _flush(self, group: _Group, at_ms: int) -> Iterator[Expected]:
        sources = tuple(dict(a.labels) for a in self._known.values() if a.ends_at_ms > at_ms)
        heard = [a for a in group.alerts.values() if not self._is_inhibited(dict(a.labels), sources)]
        firing = frozenset(a.labels for a in heard if a.ends_at_ms > at_ms)
        resolved = frozenset(a.labels for a in heard if a.ends_at_ms <= at_ms)
        if not heard:
            return
        for number, (integration, sends_resolved) in enumerate(self._tree.receivers.get(group.route.receiver, ())):
            key = (group.route.path, group.labels, integration, number)
            told = self._told.get(key)
            if not _needs_telling(told, firing, resolved, sends_resolved, at_ms - group.route.repeat_interval_ms):
                continue
            self._told[key] = _Told(at_ms, firing, resolved)
            if not firing and not sends_resolved:
                continue  # noted, so that the next firing is news; nothing is sent
            yield Expected(
                at_ms=at_ms,
                receiver=group.route.receiver,
                integration=integration,
                number=number,
                group=group.labels,
                firing=tuple(sorted(firing)),
                resolved=tuple(sorted(resolved)) if sends_resolved else (),
                is_repeat=told is not None and firing == told.firing and resolved <= told.resolved,
            )

    def _is_inhibited(self, labels: Mapping[str, str], sources: tuple[Mapping[str, str], ...]) -> bool:
        return any(rule.mutes(labels, sources) for rule in self._tree.inhibitions)


def _needs_telling(
    told: _Told | None,
    firing: frozenset[Labels],
    resolved: frozenset[Labels],
    sends_resolved: bool,
    repeat_before_ms: int,
) -> bool:
    if told is None:
        return bool(firing)
    if not firing <= told.firing:
        return True
    if not firing:
        return bool(told.firing)
    if sends_resolved and not resolved <= told.resolved:
        return True
    return told.at_ms < repeat_before_ms


def _group_labels(labels: Labels, route: Route) -> Labels:
    if route.group_by is None:
        return labels
    return tuple((name, value) for name, value in labels if name in route.group_by)
