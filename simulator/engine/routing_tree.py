"""alertmanager.yml's routes and inhibition rules, read as Alertmanager reads them.

Source: https://prometheus.io/docs/alerting/latest/configuration/ (route, matcher, inhibit_rule).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ruamel.yaml import YAML

from simulator.telemetry.rules import Matcher
from simulator.units import HOUR, MINUTE, SECOND, parse_duration

_MATCHER = re.compile(r"\s*([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(=~|!~|!=|=)\s*(.*?)\s*", re.DOTALL)


@dataclass(frozen=True)
class Route:
    """One route with what it inherits. `path` tells routes apart; `group_by` None groups by every label (`...`)."""

    path: str
    receiver: str
    matchers: tuple[Matcher, ...]
    group_by: frozenset[str] | None
    group_wait_ms: int
    group_interval_ms: int
    repeat_interval_ms: int
    goes_on: bool  # `continue`
    children: tuple[Route, ...]

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
    """While a source alert fires, target alerts with the same values of `equal` are kept quiet."""

    source: tuple[Matcher, ...]
    target: tuple[Matcher, ...]
    equal: tuple[str, ...]

    def mutes(self, labels: Mapping[str, str], firing: Iterable[Mapping[str, str]]) -> bool:
        """Whether one of the firing alerts keeps this one quiet; what matches both sides mutes no such other."""
        if not all(matcher.accepts(labels.get(matcher.label, "")) for matcher in self.target):
            return False
        target_is_source = all(matcher.accepts(labels.get(matcher.label, "")) for matcher in self.source)
        for other in firing:
            if not all(matcher.accepts(other.get(matcher.label, "")) for matcher in self.source):
                continue
            if any(labels.get(name, "") != other.get(name, "") for name in self.equal):
                continue
            if target_is_source and all(matcher.accepts(other.get(matcher.label, "")) for matcher in self.target):
                continue
            return True
        return False


@dataclass(frozen=True)
class RoutingTree:
    """The routes and inhibitions, and for each receiver the integrations' `send_resolved`."""

    root: Route
    inhibitions: tuple[Inhibition, ...]
    receivers: Mapping[str, tuple[tuple[str, bool], ...]]
    has_time_intervals: bool


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
    return RoutingTree(root, inhibitions, receivers, _has_intervals(document["route"]))


def _route(node: Mapping[str, Any], path: str, parent: Route | None) -> Route:
    by = node.get("group_by")
    group_by = (parent.group_by if parent else frozenset()) if by is None else frozenset(map(str, by))
    if group_by is not None and "..." in group_by:
        group_by = None

    def timer(name: str, inherited: int) -> int:
        written = node.get(name)
        return inherited if written is None else parse_duration(str(written))

    own = Route(
        path=path,
        receiver=str(node.get("receiver") or (parent.receiver if parent else "")),
        matchers=(
            *_matchers(node.get("matchers")),
            *_equals(node.get("match"), "="),
            *_equals(node.get("match_re"), "=~"),
        ),
        group_by=group_by,
        group_wait_ms=timer("group_wait", parent.group_wait_ms if parent else 30 * SECOND),
        group_interval_ms=timer("group_interval", parent.group_interval_ms if parent else 5 * MINUTE),
        repeat_interval_ms=timer("repeat_interval", parent.repeat_interval_ms if parent else 4 * HOUR),
        goes_on=bool(node.get("continue", False)),
        children=(),
    )
    children = tuple(
        _route(child, f"{path}.routes[{number}]", own) for number, child in enumerate(node.get("routes") or ())
    )
    return replace(own, children=children)


def _matchers(written: Any) -> tuple[Matcher, ...]:
    lines = [written] if isinstance(written, str) else written or ()
    found = []
    for line in lines:
        for part in _parts(str(line)):
            matched = _MATCHER.fullmatch(part)
            if matched is None:
                raise ValueError(f"{part!r} is not a matcher")
            found.append(Matcher(matched[1], matched[2], _unquoted(matched[3])))
    return tuple(found)


def _parts(line: str) -> list[str]:
    """`{a="b",c=~"d"}` holds several; a comma inside quotes separates nothing."""
    inner = line.strip()
    if inner.startswith("{") and inner.endswith("}"):
        inner = inner[1:-1]
    return [part for part in re.findall(r'((?:[^,"]|"(?:[^"\\]|\\.)*")+)', inner) if part.strip()]


def _unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] == '"':
        return re.sub(r"\\(.)", lambda m: {"n": "\n"}.get(m[1], m[1]), value[1:-1])
    return value


def _equals(mapping: Mapping[str, Any] | None, op: str) -> tuple[Matcher, ...]:
    return tuple(Matcher(str(name), op, str(value)) for name, value in (mapping or {}).items())


def _has_intervals(node: Mapping[str, Any]) -> bool:
    if node.get("mute_time_intervals") or node.get("active_time_intervals"):
        return True
    return any(_has_intervals(child) for child in node.get("routes") or ())
