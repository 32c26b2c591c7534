"""In which order rules have to be evaluated, and which of them only together, instant by instant.

A rule that reads another's result may be evaluated over the whole span at once as soon as the other was. That is not
so for rules that read in a circle (their own past, for one), that read what a later rule of their own group is about
to write (they must not see this instant's), or that may write the same series: those form one `Step` and take turns.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product

import networkx as nx

from simulator.engine.groups import METRIC_NAME, AlertingRule, Rule, RuleGroup
from simulator.engine.reads import ANYTHING, Reads, could_match, reads_of
from simulator.engine.selectors import selectors_of
from simulator.engine.state import ALERT_NAME
from simulator.engine.templates.expander import unsupported
from simulator.telemetry.rules import Matcher

Place = tuple[int, int]
"""A rule's place: the number of its group, then its own within the group."""

READS_UNKNOWN = "reads the result of a rule that cannot be evaluated in virtual time"

_Written = tuple[frozenset[str], dict[str, str]]
_ALERT_SERIES = frozenset({"ALERTS", "ALERTS_FOR_STATE"})


@dataclass(frozen=True)
class Placed:
    """A rule where it stands."""

    group: RuleGroup
    rule: Rule
    place: Place


@dataclass(frozen=True)
class Step:
    """Rules to evaluate together: one alone over the whole span, or several in turns.

    `after` are the numbers of the steps whose results have to be there before. `window_ms` is the longest window that
    a rule looks at, which is most of what it costs. `moves_with_query` is set where a rule that takes turns is worth
    something else in a query over a range, whatever has been written by then.
    """

    rules: tuple[Placed, ...]
    in_turns: bool
    after: frozenset[int]
    window_ms: int
    moves_with_query: bool = False


@dataclass(frozen=True)
class Plan:
    """Every rule in some step, in an order that respects who reads whom. `impossible` says why, for rules that cannot
    be evaluated in virtual time or that build on one of those."""

    steps: tuple[Step, ...]
    impossible: Mapping[Place, str]


def plan(groups: Sequence[RuleGroup], starts_ms: int) -> Plan:
    """The order for a span that starts at an instant (epoch ms)."""
    placed = {
        (number, place): Placed(group, rule, (number, place))
        for number, group in enumerate(groups)
        for place, rule in enumerate(group.rules)
    }
    reads = {place: _reads(one.rule) for place, one in placed.items()}
    before: nx.DiGraph[Place] = nx.DiGraph()  # an edge from whatever has to be evaluated first
    before.add_nodes_from(placed)
    read_by: dict[Place, list[Place]] = {place: [] for place in placed}
    writes = {place: _writes(one.rule) for place, one in placed.items()}
    for writer, reader in _reading(reads, writes):
        before.add_edge(writer, reader)
        read_by[writer].append(reader)
        if writer[0] == reader[0] and writer > reader:
            before.add_edge(reader, writer)
    for one, other in _colliding(writes):
        before.add_edges_from([(one, other), (other, one)])
    steps: list[Step] = []
    numbers: dict[int, int] = {}
    condensed = nx.condensation(before)
    for node in nx.lexicographical_topological_sort(condensed, key=lambda node: min(condensed.nodes[node]["members"])):
        members = sorted(condensed.nodes[node]["members"])
        moves = any(reads[member].moves_with_query for member in members)
        in_turns = moves or len(members) > 1 or before.has_edge(members[0], members[0])
        after = frozenset(numbers[earlier] for earlier in condensed.predecessors(node))
        numbers[node] = len(steps)
        rules = tuple(placed[place] for place in members)
        steps.append(Step(rules, in_turns, after, max(_window_ms(one.rule.expr) for one in rules), moves))
    reasons = {place: _hindrance(one.rule, reads[place], starts_ms) for place, one in placed.items()}
    return Plan(tuple(steps), _spread({place: reason for place, reason in reasons.items() if reason}, read_by))


