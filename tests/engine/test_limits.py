"""What a metric has to be for an alert to fire."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.engine.limits import BASE, Limit, Reading, limits_of, quiet_value

RISE, VALUE = Reading.RISE, Reading.VALUE


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        ("pg_up == 0", [Limit("pg_up", VALUE, "==", 0)]),
        ('1000 < sum by (q) (max_over_time(q_len{q!="x"}[5m]))', [Limit("q_len", VALUE, ">", 1000)]),
        ("increase(kills_total[10m]) > 3", [Limit("kills_total", RISE, ">", 3 / 600)]),
        ("sum(rate(refused_total[5m])) * 60 >= 30", [Limit("refused_total", RISE, ">=", 0.5)]),
        ("used / size * 100 > 90", [Limit("used", VALUE, ">", 90, per="size")]),
        ("(free / size) < 0.1", [Limit("free", VALUE, "<", 10, per="size")]),
        ("a > 1 and on (x) b < 2", [Limit("a", VALUE, ">", 1), Limit("b", VALUE, "<", 2)]),
        ("quantile_over_time(0.9, d[30m:1m]) > 3", [Limit("d", VALUE, ">", 3)]),
        ("a > 1 unless b > 2", [Limit("a", VALUE, ">", 1)]),
        ("a - b > 1", []),
        ("absent(a)", []),
        ("sum(rate(e[5m])) / sum(rate(t[5m])) > 0.1", []),
        ("histogram_quantile(0.9, rate(h_bucket[5m])) > 1", []),
        ("count(a) < 3", []),
        ("a > b", []),
    ],
)
def test_limits(expr: str, expected: list[Limit]) -> None:
    found = limits_of(expr)
    assert [(one.metric, one.reading, one.op, one.per) for one in found] == [
        (one.metric, one.reading, one.op, one.per) for one in expected
    ]
    assert [one.threshold for one in found] == pytest.approx([one.threshold for one in expected])
    assert BASE == 100


@given(st.sampled_from([">", ">=", "<", "<=", "==", "!="]), st.floats(-1e6, 1e6))
def test_loud_fires_and_quiet_does_not(op: str, threshold: float) -> None:
    limit = Limit("m", VALUE, op, threshold)
    assert limit.fires(limit.loud)
    assert not limit.fires(limit.quiet)


def test_one_value_is_quiet_for_all_alerts_on_a_metric() -> None:
    limits = [Limit("m", VALUE, ">", 90), Limit("m", VALUE, "<", 10), Limit("m", VALUE, "==", 0)]
    value = quiet_value(limits, 1.0)
    assert not any(limit.fires(value) for limit in limits)
    assert quiet_value([], 7.0) == 7.0
