"""Who is evaluated when: chains over the whole span, circles in turns."""

from __future__ import annotations

from itertools import permutations, product

from hypothesis import given
from hypothesis import strategies as st

from simulator.engine.groups import AlertingRule, RecordingRule, Rule, RuleGroup
from simulator.engine.order import READS_UNKNOWN, plan
from simulator.engine.reads import could_match, reads_of


def _group(*rules: Rule, name: str = "g") -> RuleGroup:
    return RuleGroup(name, "f.yml", 15_000, rules)


def _steps(*groups: RuleGroup) -> list[tuple[tuple[str, ...], bool]]:
    return [(tuple(one.rule.name for one in step.rules), step.in_turns) for step in plan(groups, 0).steps]


def test_what_reads_comes_after_what_it_reads_also_from_another_group() -> None:
    reader = _group(AlertingRule("A", "r:two > 1"), name="first")
    writer = _group(RecordingRule("r:one", "x"), RecordingRule("r:two", "r:one"), name="second")
    assert _steps(reader, writer) == [(("r:one",), False), (("r:two",), False), (("A",), False)]


def test_a_step_waits_for_what_it_reads_and_for_nothing_else() -> None:
    group = _group(RecordingRule("r:one", "x"), RecordingRule("r:alone", "y"), RecordingRule("r:two", "r:one"))
    assert [step.after for step in plan([group], 0).steps] == [frozenset(), frozenset(), {0}]


def test_reading_a_later_rule_of_the_group_means_its_value_of_the_evaluation_before() -> None:
    assert _steps(_group(RecordingRule("r:early", "r:late"), RecordingRule("r:late", "x"))) == [
        (("r:early", "r:late"), True)
    ]


def test_reading_its_own_past_or_the_bounds_of_the_query_is_done_in_turns() -> None:
    assert _steps(_group(RecordingRule("r:own", "r:own + 1 or vector(0)"))) == [(("r:own",), True)]
    assert _steps(_group(RecordingRule("r", "x @ end()"))) == [(("r",), True)]


def test_alerts_are_read_by_name_and_label() -> None:
    meta = AlertingRule("Meta", 'count(ALERTS{alertname!="Meta",severity="page"})')
    page = AlertingRule("Page", "x > 1", labels=(("severity", "page"),))
    ticket = AlertingRule("Ticket", "x > 2", labels=(("severity", "ticket"),))
    assert _steps(_group(page, ticket, meta)) == [(("Page",), False), (("Ticket",), False), (("Meta",), False)]
    itself = AlertingRule("Meta", "count(ALERTS)")
    assert _steps(_group(page, itself)) == [(("Page",), False), (("Meta",), True)]


def test_rules_that_may_write_the_same_series_take_turns() -> None:
    apart = [RecordingRule("r", expr, (("verb", expr),)) for expr in ("read", "write")]
    assert _steps(_group(*apart)) == [(("r",), False), (("r",), False)]
    together = [RecordingRule("r", expr) for expr in ("read", "write")]
    assert _steps(_group(*together)) == [(("r", "r"), True)]


def test_a_selector_without_a_name_reads_whatever_it_could_match() -> None:
    names = _group(RecordingRule("r:a", "x"), RecordingRule("r:b", "y"), AlertingRule("A", '{__name__=~"r:a|z"} > 1'))
    after = {step.rules[0].rule.name: step.after for step in plan([names], 0).steps}
    assert after["A"] == {0}


def test_what_we_cannot_parse_is_taken_to_read_everything() -> None:
    assert _steps(_group(RecordingRule("r:a", "x"), RecordingRule("r:b", "not_a_function_we_know(x)"))) == [
        (("r:a",), False),
        (("r:b",), True),
    ]


def test_a_look_into_the_future_is_impossible_and_so_is_what_builds_on_it() -> None:
    group = _group(
        RecordingRule("r:ahead", "x offset -5m"),
        AlertingRule("Reader", "r:ahead > 1"),
        AlertingRule("Fine", "x offset 5m > 1"),
        AlertingRule("Fixed", "x @ 2000 > 1"),
        AlertingRule("Past", "x @ 500 > 1"),
        AlertingRule("Label", "x > 1", labels=(("l", "{{ js 1 }}"),)),
    )
    impossible = {group.rules[place[1]].name: reason for place, reason in plan([group], 1_000_000).impossible.items()}
    assert impossible.keys() == {"r:ahead", "Reader", "Fixed", "Label"}
    assert impossible["Reader"] == READS_UNKNOWN
    assert impossible["Label"] == "its labels need function js"


_EXPRESSIONS = (
    "x",
    "r:a",
    'r:b{l="1"}',
    "ALERTS",
    'ALERTS{alertname="A"}',
    '{__name__=~"r:.*"}',
    '{l!="1"}',
    "ALERTS{}",
)
_LABELS = st.sampled_from(((), (("l", "1"),), (("l", "2"),), (("alertname", "B"),)))
_RULES = st.builds(
    RecordingRule, st.sampled_from(("r:a", "r:b", "ALERTS")), st.sampled_from(_EXPRESSIONS), _LABELS
) | st.builds(AlertingRule, st.sampled_from("AB"), st.sampled_from(_EXPRESSIONS), _LABELS)


def _series(rule: Rule) -> tuple[frozenset[str], dict[str, str]]:
    if isinstance(rule, RecordingRule):
        return frozenset({rule.name}), dict(rule.labels)
    return frozenset({"ALERTS", "ALERTS_FOR_STATE"}), {**dict(rule.labels), "alertname": rule.name}


@given(groups=st.lists(st.lists(_RULES, min_size=1, max_size=4), min_size=1, max_size=3))
def test_names_are_looked_up_as_if_each_rule_were_compared_with_each(groups: list[list[Rule]]) -> None:
    steps = plan([_group(*rules, name=f"g{number}") for number, rules in enumerate(groups)], 0).steps
    rules = {(number, place): rule for number, group in enumerate(groups) for place, rule in enumerate(group)}
    step_of = {one.place: number for number, step in enumerate(steps) for one in step.rules}
    for (writer, one), (reader, other) in product(rules.items(), repeat=2):
        names, known = _series(one)
        if any(could_match(selector, names, known) for selector in reads_of(other.expr).selectors):
            together = step_of[writer] == step_of[reader]
            assert steps[step_of[writer]].in_turns if together else step_of[writer] in steps[step_of[reader]].after
    for (place, one), (other_place, other) in permutations(rules.items(), 2):
        (names, known), (other_names, other_known) = _series(one), _series(other)
        if names & other_names and all(known[name] == other_known[name] for name in known.keys() & other_known):
            assert step_of[place] == step_of[other_place]
