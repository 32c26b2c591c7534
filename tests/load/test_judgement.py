"""What a load run says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from simulator.errors import ExitCode
from simulator.load.judgement import Judged, judge_load
from simulator.telemetry.observations import LoadEnded, PlanKept, RequestTotals, ThresholdResult

OVERALL = RequestTotals("all requests", 1_000, 5, 5, 0.01, 0.02, 0.03)
GOOD = LoadEnded(at_ms=0, totals=(), overall=OVERALL, achieved_ratio=0.99, worker_cpu_ratio=0.3)


def changed(**overall: int) -> LoadEnded:
    return replace(GOOD, overall=replace(OVERALL, **overall))


@pytest.mark.parametrize(
    ("ended", "errors_expected", "outcome", "words"),
    [
        (GOOD, False, ExitCode.PASS, "no thresholds in the profile"),
        (replace(GOOD, achieved_ratio=0.7), False, ExitCode.INCONCLUSIVE, "70.0% of the planned requests"),
        (replace(GOOD, achieved_ratio=1.3), False, ExitCode.INCONCLUSIVE, "130.0% of the planned requests"),
        (replace(GOOD, achieved_ratio=None), False, ExitCode.INCONCLUSIVE, "no requests were planned"),
        (replace(GOOD, worker_cpu_ratio=0.95), False, ExitCode.INCONCLUSIVE, "95% of a core"),
        (replace(GOOD, worker_cpu_ratio=None), False, ExitCode.PASS, "too short to tell"),
        (replace(GOOD, problem="it died"), False, ExitCode.INCONCLUSIVE, "it died"),
        (changed(rate_limited=20), False, ExitCode.INCONCLUSIVE, "2.0% of the requests were rate limited"),
        (changed(failures=20), False, ExitCode.FAIL, "2.00% of the requests failed"),
        (changed(failures=20), True, ExitCode.PASS, "breaks the API on purpose"),
        (replace(changed(failures=20), problem="it died"), False, ExitCode.FAIL, "it died"),
    ],
)
def test_outcomes(ended: LoadEnded, errors_expected: bool, outcome: ExitCode, words: str) -> None:
    judgement = judge_load(ended, tolerance=0.2, errors_expected=errors_expected)
    assert judgement.outcome is outcome
    assert any(words in finding.text for finding in judgement.findings)


KEPT = ThresholdResult("http p95 < 300ms", True, 0.02, "20ms", 1_000)
BROKEN = ThresholdResult("http p99 < 10ms", False, 0.03, "30ms", 1_000)
UNKNOWN = ThresholdResult("posts max < 10ms", None, reason="no request is named 'posts'")


@pytest.mark.parametrize(
    ("thresholds", "outcome"),
    [
        ((KEPT,), ExitCode.PASS),
        ((KEPT, UNKNOWN), ExitCode.INCONCLUSIVE),
        ((KEPT, UNKNOWN, BROKEN), ExitCode.FAIL),
    ],
)
def test_thresholds_decide(thresholds: tuple[ThresholdResult, ...], outcome: ExitCode) -> None:
    judgement = judge_load(replace(GOOD, thresholds=thresholds), tolerance=0.2, errors_expected=False)
    assert judgement.outcome is outcome
    assert {finding.about for finding in judgement.findings} >= {one.text for one in thresholds}


def test_the_worst_comes_first() -> None:
    ended = replace(GOOD, thresholds=(KEPT, UNKNOWN, BROKEN), aborted_by=BROKEN.text)
    findings = judge_load(ended, tolerance=0.2, errors_expected=False).findings
    assert [finding.judged for finding in findings[:3]] == [Judged.BROKEN, Judged.BROKEN, Judged.UNOBSERVED]
    assert "ended early, as `http p99 < 10ms` was broken" in findings[1].text


def test_where_a_threshold_judges_errors_nothing_else_does() -> None:
    errors = ThresholdResult("error ratio < 5 %", True, 0.02, "2.000 %", 1_000)
    ended = replace(changed(failures=20), thresholds=(errors,))
    assert judge_load(ended, tolerance=0.2, errors_expected=False).outcome is ExitCode.PASS


def test_what_was_dropped_and_what_began_late_is_told() -> None:
    kept = PlanKept("http", "requests", planned=1_000.0, done=990, missed=7, late=12)
    findings = judge_load(replace(GOOD, kept=(kept,)), tolerance=0.2, errors_expected=False).findings
    (told,) = [finding.text for finding in findings if finding.about == "arrivals of http"]
    assert "7 requests of the plan were dropped" in told
    assert "12 began more than 100 ms after they were due" in told
    none = replace(GOOD, kept=(replace(kept, missed=0, late=0),))
    assert not [
        one for one in judge_load(none, tolerance=0.2, errors_expected=False).findings if "arrivals" in one.about
    ]
