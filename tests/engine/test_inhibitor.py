"""Who keeps whom quiet: the rule as it is written down, asked of one alert and all that fire."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from simulator.engine.inhibitor import Inhibitor
from simulator.engine.routing_tree import Inhibition
from simulator.telemetry.rules import Matcher
from simulator.telemetry.samples import Labels, labels_of

_NAMES, _VALUES = ("alertname", "severity", "service"), ("", "a", "b")
_matchers = st.lists(
    st.builds(Matcher, st.sampled_from(_NAMES), st.sampled_from(("=", "!=", "=~")), st.sampled_from(("", "a", "a|b"))),
    max_size=2,
).map(tuple)
_rules = st.lists(
    st.builds(Inhibition, _matchers, _matchers, st.lists(st.sampled_from(_NAMES), max_size=2, unique=True).map(tuple)),
    max_size=3,
)
_alerts = st.lists(
    st.fixed_dictionaries({name: st.sampled_from(_VALUES) for name in _NAMES}).map(labels_of), max_size=8
)


def _passes(matchers: Iterable[Matcher], labels: Labels) -> bool:
    return all(matcher.accepts(dict(labels).get(matcher.label, "")) for matcher in matchers)


def _as_written(rules: Iterable[Inhibition], target: Labels, firing: list[Labels]) -> Labels | None:
    for rule in rules:
        for source in firing:
            same = all(dict(target).get(name, "") == dict(source).get(name, "") for name in rule.equal)
            both = _passes(rule.source, target) and _passes(rule.target, source)
            if _passes(rule.target, target) and _passes(rule.source, source) and same and not both:
                return source
    return None


@given(rules=_rules, alerts=_alerts, fire=st.lists(st.booleans(), min_size=8, max_size=8))
def test_as_the_rules_are_written(rules: list[Inhibition], alerts: list[Labels], fire: list[bool]) -> None:
    inhibitor = Inhibitor(rules)
    for labels in alerts:
        inhibitor.note(labels)
    noted = list(dict.fromkeys(alerts))
    firing = [labels for labels, fires in zip(noted, fire, strict=False) if fires]
    for labels in noted:
        assert inhibitor.muting(labels, firing.__contains__) == _as_written(rules, labels, firing)
