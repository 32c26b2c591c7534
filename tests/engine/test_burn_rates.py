"""Which alerts are about an error budget, and what is refused because a prediction of it could be wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.engine.burn_rates import BurnRule, NotTold, Window, burn_rule_of
from simulator.engine.groups import RecordingRule
from simulator.units import DAY, HOUR, MINUTE, format_duration

FAILED = 'http_requests_total{job="api",code=~"5.."}'
ALL = 'http_requests_total{job="api"}'


def _ratio(window: str, by: str = "by (service) ") -> str:
    return f"sum {by}(rate({FAILED}[{window}])) / sum {by}(rate({ALL}[{window}]))"


def _told(expr: str, **recorded: str) -> BurnRule:
    recordings = {name: [RecordingRule(name, text)] for name, text in recorded.items()}
    rule = burn_rule_of(expr, recordings)
    assert isinstance(rule, BurnRule), rule
    return rule


def test_a_rule_with_several_windows_and_rates_is_told_whole() -> None:
    rule = _told(
        "(r1h > 14.4 * 0.001 and r5m > 14.4 * 0.001) or (r6h > 6 * (1 - 0.999) and r30m > 6 * (1 - 0.999))",
        r1h=_ratio("1h"),
        r5m=f"({_ratio('5m')})",
        r6h=_ratio("6h"),
        r30m=f"(sum by (service) (rate({FAILED}[30m])) or 0 * sum by (service) (rate({ALL}[30m])))"
        f" / sum by (service) (rate({ALL}[30m]))",
    )
    first, second = rule.alternatives
    assert first == (Window(HOUR, 14.4 * 0.001, 14.4), Window(5 * MINUTE, 14.4 * 0.001, 14.4))
    assert [w.window_ms for w in second] == [6 * HOUR, 30 * MINUTE]
    assert [w.threshold for w in second] == pytest.approx([0.006, 0.006])
    assert rule.ratio.by == {"service"}
    assert [matcher.label for matcher in rule.ratio.part.matchers] == ["code", "job"]


def test_ratios_are_read_through_recordings_of_their_parts() -> None:
    rule = _told(
        "sum(failed:rate1h) / sum(all:rate1h) > 14.4 * 0.001",
        **{
            "failed:rate1h": f"sum by (service) (rate({FAILED}[1h]))",
            "all:rate1h": f"sum by (service) (rate({ALL}[1h]))",
        },
    )
    assert rule.windows == (Window(HOUR, 14.4 * 0.001, 14.4),)
    assert rule.ratio.by == frozenset()


def test_the_share_of_good_events_is_turned_round() -> None:
    good = _ratio("1h").replace("5..", "2..")
    assert _told(f"1 - ({good}) > 14.4 * 0.001").ratio.inverted
    assert _told(f"14.4 * 0.001 < 1 - ({good})").windows == (Window(HOUR, 14.4 * 0.001, 14.4),)


def test_of_recordings_under_one_name_the_selector_chooses() -> None:
    rules = [
        RecordingRule("r", _ratio("1h"), (("slo", "requests"),)),
        RecordingRule("r", _ratio("5m"), (("slo", "logins"),)),
    ]
    rule = burn_rule_of('r{slo="requests"} > 2 * 0.01', {"r": rules})
    assert isinstance(rule, BurnRule)
    assert rule.windows[0].window_ms == HOUR
    assert isinstance(burn_rule_of("r > 2 * 0.01", {"r": rules}), NotTold)


@pytest.mark.parametrize(
    ("expr", "reason"),
    [
        (f"rate({FAILED}[1h]) / rate({ALL}[1h]) > 14.4 * 0.001", "not summed before it is divided"),
        (f"sum(rate({FAILED}[1h])) / sum(rate({ALL}[5m])) > 14.4 * 0.001", "different windows, 1h and 5m"),
        (f"sum by (a) (rate({FAILED}[1h])) / sum(rate({ALL}[1h])) > 2 * 0.01", "sums by different labels"),
        (f"sum without (a) (rate({FAILED}[1h])) / sum(rate({ALL}[1h])) > 2 * 0.01", "without some labels"),
        (f"avg(rate({FAILED}[1h])) / sum(rate({ALL}[1h])) > 2 * 0.01", "is no sum"),
        (f"sum(irate({FAILED}[1h])) / sum(rate({ALL}[1h])) > 2 * 0.01", "is no rate or increase"),
        (f"sum(rate({FAILED}[1h] offset 1d)) / sum(rate({ALL}[1h])) > 2 * 0.01", "is no rate up to now"),
        (f"{_ratio('1h')} > 14.4 * 0.001 and sum(rate({ALL}[1h])) > 1", "is no ratio of two sums of rates"),
        (f"{_ratio('1h')} > 2 * 0.01 unless up == 0", "is no comparison of an error ratio"),
        (f"{_ratio('1h')} > 2 * 0.01 and {_ratio('5m').replace('5..', '4..')} > 2 * 0.01", "several ratios"),
        (f"{_ratio('1h')} < 2 * 0.01", "is compared from above"),
        (f"(sum(rate({FAILED}[1h])) or sum(rate(y[1h]))) / sum(rate({ALL}[1h])) > 2 * 0.01", "may be something else"),
        ("avg_over_time(ratio[1h]) > 14.4 * 0.001", "is no ratio of two sums of rates"),
    ],
)
def test_what_is_not_understood_is_refused_with_a_reason(expr: str, reason: str) -> None:
    told = burn_rule_of(expr, {})
    assert isinstance(told, NotTold)
    assert reason in told.reason


def test_what_is_recorded_from_itself_ends() -> None:
    told = burn_rule_of("r > 2 * 0.01", {"r": [RecordingRule("r", "r")]})
    assert told == NotTold("r is recorded from itself")


@pytest.mark.parametrize(
    "expr", ["up == 0", f"{_ratio('1m')} > 0.05", "histogram_quantile(0.95, x) > 0.5", "this is no (PromQL"]
)
def test_other_alerts_are_not_about_a_budget(expr: str) -> None:
    assert burn_rule_of(expr, {}) is None


WINDOWS = st.integers(1, 60).flatmap(lambda n: st.sampled_from([n * MINUTE, n * HOUR, n * DAY]))


@given(st.lists(st.tuples(WINDOWS, st.floats(1, 20)), min_size=1, max_size=4), st.sampled_from([0.01, 0.001, 0.0005]))
def test_any_windows_and_burn_rates_are_told_as_written(asked: list[tuple[int, float]], budget: float) -> None:
    expr = " and ".join(f"({_ratio(format_duration(window), '')}) > {rate!r} * {budget}" for window, rate in asked)
    rule = _told(expr)
    assert [window.window_ms for window in rule.windows] == [window for window, _ in asked]
    assert [window.threshold for window in rule.windows] == pytest.approx([rate * budget for _, rate in asked])
    assert [window.burn_rate for window in rule.windows] == pytest.approx([rate for _, rate in asked])
