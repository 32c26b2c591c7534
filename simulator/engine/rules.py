"""The team's alerting rules as Prometheus itself loaded them, with recording rules unfolded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from simulator.engine.selectors import selectors_of
from simulator.telemetry.rules import AlertRule, Selector, not_readable
from simulator.telemetry.samples import labels_of

DEEPEST_RECORDING = 20
"""Recording rules may build on one another this deep before it is taken for a circle."""


@dataclass(frozen=True)
class RuleSet:
    """The alerting rules, and the expressions behind each recorded name."""

    alerts: tuple[AlertRule, ...]
    recordings: Mapping[str, tuple[str, ...]]

    def named(self, alert: str) -> tuple[AlertRule, ...]:
        """Every rule of that name (Prometheus allows several)."""
        return tuple(rule for rule in self.alerts if rule.name == alert)


def rules_from_api(groups: Sequence[Mapping[str, Any]]) -> RuleSet:
    """The rules of a `/api/v1/rules` answer (its `data.groups`).

    An expression that our parser does not know becomes a selector that matches nothing: its alert counts as blind.
    """
    recordings: dict[str, tuple[str, ...]] = {}
    for group in groups:
        for rule in group["rules"]:
            if rule["type"] == "recording":
                recordings[rule["name"]] = (*recordings.get(rule["name"], ()), rule["query"])
    alerts = []
    for group in groups:
        for rule in group["rules"]:
            if rule["type"] != "alerting":
                continue
            selectors = _unfold(rule["query"], recordings, 0, DEEPEST_RECORDING)
            alerts.append(
                AlertRule(
                    name=rule["name"],
                    group=group["name"],
                    file=group.get("file", ""),
                    expr=rule["query"],
                    for_ms=round(float(rule.get("duration", 0)) * 1000),
                    interval_ms=round(float(group.get("interval", 0)) * 1000),
                    labels=labels_of(rule.get("labels") or {}),
                    annotations=labels_of(rule.get("annotations") or {}),
                    selectors=selectors,
                    reach_ms=max((selector.window_ms for selector in selectors), default=0),
                    keep_firing_for_ms=round(float(rule.get("keepFiringFor", 0)) * 1000),
                    recordings=_recordings_behind(rule["query"], recordings),
                )
            )
    return RuleSet(tuple(alerts), recordings)


def reach_of(expr: str, recordings: Mapping[str, tuple[str, ...]]) -> int:
    """How far back an expression looks, in milliseconds, recording rules included."""
    return max((selector.window_ms for selector in _unfold(expr, recordings, 0, DEEPEST_RECORDING)), default=0)


def _recordings_behind(expr: str, recordings: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The names of the recording rules that an expression rests on, at any depth."""
    found: dict[str, None] = {}
    left = [expr]
    while left:
        try:
            names = {selector.metric for selector in selectors_of(left.pop())} & set(recordings) - set(found)
        except ValueError:
            continue
        found |= dict.fromkeys(sorted(names))
        left.extend(recorded for name in sorted(names) for recorded in recordings[name])
    return tuple(found)


def _unfold(expr: str, recordings: Mapping[str, tuple[str, ...]], outer_ms: int, depth: int) -> tuple[Selector, ...]:
    """The selectors on scraped series that an expression rests on, windows added up along the way."""
    try:
        direct = selectors_of(expr)
    except ValueError:
        return (not_readable(expr, outer_ms),)
    found: dict[Selector, None] = {}
    for selector in direct:
        window_ms = outer_ms + selector.window_ms
        if selector.metric in recordings and depth > 0:
            for recorded in recordings[selector.metric]:
                for inner in _unfold(recorded, recordings, window_ms, depth - 1):
                    found[replace(inner, absence=inner.absence or selector.absence)] = None
        else:
            found[replace(selector, window_ms=window_ms)] = None
    return tuple(found)
