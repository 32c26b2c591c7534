"""When Alertmanager should notify, in simulated time: a small model of its dispatcher, checked against the real one.

An alert goes to the groups of its routes; a group waits `group_wait` from its first alert, then looks at its alerts
every `group_interval`; each integration is told when something fires that it was not told of, when all of it is
resolved, when something more is resolved (where it wants to know), or when `repeat_interval` is over. Inhibited and
silenced alerts are left out, and a route in one of its mute intervals, or outside its active ones, tells nobody.
Source of these rules: https://prometheus.io/docs/alerting/latest/configuration/#route and the Alertmanager design.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from simulator.engine.inhibitor import Inhibitor
from simulator.engine.notifier import Arrival, batches
from simulator.engine.routing_tree import Route, RoutingTree
from simulator.engine.silence import Silence
from simulator.engine.time_intervals import is_within
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


@dataclass(frozen=True)
class HeldBack:
    """An alert that fires and that a group left out when it looked at its alerts, and why."""

    at_ms: int
    receiver: str
    labels: Labels
    reason: str


@dataclass(frozen=True)
class Leeway:
    """What Alertmanager's behaviour leaves open, and a model has to decide one way or the other.

    A group without alerts is cleaned up within 30 s of real time: until then (`linger_ms`) an alert that comes back
    waits for the group's next look, not for `group_wait`. What arrives at the very instant at which a group looks may
    come a moment before (`arrivals_first`) or after.
    """

    linger_ms: int = 0
    arrivals_first: bool = True


CLEAN_UP_MS = 30_000
"""Longest that an empty group stays, in real time. Source: dispatch/dispatch.go (the ticker of `run`)."""


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
    last_flush_ms: int | None = None


_Key = tuple[str, Labels]


class Dispatcher:
    """The model. `held_back` is filled by `run`."""

    def __init__(self, tree: RoutingTree, silences: Iterable[Silence] = (), leeway: Leeway | None = None) -> None:
        self.held_back: list[HeldBack] = []
        self._tree = tree
        self._silences = tuple(silences)
        self._inhibitor = Inhibitor(tree.inhibitions)
        self._ways: dict[Labels, tuple[tuple[Route, Labels], ...]] = {}
        self._leeway = leeway or Leeway()
        self._groups: dict[_Key, _Group] = {}
        self._known: dict[Labels, Arrival] = {}
        self._told: dict[object, _Told] = {}
        self._flushes: list[tuple[int, str, Labels]] = []

    def run(self, arrivals: Iterable[Arrival], until_ms: int) -> tuple[Expected, ...]:
        """Every notification that should come up to an instant. Arrivals come in the order of time."""
        expected: list[Expected] = []
        for at_ms, batch in batches(arrivals):
            if at_ms > until_ms:
                break
            expected.extend(self._flush_due(at_ms if self._leeway.arrivals_first else at_ms + 1))
            for arrival in batch:
                self._receive(arrival)
        expected.extend(self._flush_due(until_ms + 1))
        return tuple(expected)

    def next_looks(self) -> dict[Labels, int]:
        """After `run`: for each alert that is in a group, when a group of its looks at it next."""
        looks: dict[Labels, int] = {}
        for group in self._groups.values():
            for labels in group.alerts:
                looks[labels] = min(group.next_flush_ms, looks.get(labels, group.next_flush_ms))
        return looks

    def _receive(self, arrival: Arrival) -> None:
        self._known[arrival.labels] = arrival
        self._inhibitor.note(arrival.labels)
        for route, labels in self._ways_of(arrival.labels):
            key = (route.path, labels)
            group = self._groups.get(key)
            if group is not None and not group.alerts and not self._comes_back(key, group, arrival.at_ms):
                group = None
            if group is None:
                group = self._groups[key] = _Group(route, labels)
                self._schedule(key, group, arrival.at_ms + route.group_wait_ms)
            group.alerts[arrival.labels] = arrival
            late = arrival.starts_at_ms + route.group_wait_ms < arrival.at_ms
            if group.last_flush_ms is None and late:
                self._schedule(key, group, arrival.at_ms)

    def _ways_of(self, labels: Labels) -> tuple[tuple[Route, Labels], ...]:
        """The routes of an alert, and the labels of its group on each."""
        known = self._ways.get(labels)
        if known is None:
            routes = self._tree.root.match(dict(labels))
            known = self._ways[labels] = tuple((route, _group_labels(labels, route)) for route in routes)
        return known

    def _comes_back(self, key: _Key, group: _Group, at_ms: int) -> bool:
        """Whether an empty group is still there; then it goes on looking at its own pace."""
        emptied_ms = group.last_flush_ms
        if emptied_ms is None or at_ms - emptied_ms >= self._leeway.linger_ms:
            return False
        looks = -(-(at_ms - emptied_ms) // group.route.group_interval_ms)
        self._schedule(key, group, emptied_ms + max(looks, 1) * group.route.group_interval_ms)
        return True

    def _schedule(self, key: _Key, group: _Group, at_ms: int) -> None:
        group.next_flush_ms = at_ms
        heapq.heappush(self._flushes, (at_ms, *key))

    def _flush_due(self, before_ms: int) -> Iterator[Expected]:
        while self._flushes and self._flushes[0][0] < before_ms:
            at_ms, path, labels = heapq.heappop(self._flushes)
            group = self._groups.get((path, labels))
            if group is None or group.next_flush_ms != at_ms or not group.alerts:
                continue
            yield from self._flush(group, at_ms)
            group.last_flush_ms = at_ms
            for alert in [a for a in group.alerts.values() if a.ends_at_ms <= at_ms]:
                del group.alerts[alert.labels]
            if group.alerts:
                self._schedule((path, labels), group, at_ms + group.route.group_interval_ms)

    def _flush(self, group: _Group, at_ms: int) -> Iterator[Expected]:
        route = group.route
        out_of_hours = self._out_of_hours(route, at_ms)
        heard = []
        for alert in group.alerts.values():
            reason = out_of_hours or self._quiet(alert.labels, at_ms)
            if reason is None:
                heard.append(alert)
            elif alert.ends_at_ms > at_ms:
                self.held_back.append(HeldBack(at_ms, route.receiver, alert.labels, reason))
        firing = frozenset(a.labels for a in heard if a.ends_at_ms > at_ms)
        resolved = frozenset(a.labels for a in heard if a.ends_at_ms <= at_ms)
        if not heard:
            return
        for number, (integration, sends_resolved) in enumerate(self._tree.receivers.get(route.receiver, ())):
            key = (route.key, group.labels, route.receiver, integration, number)
            told = self._told.get(key)
            if not _needs_telling(told, firing, resolved, sends_resolved, at_ms - route.repeat_interval_ms):
                continue
            self._told[key] = _Told(at_ms, firing, resolved)
            if not firing and not sends_resolved:
                continue  # noted, so that the next firing is news; nothing is sent
            yield Expected(
                at_ms=at_ms,
                receiver=route.receiver,
                integration=integration,
                number=number,
                group=group.labels,
                firing=tuple(sorted(firing)),
                resolved=tuple(sorted(resolved)) if sends_resolved else (),
            )

    def _out_of_hours(self, route: Route, at_ms: int) -> str | None:
        """Why the whole route tells nobody at an instant, or None."""
        muting = is_within(route.muted, self._tree.intervals, at_ms)
        if muting is not None:
            return f"muted by time interval {muting!r}"
        if route.active and is_within(route.active, self._tree.intervals, at_ms) is None:
            return f"outside its active time interval {', '.join(map(repr, route.active))}"
        return None

    def _quiet(self, labels: Labels, at_ms: int) -> str | None:
        """What keeps one alert quiet at an instant, or None."""
        for silence in self._silences:
            if silence.mutes(dict(labels), at_ms):
                return f"silenced{f' ({silence.comment})' if silence.comment else ''}"
        source = self._inhibitor.muting(labels, lambda other: self._known[other].ends_at_ms > at_ms)
        return None if source is None else f"inhibited by {dict(source).get('alertname', 'another alert')}"


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
