"""Which alerts virtual time evaluates on a past that may not be theirs: thinned, or without what was recorded then."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from simulator.engine.burn_rates import Recordings, recordings_of
from simulator.engine.density import Density, sparse_reads
from simulator.engine.groups import AlertingRule, RuleGroup
from simulator.engine.selectors import selectors_of
from simulator.rehearsal.history.recorded_past import RecordedPast
from simulator.units import HOUR, format_duration

LONGEST_WARM_UP_MS: Final = 6 * HOUR
"""Rules are evaluated so long before a run, at most, for those that look back on what was recorded."""

_REMEDY: Final = "--full-resolution evaluates it on every scrape"


def recorded_reach_ms(groups: Sequence[RuleGroup]) -> int:
    """How far back any rule looks for what another one recorded; 0 where all read it as it is."""
    recordings = recordings_of(groups)
    return max(
        (window for group in groups for rule in group.rules for _, window in _past(rule.expr, recordings)), default=0
    )


def doubtful(
    groups: Sequence[RuleGroup], density: Density, warm_up_ms: int, past: RecordedPast | None = None
) -> tuple[tuple[str, str], ...]:
    """Alerts whose result may differ from production's, and why: by the density of old samples, or because results of
    recording rules are there only from `warm_up_ms` before the run on, or by as much earlier as `past` has them."""
    recordings = recordings_of(groups)
    found: dict[tuple[str, str], None] = {}
    for group in groups:
        for rule in group.rules:
            if isinstance(rule, AlertingRule):
                for expr in _behind(rule.expr, recordings):
                    for reason in _reasons(expr, recordings, density, warm_up_ms, past):
                        found[rule.name, reason] = None
    return tuple(found)


def _reasons(
    expr: str, recordings: Recordings, density: Density, warm_up_ms: int, past: RecordedPast | None
) -> Iterator[str]:
    for reason in sparse_reads(expr, density, dense=recordings.keys()):
        yield f"{reason}; {_REMEDY}"
    for name, window_ms in _past(expr, recordings):
        if window_ms <= warm_up_ms:
            continue
        since_ms = past.before_ms(name, warm_up_ms) if past else warm_up_ms
        looks = f"it looks back {format_duration(window_ms)} on {name}"
        if window_ms > since_ms:
            yield f"{looks}, and it is recorded only from {format_duration(since_ms)} before the run on"
        for rule in recordings[name]:
            for reason in sparse_reads(rule.expr, density, window_ms, recordings.keys()):
                yield f"{looks}, and of that time {reason}; {_REMEDY}"


def _past(expr: str, recordings: Recordings) -> Iterator[tuple[str, int]]:
    """Recorded names that an expression looks back for, and how far."""
    try:
        selectors = selectors_of(expr)
    except ValueError:
        return
    yield from ((s.metric, s.window_ms) for s in selectors if s.metric in recordings and s.window_ms > 0)


def _behind(expr: str, recordings: Recordings) -> Iterator[str]:
    """An expression and those behind what it reads, each once."""
    waiting, seen = [expr], {expr}
    while waiting:
        current = waiting.pop()
        yield current
        try:
            names = {selector.metric for selector in selectors_of(current)}
        except ValueError:
            continue
        for name in sorted(names & recordings.keys()):
            for rule in recordings[name]:
                if rule.expr not in seen:
                    seen.add(rule.expr)
                    waiting.append(rule.expr)
