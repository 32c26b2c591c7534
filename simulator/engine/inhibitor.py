"""Which firing alert keeps another quiet: asked of every alert of a group at every look, so of hundreds at a time.

What an alert's labels decide for good is decided once: which side of an inhibition rule it is on, and which values of
the rule's `equal` it shares with whom.
Source: https://prometheus.io/docs/alerting/latest/configuration/#inhibit_rule
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from simulator.engine.routing_tree import Inhibition
from simulator.telemetry.rules import Matcher
from simulator.telemetry.samples import Labels


@dataclass(frozen=True)
class _Sides:
    """An alert to one inhibition rule; `shared` are its values of the labels that have to be equal."""

    is_source: bool
    is_target: bool
    shared: tuple[str, ...]


class Inhibitor:
    """The inhibition rules over the alerts that were noted, in the order in which they were."""

    def __init__(self, rules: Sequence[Inhibition]) -> None:
        self._rules = tuple(rules)
        self._sides: dict[Labels, tuple[_Sides, ...]] = {}
        self._noted: set[Labels] = set()
        self._sources: list[dict[tuple[str, ...], list[Labels]]] = [{} for _ in self._rules]

    def note(self, labels: Labels) -> None:
        """An alert that may keep others quiet from now on, while it fires."""
        if labels in self._noted:
            return
        self._noted.add(labels)
        for sides, sources in zip(self._to_rules(labels), self._sources, strict=True):
            if sides.is_source:
                sources.setdefault(sides.shared, []).append(labels)

    def muting(self, labels: Labels, fires: Callable[[Labels], bool]) -> Labels | None:
        """Which of the noted alerts that fire keeps this one quiet, by the first rule by which one does; or None."""
        for number, (sides, sources) in enumerate(zip(self._to_rules(labels), self._sources, strict=True)):
            if not sides.is_target:
                continue
            for other in sources.get(sides.shared, ()):
                if fires(other) and not (sides.is_source and self._to_rules(other)[number].is_target):
                    return other
        return None

    def _to_rules(self, labels: Labels) -> tuple[_Sides, ...]:
        known = self._sides.get(labels)
        if known is None:
            own = dict(labels)
            known = self._sides[labels] = tuple(
                _Sides(
                    is_source=_passes(rule.source, own),
                    is_target=_passes(rule.target, own),
                    shared=tuple(own.get(name, "") for name in rule.equal),
                )
                for rule in self._rules
            )
        return known


def _passes(matchers: Sequence[Matcher], labels: dict[str, str]) -> bool:
    return all(matcher.accepts(labels.get(matcher.label, "")) for matcher in matchers)
