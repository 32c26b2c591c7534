"""Our rule manager against the one in `promtool test rules`, over generated rules and series."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from simulator.engine.evaluate import evaluate_rules
from simulator.engine.groups import AlertingRule, RecordingRule, Rule, RuleGroup
from simulator.engine.schedule import Grid
from simulator.engine.server import RuleServer, WrittenSeries
from simulator.engine.state import Vector
from simulator.stack.binaries import Binaries
from simulator.telemetry.interval import Interval
from simulator.telemetry.samples import labels_of
from simulator.units import format_duration
from simulator.wire.remote_write import STALE_NAN
from tests.engine.promtool import disagreement, metric

pytestmark = [pytest.mark.stack, pytest.mark.slow]

STEP_MS = 30_000
STEPS = 24
_GRID = Grid(STEP_MS, 0)  # as promtool evaluates: from the epoch on, without an offset
_PREFIX = "PREFIX_"  # of every name; each example has its own, as all of them share a server
_examples = itertools.count()

Values = Sequence[float | str]
"""One entry for each step: a number, `_` (no sample) or `stale`."""


def _write(server: RuleServer, series: dict[str, Values]) -> None:
    written = []
    for name, values in series.items():
        metric, labels = _parsed(name)
        samples = [
            (step * STEP_MS, STALE_NAN if value == "stale" else np.float64(value))
            for step, value in enumerate(values)
            if value != "_"
        ]
        if samples:
            times, numbers = zip(*samples, strict=True)
            written.append(
                WrittenSeries(
                    labels_of({"__name__": metric} | labels),
                    np.array(times, dtype=np.int64),
                    np.array([number.view(np.uint64) for number in numbers]).view(np.float64),
                )
            )
    server.write(written)


def _parsed(series: str) -> tuple[str, dict[str, str]]:
    metric, _, rest = series.partition("{")
    return metric, dict(re.findall(r'(\w+)="(\w*)"', rest))


def _seen(server: RuleServer, prefix: str) -> list[Vector]:
    ours = (f'{{__name__=~"{prefix}r[0-9]"}}', f'{{__name__=~"ALERTS.*",alertname=~"{prefix}.*"}}')
    return [[*server.vector(ours[0], step * STEP_MS), *server.vector(ours[1], step * STEP_MS)] for step in range(STEPS)]


_NUMBERS = st.integers(0, 4).map(float)
_RUNS = st.lists(
    st.tuples(st.one_of(_NUMBERS, st.just("_"), st.just("stale")), st.integers(1, 8)), min_size=1, max_size=8
).map(lambda runs: [value for value, length in runs for _ in range(length)][:STEPS])
_COUNTERS = st.lists(st.sampled_from([0.0, 0.0, 1.0, 3.0, -1.0]), min_size=STEPS, max_size=STEPS).map(
    lambda steps: list(itertools.accumulate(steps, lambda total, more: 0.0 if more < 0 else total + more))
)
_VALUES = st.one_of(_RUNS, _COUNTERS)
_SERIES = st.fixed_dictionaries(
    {'m0{a="x"}': _VALUES, 'm1{a="x"}': _VALUES}, optional={'m0{a="y"}': _VALUES, 'm1{a="y"}': _VALUES}
)

_METRICS = st.sampled_from(["m0", "m0", "m1", "m1", 'm0{a="x"}', 'm1{a!="y"}', "r0", "r0", "r1", "r2", "r3"])
_FORMS = st.sampled_from(
    [
        "{0}",
        "{0} > {n}",
        "{0} == {n}",
        "{0} > bool {n}",
        "sum by (a) ({0})",
        "sum({0}) > {n}",
        "max without (a) ({0})",
        "{0} + on (a) group_left () {1}",
        "{0} or {1}",
        "{0} unless {1}",
        "{0} and {1} > {n}",
        "increase({0}[2m])",
        "rate({0}[90s]) > 0",
        "count_over_time({0}[3m])",
        "max_over_time({0}[2m] offset 1m)",
        "sum_over_time({0}[3m:1m])",
        "absent({0})",
        "absent_over_time({0}[2m])",
        "changes({0}[2m]) > 0",
        "{0} @ start()",
        "label_replace({0}, 'a', 'z', 'a', 'x')",
        "{0} * 0 + time()",
        "ALERTS{{alertname=~'{p}.*'}}",
        "count(ALERTS{{alertname='{p}A0',alertstate='firing'}}) > 0",
        "{p}r0 + 1 or {0} * 0",
        "vector({n})",
        "{n} > bool 1",
        "minute() % 3 == {n}",
    ]
)


@st.composite
def _expressions(draw: st.DrawFn) -> str:
    operands = [_PREFIX + draw(_METRICS) for _ in range(2)]
    return draw(_FORMS).format(*operands, n=draw(st.integers(0, 3)), p=_PREFIX)


@st.composite
def _rules(draw: st.DrawFn) -> Rule:
    expr = draw(_expressions())
    labels = draw(st.sampled_from([(), (("severity", "page"),), (("a", "z"),), (("a", ""),)]))
    if draw(st.booleans()):
        return RecordingRule(_PREFIX + draw(st.sampled_from(["r0", "r0", "r1", "r2", "r3"])), expr, labels)
    return AlertingRule(
        name=_PREFIX + draw(st.sampled_from(["A0", "A1", "A2"])),
        expr=expr,
        labels=draw(st.sampled_from([labels, (("v", "{{ $value }}"),), (("x", "{{ $labels.a }}-{{ $labels.b }}"),)])),
        for_ms=draw(st.sampled_from([0, 0, 30_000, 45_000, 60_000, 120_000])),
        keep_firing_for_ms=draw(st.sampled_from([0, 0, 30_000, 100_000])),
    )


_LIMITS = st.sampled_from([0, 0, 0, 2])
_CASES = st.tuples(st.lists(_rules(), min_size=1, max_size=6), _SERIES, _LIMITS)


def _renamed(rule: Rule, prefix: str) -> Rule:
    return replace(rule, name=rule.name.replace(_PREFIX, prefix), expr=rule.expr.replace(_PREFIX, prefix))


def _agree(
    server: RuleServer, binaries: Binaries, folder: Path, rules: Sequence[Rule], series: dict[str, Values], limit: int
) -> None:
    prefix = f"e{next(_examples)}_"
    series = {prefix + name: values for name, values in series.items()}
    group = RuleGroup("g", "rules.yml", STEP_MS, tuple(_renamed(rule, prefix) for rule in rules), limit)
    _write(server, series)
    ours = evaluate_rules(server, [group], Interval(0, STEPS * STEP_MS), [_GRID])
    tests = [
        {
            "expr": '{__name__=~".*_r[0-9]|ALERTS.*"}',
            "eval_time": format_duration(step * STEP_MS),
            "exp_samples": [{"labels": metric(labels), "value": value} for labels, value in vector],
        }
        for step, vector in enumerate(_seen(server, prefix))
    ]
    verdict = disagreement(binaries.promtool.path, folder, [group], series, promql_expr_test=tests)
    failed = re.search(r"rule: (\S+), time: (\S+), err: (.*)", verdict)
    if failed is None:
        assert not verdict, verdict
        assert not ours.failures
    else:  # promtool stops at the first instant at which a rule fails
        first = ours.failures[0]
        at_ms = first.at_ms
        note(verdict)
        assert any(
            (failure.rule, failure.at_ms) == (failed[1], at_ms) and failed[3].endswith(failure.error)
            for failure in ours.failures
        )
        assert failed[2] == _go_duration(at_ms)


def _go_duration(ms: int) -> str:
    minutes, seconds = divmod(ms // 1000, 60)
    return f"{minutes}m{seconds}s" if minutes else f"{seconds}s"


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(case=_CASES)
def test_every_sample_of_every_rule_is_the_same(
    rule_server: RuleServer, binaries: Binaries, tmp_path: Path, case: tuple[list[Rule], dict[str, Values], int]
) -> None:
    _agree(rule_server, binaries, tmp_path, *case)
