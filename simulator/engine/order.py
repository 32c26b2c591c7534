"""In which order rules have to be evaluated, and which of them only together, instant by instant.

A rule that reads another's result may be evaluated over the whole span at once as soon as the other was. That is not
so for rules that read in a circle (their own past, for one), that read what a later rule of their own group is about
to write (they must not see this instant's), or that may write the same series: those form one `Step` and take turns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import networkx as nx

from simulator.engine.groups import AlertingRule, Rule, RuleGroup
from simulator.engine.reads import ANYTHING, Reads, could_match, reads_of
from simulator.engine.selectors import selectors_of
from simulator.engine.state import ALERT_NAME
from simulator.engine.templates.expander import unsupported

Place = tuple[int, int]
"""A rule's place: the number of its group, then its own within the group."""

READS_UNKNOWN = "reads the result of a rule that cannot be evaluated in virtual time"

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
    a rule looks at, which is most of what it costs.
    """

    rules: tuple[Placed, ...]
    in_turns: bool
    after: frozenset[int]
    window_ms: int


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
    for writer in placed.values():
        names, known = _writes(writer.rule)
        for reader in placed.values():
            if any(could_match(selector, names, known) for selector in reads[reader.place].selectors):
                before.add_edge(writer.place, reader.place)
                read_by[writer.place].append(reader.place)
                if writer.place[0] == reader.place[0] and writer.place > reader.place:
                    before.add_edge(reader.place, writer.place)
            if writer is not reader and _may_collide(writer.rule, reader.rule):
                before.add_edge(writer.place, reader.place)
    steps: list[Step] = []
    numbers: dict[int, int] = {}
    condensed = nx.condensation(before)
    for node in nx.lexicographical_topological_sort(condensed, key=lambda node: min(condensed.nodes[node]["members"])):
        members = sorted(condensed.nodes[node]["members"])
        in_turns = len(members) > 1 or before.has_edge(members[0], members[0]) or reads[members[0]].moves_with_query
        after = frozenset(numbers[earlier] for earlier in condensed.predecessors(node))
        numbers[node] = len(steps)
        rules = tuple(placed[place] for place in members)
        steps.append(Step(rules, in_turns, after, max(_window_ms(one.rule.expr) for one in rules)))
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


def _writes(rule: Rule) -> tuple[frozenset[str], dict[str, str]]:
    """The names of the series that a rule writes, and the labels of which it is certain what they are."""
    if isinstance(rule, AlertingRule):
        known = {name: value for name, value in rule.labels if value and "{{" not in value}
        return _ALERT_SERIES, known | {ALERT_NAME: rule.name}
    return frozenset({rule.name}), dict(rule.labels)


def _may_collide(one: Rule, other: Rule) -> bool:
    (names, known), (other_names, other_known) = _writes(one), _writes(other)
    return bool(names & other_names) and all(known[name] == other_known[name] for name in known.keys() & other_known)


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
