"""Measured against foretold: what agrees is shown, what does not is a finding, what nobody can foretell says why."""

from __future__ import annotations

from dataclasses import replace

import pytest

from simulator.slo import Firing
from simulator.telemetry.interval import Interval
from simulator.units import MINUTE, SECOND
from simulator.verdict import Outcome, Verdict, Word
from simulator.verdict.facts import Prediction
from tests.verdict.scene import END, FACTS, FAULT_END, FIRED, ONSET, PASSING

EVALUATION = FACTS.evaluation_interval_ms


def _prediction(fires: Firing | None, **fields: object) -> Prediction:
    base = Prediction(
        "HighErrorRate",
        "g",
        (("severity", "critical"),),
        Interval(ONSET, FAULT_END),
        error_ratio=0.2,
        fires=fires,
        at_highest=fires,
        at_lowest=fires,
        steady_detect_ms=2 * MINUTE,
    )
    return replace(base, **fields)


def _judged(prediction: Prediction) -> Verdict:
    return PASSING.given(predictions=(prediction,)).judged()


def _firing(by_ms: int = 0) -> Firing:
    """As HighErrorRate fires in the passing run, or so much later."""
    return Firing(ONSET + 30 * SECOND + by_ms, FIRED + by_ms, FAULT_END + MINUTE + by_ms)


@pytest.mark.parametrize("by_ms", [0, 2 * EVALUATION, -2 * EVALUATION])
def test_within_two_evaluations_it_agrees(by_ms: int) -> None:
    verdict = _judged(_prediction(_firing(by_ms)))
    assert verdict.outcome is Outcome.PASS
    (shown,) = verdict.predictions
    assert shown.agrees
    assert shown.detect_ms is not None
    assert shown.predicted_detect_ms == shown.detect_ms + by_ms
    assert shown.reset_ms is not None
    assert shown.predicted_reset_ms == shown.reset_ms + by_ms
    assert shown.steady_detect_ms == 2 * MINUTE


@pytest.mark.parametrize(("by_ms", "word"), [(2 * EVALUATION + 1, Word.EARLY), (-2 * EVALUATION - 1, Word.LATE)])
def test_beyond_two_evaluations_it_is_a_finding(by_ms: int, word: Word) -> None:
    verdict = _judged(_prediction(_firing(by_ms)))
    assert verdict.outcome is Outcome.FAIL
    (finding,) = (one for one in verdict.findings if one.expectation == "prediction")
    assert finding.word is word
    assert "by what was truly counted" in finding.message
    assert not verdict.predictions[0].agrees


def test_a_window_that_scrapes_leave_open_widens_what_agrees() -> None:
    late = _prediction(_firing(5 * MINUTE), at_highest=_firing(-MINUTE), at_lowest=_firing(6 * MINUTE))
    assert _judged(late).outcome is Outcome.PASS


def test_an_alert_that_ought_not_to_fire_or_ought_to_and_does_not() -> None:
    verdict = _judged(_prediction(None))
    assert [f.word for f in verdict.findings if f.expectation == "prediction"] == [Word.EARLY]
    silent = _prediction(_firing(), alert="DiskAlmostFull", labels=())
    verdict = _judged(silent)
    assert [f.word for f in verdict.findings if f.expectation == "prediction"] == [Word.LATE]
    soon = Firing(END - MINUTE, END - EVALUATION, None)  # too near the end for anybody to say
    assert _judged(_prediction(soon, alert="DiskAlmostFull", labels=())).outcome is Outcome.PASS


def test_a_resolution_that_comes_too_late_is_a_finding() -> None:
    firing = _firing()
    assert firing.resolved_ms is not None
    early = replace(firing, resolved_ms=firing.resolved_ms - 2 * EVALUATION - 1)
    verdict = _judged(_prediction(early))
    (finding,) = (one for one in verdict.findings if one.expectation == "prediction")
    assert finding.word is Word.LATE
    assert finding.message.startswith("resolved at")


def test_where_there_is_no_prediction_the_reason_is_told_and_nothing_else() -> None:
    verdict = _judged(_prediction(None, reason="x is not summed before it is divided", error_ratio=None))
    assert verdict.outcome is Outcome.PASS
    (shown,) = verdict.predictions
    assert shown.agrees is None
    assert shown.reason == "x is not summed before it is divided"
