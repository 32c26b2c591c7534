"""What a rehearsal needs of the time before it: which samples, and how far back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from simulator.engine.groups import RuleGroup
from simulator.engine.rules import RuleSet
from simulator.engine.selectors import selectors_of
from simulator.profile.schema import Profile
from simulator.units import HOUR

_MARGIN_MS: Final = HOUR


def names_read(groups: Sequence[RuleGroup]) -> frozenset[str] | None:
    """The sample names that rules read; None where a selector names none, so that any may be read."""
    expressions = [rule.expr for group in groups for rule in group.rules]
    try:
        selectors = [selector for expr in expressions for selector in selectors_of(expr)]
    except ValueError:
        return None
    if any(not selector.metric or selector.metric.startswith("scrape_") for selector in selectors):
        return None  # what a scrape says of itself depends on all that was scraped
    return frozenset(selector.metric for selector in selectors)


def length_ms(profile: Profile, rules: RuleSet) -> int:
    """How long the history has to be: as the profile says, and longer where an alert looks back further."""
    reach_ms = max((rule.reach_ms for rule in rules.alerts), default=0)
    return max(profile.history.length, reach_ms) + _MARGIN_MS
