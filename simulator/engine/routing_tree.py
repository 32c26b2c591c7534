"""alertmanager.yml's routes and inhibition rules, read as Alertmanager reads them.

Source: https://prometheus.io/docs/alerting/latest/configuration/ (route, matcher, inhibit_rule).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ruamel.yaml import YAML

from simulator.engine.time_intervals import TimeInterval, TimeIntervals, read_time_intervals
from simulator.telemetry.matchers import read_matchers
from simulator.telemetry.rules import Matcher
from simulator.units import HOUR, MINUTE, SECOND, parse_duration


@dataclass(frozen=True)
class Route:
    """One route with what it inherits. `path` tells routes apart; `group_by` None groups by every label (`...`).

    `key` is what Alertmanager tells the groups of different routes apart by when it looks up what it has told whom:
    routes with the same matchers at the same place have the same.
    """

    path: str
    key: tuple[tuple[Matcher, ...], ...]
    receiver: str
    matchers: tuple[Matcher, ...]
    group_by: frozenset[str] | None
    group_wait_ms: int
    group_interval_ms: int
    repeat_interval_ms: int
    goes_on: bool  # `continue`
    children: tuple[Route, ...]
    muted: tuple[str, ...] = ()  # names of time intervals in which nothing is sent; not inherited
    active: tuple[str, ...] = ()  # names of those outside which nothing is sent; none given: always

    def match(self, labels: Mapping[str, str]) -> tuple[Route, ...]:
        """The routes that an alert ends up on: the deepest that match, the node itself where no child does."""
        if not all(matcher.accepts(labels.get(matcher.label, "")) for matcher in self.matchers):
            return ()
        found: list[Route] = []
        for child in self.children:
            deeper = child.match(labels)
            found.extend(deeper)
            if deeper and not child.goes_on:
                break
        return tuple(found) or (self,)


@dataclass(frozen=True)
class Inhibition:
    """While a source alert fires, target alerts with the same values of `equal` are kept quiet. What is on both sides
    keeps no other such alert quiet."""

    source: tuple[Matcher, ...]
    target: tuple[Matcher, ...]
    equal: tuple[str, ...]


@dataclass(frozen=True)
class RoutingTree:
    """The routes and inhibitions, for each receiver the integrations' `send_resolved`, and the time intervals."""

    root: Route
    inhibitions: tuple[Inhibition, ...]
    receivers: Mapping[str, tuple[tuple[str, bool], ...]]
    intervals: TimeIntervals = field(default_factory=dict)

    def intervals_in_use(self) -> tuple[TimeInterval, ...]:
        """Every entry of every time interval that a route names."""
        names = {name for route in self.routes() for name in (*route.muted, *route.active)}
        return tuple(one for name in sorted(names) for one in self.intervals.get(name, ()))

    def routes(self) -> Iterator[Route]:
        """Every route, a parent before its children."""
        left = [self.root]
        while left:
            route = left.pop()
            yield route
            left.extend(reversed(route.children))


_SENDS_RESOLVED = {"slack": False, "email": False, "wechat": False}
"""Defaults of `send_resolved` where they are not true."""


def read_routing(text: str) -> RoutingTree:
    """The routing of a configuration that Alertmanager accepted."""
    document: dict[str, Any] = YAML(typ="safe").load(text)
    root = _route(document["route"], "route", None)
    receivers = {
        str(receiver["name"]): tuple(
            (kind.removesuffix("_configs"), bool(one.get("send_resolved", _SENDS_RESOLVED.get(kind[:-8], True))))
            for kind, integrations in receiver.items()
            if kind.endswith("_configs")
            for one in integrations or ()
        )
        for receiver in document.get("receivers") or ()
    }
    inhibitions = tuple(
        Inhibition(
            (*_matchers(rule.get("source_matchers")), *_equals(rule.get("source_match"), "=")),
            (*_matchers(rule.get("target_matchers")), *_equals(rule.get("target_match"), "=")),
            tuple(str(name) for name in rule.get("equal") or ()),
        )
        for rule in document.get("inhibit_rules") or ()
    )
    return RoutingTree(root, inhibitions, receivers, read_time_intervals(document))


def _route(node: Mapping[str, Any], path: str, parent: Route | None) -> Route:
    by = node.get("group_by")
    group_by = (parent.group_by if parent else frozenset()) if by is None else frozenset(map(str, by))
    if group_by is not None and "..." in group_by:
        group_by = None

    def timer(name: str, inherited: int) -> int:
        written = node.get(name)
        return inherited if written is None else parse_duration(str(written))

    matchers = (
        *_matchers(node.get("matchers")),
        *_equals(node.get("match"), "="),
        *_equals(node.get("match_re"), "=~"),
    )
    in_order = tuple(sorted(matchers, key=lambda one: (one.label, one.value, one.op)))
    own = Route(
        path=path,
        key=(*parent.key, in_order) if parent else (in_order,),
        receiver=str(node.get("receiver") or (parent.receiver if parent else "")),
        matchers=matchers,
        group_by=group_by,
        group_wait_ms=timer("group_wait", parent.group_wait_ms if parent else 30 * SECOND),
        group_interval_ms=timer("group_interval", parent.group_interval_ms if parent else 5 * MINUTE),
        repeat_interval_ms=timer("repeat_interval", parent.repeat_interval_ms if parent else 4 * HOUR),
        goes_on=bool(node.get("continue", False)),
        children=(),
        muted=tuple(map(str, node.get("mute_time_intervals") or ())),
        active=tuple(map(str, node.get("active_time_intervals") or ())),
    )
    children = tuple(
        _route(child, f"{path}.routes[{number}]", own) for number, child in enumerate(node.get("routes") or ())
    )
    return replace(own, children=children)


def _matchers(written: Any) -> tuple[Matcher, ...]:
    return read_matchers([written] if isinstance(written, str) else map(str, written or ()))


def _equals(mapping: Mapping[str, Any] | None, op: str) -> tuple[Matcher, ...]:
    return tuple(Matcher(str(name), op, str(value)) for name, value in (mapping or {}).items())
