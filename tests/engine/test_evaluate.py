"""The rule manager as a whole, on a real server: what is long, what fails at times, what is beyond us."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.engine.evaluate import VirtualEvaluation, evaluate_rules
from simulator.engine.groups import AlertingRule, RecordingRule, Rule, RuleGroup
from simulator.engine.order import READS_UNKNOWN
from simulator.engine.schedule import Grid
from simulator.engine.server import MAX_POINTS, RuleServer, WrittenSeries
from simulator.engine.state import Vector
from simulator.engine.unwritten import STRETCH
from simulator.errors import SimulatorError, UnobservedError
from simulator.telemetry.interval import Interval
from simulator.telemetry.observations import AlertObserved, AlertState, RuleEvaluated
from simulator.transport import http_client

pytestmark = pytest.mark.stack

START = 1_700_000_000_000
STEP = 1000
_names = itertools.count()


def _write(server: RuleServer, values: list[float], **labels: str) -> str:
    """A series with one sample for each step; returns its name, which no other test has."""
    name = labels.pop("name", "") or f"evaluated_{next(_names)}"
    times = START + STEP * np.arange(len(values), dtype=np.int64)
    labelled = tuple(sorted({"__name__": name, **labels}.items()))
    server.write([WrittenSeries(labelled, times, np.array(values))])
    return name


def _evaluate(server: RuleServer, steps: int, *rules: Rule) -> VirtualEvaluation:
    group = RuleGroup("g", "f.yml", STEP, rules)
    return evaluate_rules(server, [group], Interval(START, START + steps * STEP), [Grid(STEP, START % STEP)])


def test_more_evaluations_than_fit_into_a_query(rule_server: RuleServer) -> None:
    steps = MAX_POINTS + 500
    name = _write(rule_server, [float(step % 3700 > 3600) for step in range(steps)])
    seen = _evaluate(rule_server, steps, AlertingRule(f"{name}_a", f"{name} > 0", for_ms=50 * STEP)).observations
    told = [((one.since_ms - START) // STEP, one.state) for one in seen if isinstance(one, AlertObserved)]
    assert told == [
        (step, state)
        for begins in (3601, 7301, 11_001)
        for step, state in (
            (begins, AlertState.PENDING),
            (begins + 50, AlertState.FIRING),
            (begins + 99, AlertState.INACTIVE),
        )
    ]


def test_an_expression_fails_only_where_it_does(rule_server: RuleServer) -> None:
    name = _write(rule_server, [1.0] * 40, a="1")
    twin = np.array([np.nan] * 40)
    twin[17:20] = 1.0
    times = START + STEP * np.arange(40, dtype=np.int64)
    ends = [WrittenSeries((("__name__", name), ("a", "2")), times[17:20], twin[17:20])]
    rule_server.write(ends)
    # a window shorter than a step keeps the twin from lasting
    expr = f"last_over_time({name}[500ms]) * on () last_over_time({name}[500ms])"
    ours = _evaluate(rule_server, 40, RecordingRule(f"{name}:r", expr), AlertingRule(f"{name}_a", f"{expr} > 0"))
    failed = [(failure.rule, (failure.at_ms - START) // STEP) for failure in ours.failures]
    assert sorted(failed) == sorted((rule, step) for rule in (f"{name}:r", f"{name}_a") for step in (17, 18, 19))
    assert "many-to-many matching not allowed" in ours.failures[0].error
    health = [(one.health, (one.at_ms - START) // STEP) for one in ours.observations if isinstance(one, RuleEvaluated)]
    assert health == [("ok", 0), ("err", 17), ("ok", 20), ("ok", 39)]


def test_the_bounds_of_the_query_are_those_of_a_single_evaluation(rule_server: RuleServer) -> None:
    name = _write(rule_server, [float(step) for step in range(10)])
    _evaluate(rule_server, 10, RecordingRule(f"{name}:r", f"{name} @ end() - {name} @ start() + {name}"))
    recorded = rule_server.range(f"{name}:r", START + STEP * np.arange(10, dtype=np.int64))
    assert recorded.values.tolist() == [[float(step) for step in range(10)]]


def test_series_that_take_turns_do_not_fail_a_range(rule_server: RuleServer) -> None:
    """A range query refuses one label set from two series even where they never meet; a rule does not."""
    name = f"evaluated_{next(_names)}"
    for place, metric in enumerate((f"{name}_x", f"{name}_y")):
        times = START + STEP * np.arange(10 * place, 10 * place + 10, dtype=np.int64)
        rule_server.write([WrittenSeries((("__name__", metric),), times, np.ones(10))])
    expr = f'count_over_time({{__name__=~"{name}_[xy]"}}[500ms])'
    ours = _evaluate(rule_server, 20, RecordingRule(f"{name}:r", expr))
    assert ours.failures == ()
    recorded = rule_server.range(f"{name}:r", START + STEP * np.arange(20, dtype=np.int64))
    assert recorded.present.all()


def test_what_is_beyond_us_is_said_and_spreads_to_what_builds_on_it(rule_server: RuleServer) -> None:
    name = _write(rule_server, [1.0] * 5)
    ours = _evaluate(
        rule_server,
        5,
        AlertingRule(f"{name}_time", f"{name} > 0", labels=(("year", "{{ ($value | toTime).Year }}"),)),
        AlertingRule(f"{name}_meta", f'ALERTS{{alertname="{name}_time"}} > 0'),
        AlertingRule(f"{name}_fine", f"{name} > 0", annotations=(("day", "{{ ($value | toTime).Day }}"),)),
    )
    assert {(one.rule, one.reason) for one in ours.not_evaluated} == {
        (f"{name}_time", "its labels need the method Year of a time"),
        (f"{name}_meta", READS_UNKNOWN),
    }
    assert [(one.rule, one.reason) for one in ours.unexpanded] == [
        (f"{name}_fine", "annotation day needs the method Day of a time")
    ]
    unknown = {one.alert for one in ours.observations if isinstance(one, RuleEvaluated) and one.health == "unknown"}
    assert unknown == {f"{name}_time", f"{name}_meta"}
    assert {dict(sent.labels)["alertname"] for sent in ours.sent} == {f"{name}_fine"}


def test_a_group_without_an_instant_in_the_span_says_nothing(rule_server: RuleServer) -> None:
    group = RuleGroup("g", "f.yml", 60_000, (AlertingRule("Never", "vector(1)"), RecordingRule("never:r", "vector(1)")))
    ours = evaluate_rules(rule_server, [group], Interval(START, START + 10), [Grid(60_000, (START + 20) % 60_000)])
    assert ours == VirtualEvaluation((), (), (), (), ())


def test_results_that_are_there_already_are_not_written_over(rule_server: RuleServer) -> None:
    name = _write(rule_server, [1.0] * 5)
    with pytest.raises(SimulatorError, match=f"results of rules \\({name} …\\) written back: out of order sample"):
        _evaluate(rule_server, 5, RecordingRule(name, "vector(2)"))


def test_a_server_that_is_gone_is_not_observed() -> None:
    with http_client("http://127.0.0.1:9") as client, pytest.raises(UnobservedError, match="did not answer"):
        _evaluate(RuleServer(client), 5, AlertingRule("A", "vector(1)"))


class _Counting(RuleServer):
    """The same server, and how often it is asked about one instant."""

    def __init__(self, server: RuleServer) -> None:
        self._server = server
        self.asked = 0
        self.range = server.range
        self.write = server.write

    def vector(self, expr: str, at_ms: int) -> Vector:
        self.asked += 1
        return self._server.vector(expr, at_ms)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    load=st.lists(st.sampled_from([0.0, 1.0, 2.0]), min_size=12, max_size=12),
    most=st.integers(0, 3),
    late=st.booleans(),
    stretch=st.sampled_from([5, 240]),
)
def test_a_circle_is_quiet_until_it_says_something(
    rule_server: RuleServer, load: list[float], most: int, late: bool, stretch: int
) -> None:
    """The same rules where nothing is asked in advance, since their expressions move with the query."""

    def outcome(ahead: str) -> tuple[object, ...]:
        name = _write(rule_server, load)
        alerts = f'ALERTS{{alertname=~"{name}_.*"}}'
        rules: list[Rule] = [
            AlertingRule(f"{name}_load", f"{name} > 0", for_ms=2 * STEP),
            AlertingRule(f"{name}_many", f"(count({alerts}) > {most}){ahead}", for_ms=STEP),
            AlertingRule(f"{name}_fails", f"({name} * on () group_left () ({alerts} or {name} > 1) > 1){ahead}"),
            RecordingRule(
                f"{name}:all", f"(count({{__name__=~'{name}|{name}:all|ALERTS',alertname=~'({name}_.*)?'}}) > 2){ahead}"
            ),
        ]
        server = _Counting(rule_server)
        ours = _evaluate(server, len(load), *(reversed(rules) if late else rules))
        told = [
            (one.alert.removeprefix(name), one.state, one.since_ms, one.value)
            for one in ours.observations
            if isinstance(one, AlertObserved)
        ]
        failed = [(one.rule.removeprefix(name), one.at_ms) for one in ours.failures]
        recorded = rule_server.range(f"{name}:all", START + STEP * np.arange(len(load), dtype=np.int64))
        return told, failed, recorded.values.tolist(), recorded.present.tolist(), server.asked

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("simulator.engine.unwritten.STRETCH", stretch)
        *ours, asked = outcome("")
    *in_turns, asked_in_turns = outcome(" or nothing_is_called_so @ end()")
    assert ours == in_turns
    assert asked <= asked_in_turns


def test_what_looks_at_all_alerts_and_stays_quiet_is_asked_once(rule_server: RuleServer) -> None:
    steps = 2 * STRETCH + 20
    name = _write(rule_server, [1.0] * steps)
    counting = _Counting(rule_server)
    told: list[tuple[int, int]] = []
    rules = [AlertingRule(f"{name}_one", f"{name} > 0"), AlertingRule(f"{name}_many", "count(ALERTS) > 1000")]
    group = RuleGroup("g", "f.yml", STEP, tuple(rules))
    span, grid = Interval(START, START + steps * STEP), Grid(STEP, START % STEP)
    ours = evaluate_rules(counting, [group], span, [grid], on_progress=lambda done, total: told.append((done, total)))
    assert counting.asked == 0
    assert {one.alert for one in ours.observations if isinstance(one, AlertObserved)} == {f"{name}_one"}
    assert told == [(1, 2), (2, 2)]
