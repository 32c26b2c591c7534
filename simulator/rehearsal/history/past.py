"""What a rehearsal needs of the time before it: which samples, and how far back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from simulator.engine.groups import RecordingRule, RuleGroup
from simulator.engine.rules import DEEPEST_RECORDING, RuleSet
from simulator.engine.selectors import LOOKBACK_MS, selectors_of
from simulator.profile.schema import Profile
from simulator.units import HOUR

MARGIN_MS: Final = HOUR


def names_read(groups: Sequence[RuleGroup]) -> Mapping[str, int] | None:
    """The sample names that rules read, each with how far back any of them looks for it (ms), by way of recorded names,
    too; None where a selector names none, so that any may be read."""
    recorded: dict[str, list[str]] = defaultdict(list)
    for group in groups:
        for rule in group.rules:
            if isinstance(rule, RecordingRule):
                recorded[rule.name].append(rule.expr)
    reach: dict[str, int] = {}
    try:
        for group in groups:
            for rule in group.rules:
                _reach(rule.expr, recorded, 0, DEEPEST_RECORDING, reach)
    except ValueError:
        return None
    if any(not name or name.startswith("scrape_") for name in reach):
        return None  # what a scrape says of itself depends on all that was scraped
    return reach


def length_ms(profile: Profile, rules: RuleSet) -> int:
    """How long the history has to be: as the profile says, and longer where an alert looks back further."""
    reach_ms = max((rule.reach_ms for rule in rules.alerts), default=0)
    return max(profile.history.length, reach_ms) + MARGIN_MS


def _reach(expr: str, recorded: Mapping[str, Sequence[str]], outer_ms: int, depth: int, reach: dict[str, int]) -> None:
    """Look through an expression that is itself looked back for by `outer_ms`. Raises ValueError."""
    for selector in selectors_of(expr, exceptions=True):
        so_far_ms = outer_ms + max(selector.window_ms, LOOKBACK_MS)
        reach[selector.metric] = max(reach.get(selector.metric, 0), so_far_ms)
        if depth > 0:
            for behind in recorded.get(selector.metric, ()):
                _reach(behind, recorded, so_far_ms, depth - 1, reach)
