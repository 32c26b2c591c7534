"""Rule groups as a rule manager runs them: recording and alerting rules in their order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from simulator.telemetry.samples import Labels, labels_of

METRIC_NAME: Final = "__name__"


@dataclass(frozen=True)
class RecordingRule:
    """`record: name`. `labels` are set on every sample of the result."""

    name: str
    expr: str
    labels: Labels = ()


@dataclass(frozen=True)
class AlertingRule:
    """`alert: name`. Label and annotation values are templates."""

    name: str
    expr: str
    labels: Labels = ()
    annotations: Labels = ()
    for_ms: int = 0
    keep_firing_for_ms: int = 0


Rule = RecordingRule | AlertingRule


@dataclass(frozen=True)
class RuleGroup:
    """Rules that are evaluated one after another, every interval. A `limit` of 0 is none."""

    name: str
    file: str
    interval_ms: int
    rules: tuple[Rule, ...]
    limit: int = 0


def groups_from_api(groups: Iterable[Mapping[str, Any]]) -> tuple[RuleGroup, ...]:
    """The groups of a `/api/v1/rules` answer (its `data.groups`), as that server understood the files."""
    return tuple(
        RuleGroup(
            name=group["name"],
            file=group["file"],
            interval_ms=_ms(group["interval"]),
            rules=tuple(_rule(rule) for rule in group["rules"]),
            limit=int(group.get("limit", 0)),
        )
        for group in groups
    )


def _rule(rule: Mapping[str, Any]) -> Rule:
    labels = labels_of(rule.get("labels") or {})
    if rule["type"] == "recording":
        return RecordingRule(rule["name"], rule["query"], labels)
    return AlertingRule(
        name=rule["name"],
        expr=rule["query"],
        labels=labels,
        annotations=labels_of(rule.get("annotations") or {}),
        for_ms=_ms(rule.get("duration", 0)),
        keep_firing_for_ms=_ms(rule.get("keepFiringFor", 0)),
    )


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