def _reads(rule: Rule) -> Reads:
    """The expression's; a label whose template queries the server may read anything besides."""
    reads = reads_of(rule.expr)
    if isinstance(rule, AlertingRule) and any("{{" in text and "query" in text for _, text in rule.labels):
        return Reads(ANYTHING.selectors, reads.moves_with_query, reads.ahead_ms, reads.fixed_ms)
    return reads


def _window_ms(expr: str) -> int:
    try:
        return max((selector.window_ms for selector in selectors_of(expr)), default=0)
    except ValueError:  # beyond our parser
        return 0


def _writes(rule: Rule) -> _Written:
    """The names of the series that a rule writes, and the labels of which it is certain what they are."""
    if isinstance(rule, AlertingRule):
        known = {name: value for name, value in rule.labels if value and "{{" not in value}
        return _ALERT_SERIES, known | {ALERT_NAME: rule.name}
    return frozenset({rule.name}), dict(rule.labels)


def _reading(reads: Mapping[Place, Reads], writes: Mapping[Place, _Written]) -> Iterator[tuple[Place, Place]]:
    """Every rule with each that may read what it writes: (writer, reader)."""
    writers: dict[str, list[Place]] = defaultdict(list)
    for place, (names, _) in writes.items():
        for name in names:
            writers[name].append(place)
    for reader, read in reads.items():
        found: dict[Place, None] = {}
        for selector in read.selectors:
            metric = _metric_of(selector)
            for writer in writes if metric is None else writers.get(metric, ()):
                if could_match(selector, *writes[writer]):
                    found[writer] = None
        for writer in found:
            yield writer, reader


def _metric_of(selector: tuple[Matcher, ...]) -> str | None:
    """The one metric that a selector names, if it does."""
    return next((one.value for one in selector if one.label == METRIC_NAME and one.op == "="), None)


def _colliding(writes: Mapping[Place, _Written]) -> Iterator[tuple[Place, Place]]:
    """The pairs of rules that may write the same series: hundreds write `ALERTS`, but few under one alert's name."""
    alike: dict[str, dict[str | None, list[Place]]] = defaultdict(lambda: defaultdict(list))
    for place, (names, known) in writes.items():
        for name in names:
            alike[name][known.get(ALERT_NAME)].append(place)
    for by_alert in alike.values():
        unknown = by_alert.pop(None, [])
        named = [place for places in by_alert.values() for place in places]
        for places in (unknown, *by_alert.values()):
            yield from (pair for pair in combinations(places, 2) if _may_be_one(writes, *pair))
        yield from (pair for pair in product(unknown, named) if _may_be_one(writes, *pair))


def _may_be_one(writes: Mapping[Place, _Written], one: Place, other: Place) -> bool:
    """Whether series of one name that two rules write may have the same labels."""
    known, other_known = writes[one][1], writes[other][1]
    return all(known[name] == other_known[name] for name in known.keys() & other_known)


def _hindrance(rule: Rule, reads: Reads, starts_ms: int) -> str:
    """Why a rule cannot be evaluated in virtual time; empty where it can."""
    if reads.ahead_ms > 0:
        return "looks into the future (negative offset), which a simulated server would already have"
    if reads.fixed_ms is not None and reads.fixed_ms > starts_ms:
        return "looks at a fixed instant (@) that may lie ahead"
    if isinstance(rule, AlertingRule):
        lacking = next(filter(None, (unsupported(text) for _, text in rule.labels)), "")
        return f"its labels need {lacking}" if lacking else ""
    return ""


def _spread(reasons: Mapping[Place, str], read_by: Mapping[Place, Sequence[Place]]) -> dict[Place, str]:
    """These, and every rule that reads their results."""
    spread = dict(reasons)
    reached = list(reasons)
    while reached:
        for reader in read_by[reached.pop()]:
            if reader not in spread:
                spread[reader] = READS_UNKNOWN
                reached.append(reader)
    return spread
