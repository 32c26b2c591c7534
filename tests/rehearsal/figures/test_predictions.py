"""When alerts on a budget ought to fire, by the books; and what the books do not know."""

from __future__ import annotations

from dataclasses import replace

import pytest

from simulator.engine.burn_rates import BurnRule, burn_rule_of
from simulator.engine.density import Density
from simulator.engine.groups import AlertingRule, RecordingRule, RuleGroup
from simulator.engine.schedule import Grid
from simulator.profile.manifest import Manifest
from simulator.profile.schema import Profile
from simulator.rehearsal.figures.predictions import Evaluations, predict, steady_times
from simulator.rehearsal.history.doubts import doubtful, recorded_reach_ms
from simulator.telemetry.interval import Interval
from simulator.units import HOUR, MINUTE, SECOND

FAILED = 'http_requests_total{job="cryb-api",code=~"5.."}'
ALL = 'http_requests_total{job="cryb-api"}'
STEP = 15 * SECOND


def _burn(window: str = "1h", failed: str = FAILED, every: str = ALL, by: str = "") -> str:
    return f"sum {by}(rate({failed}[{window}])) / sum {by}(rate({every}[{window}])) > 14.4 * 0.001"


@pytest.fixture(scope="module")
def manifest() -> Manifest:
    profile = Profile.model_validate(
        {
            "name": "burn",
            "description": "Errors.",
            "start": "2026-01-07T20:00:00",
            "duration": "2h",
            "platform": {"size": "tiny", "instances": {"api": 2}},
            "traffic": {"peak": "2000/s", "shape": "flat"},
            "faults": [{"id": "burn", "kind": "http_errors", "at": "10m", "for": "1h", "intensity": 0.1}],
        }
    )
    return Manifest(
        run_id="burn",
        mode="virtual",
        profile=profile,
        profile_path="burn.yaml",
        seed=1,
        started_ms=profile.start_ms,
        overlays=(),
    )


def _evaluations(manifest: Manifest, *rules: AlertingRule) -> Evaluations:
    span = Interval(manifest.started_ms - 10 * MINUTE, manifest.ends_ms)
    return Evaluations((RuleGroup("g", "f.yml", STEP, rules),), (Grid(STEP, 0),), span, 10 * SECOND, 2 * MINUTE)


def test_it_is_the_workbooks_time_for_the_true_ratio(manifest: Manifest) -> None:
    expr = f"{_burn()} and {_burn('5m')}"
    (found,) = predict(manifest, _evaluations(manifest, AlertingRule("Burns", expr, for_ms=2 * MINUTE)))
    assert found.reason == ""
    assert found.error_ratio == pytest.approx(0.1, rel=0.03)
    assert found.fires is not None
    assert found.fires.resolved_ms is not None
    assert found.steady_detect_ms is not None
    assert found.steady_reset_ms is not None
    onset, end = found.span.start_ms, found.span.end_ms
    assert found.steady_detect_ms == pytest.approx(HOUR * 0.0144 / 0.1 + 2 * MINUTE, rel=0.05)
    assert abs(found.fires.firing_ms - onset - found.steady_detect_ms) < 90 * SECOND
    assert abs(found.fires.resolved_ms - end - found.steady_reset_ms) < 60 * SECOND
    assert found.at_highest is not None
    assert found.at_lowest is not None
    assert found.at_highest.firing_ms <= found.fires.firing_ms <= found.at_lowest.firing_ms


@pytest.mark.parametrize(
    ("expr", "reason"),
    [
        (_burn(by="by (route) "), "it is a ratio for each route"),
        (_burn(by="by (instance) "), "it is a ratio for each instance"),
        (_burn(failed='http_requests_total{status="500"}'), "what status selects of http_requests_total is not known"),
        (_burn(every='http_requests_total{method="GET"}'), "it is a share of only some of http_requests_total"),
        (_burn(failed=ALL), "is chosen by no label of the events"),
        (_burn(failed="nothing_total"), "nothing_total is no counter of all events of a kind in the catalogue"),
        (_burn(every="cryb_uploads_total"), "count different events"),
        (f"{_burn()} and up == 1", "up == 1 is no comparison of an error ratio with a number"),
    ],
)
def test_what_the_books_do_not_know_is_not_foretold(manifest: Manifest, expr: str, reason: str) -> None:
    (found,) = predict(manifest, _evaluations(manifest, AlertingRule("Burns", expr)))
    assert found.fires is None
    assert reason in found.reason


def test_a_target_that_was_down_makes_it_unknown(manifest: Manifest) -> None:
    evaluations = replace(_evaluations(manifest, AlertingRule("Burns", _burn())), down="target cryb-api cryb-api:3001")
    (found,) = predict(manifest, evaluations)
    assert found.reason == "target cryb-api cryb-api:3001 could not be scraped throughout"


def test_other_alerts_are_not_spoken_of(manifest: Manifest) -> None:
    assert predict(manifest, _evaluations(manifest, AlertingRule("Down", "up == 0"))) == ()


def test_of_several_alternatives_the_first_to_fire_and_the_last_to_end_count() -> None:
    told = burn_rule_of(f"{_burn()} or ({_burn('6h').replace('14.4', '6')})", {})
    assert isinstance(told, BurnRule)
    detect, reset = steady_times(told, 0, 0.0, 0.1, 3 * HOUR)
    assert detect == round(HOUR * 0.144)
    assert reset == round(6 * HOUR * (1 - 0.06))
    assert steady_times(told, 0, 0.0, 0.1, 5 * MINUTE) == (None, None)
    assert steady_times(told, 0, 0.0, 0.005, HOUR) == (None, None)


def test_alerts_on_a_past_that_is_not_theirs_are_named_with_what_stands_behind_them() -> None:
    group = RuleGroup(
        "g",
        "f.yml",
        STEP,
        (
            RecordingRule("job:up:count1d", "count_over_time(up[1d])"),
            RecordingRule("job:up:sum", "sum(up)"),
            AlertingRule("Thin", "job:up:count1d < 5000"),
            AlertingRule("Remembers", "avg_over_time(job:up:sum[1d]) < 1"),
            AlertingRule("RemembersLittle", "avg_over_time(job:up:sum[30m]) < 1"),
            AlertingRule("Fine", "sum(rate(http_requests_total[30d])) > 1"),
        ),
    )
    assert recorded_reach_ms([group]) == 24 * HOUR
    found = dict(doubtful([group], Density(7 * HOUR, 2 * MINUTE), HOUR))
    assert found.keys() == {"Thin", "Remembers"}
    assert "count_over_time(up[1d])" in found["Thin"]
    assert "--full-resolution" in found["Thin"]
    assert "looks back 1d on job:up:sum" in found["Remembers"]
    assert dict(doubtful([group], Density(7 * HOUR, 0), HOUR)).keys() == {"Remembers"}
