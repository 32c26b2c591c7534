"""Alerts on an error budget: when they fired, held against when they ought to have by the platform's own books."""

from __future__ import annotations

from collections.abc import Iterator

from simulator.verdict.case import Case
from simulator.verdict.document import BurnPrediction, Evidence, Finding, Word
from simulator.verdict.episodes import Episode
from simulator.verdict.facts import Prediction
from simulator.verdict.sight import Sight
from simulator.verdict.wording import span

PLACE = "prediction"
"""What `Finding.expectation` says: nobody asks for it, every virtual run owes it."""


def judge_predictions(case: Case, sight: Sight) -> tuple[Finding, ...]:
    """One finding for each alert that fired or resolved more than two evaluations from when it ought to have."""
    found = []
    for prediction in case.facts.predictions:
        watched = any(sight.evaluation_problem(rule) is None for rule in case.named(prediction.alert))
        message = _disagreement(case, prediction, _measured(case, prediction))
        if message is not None and watched and sight.blocked(case.ends_ms) is None:
            found.append(_finding(case, prediction, *message))
    return tuple(found)


def predictions_of(case: Case) -> tuple[BurnPrediction, ...]:
    """Every prediction beside what was measured."""
    return tuple(_document(case, prediction) for prediction in case.facts.predictions)


def _document(case: Case, prediction: Prediction) -> BurnPrediction:
    measured, fires = _measured(case, prediction), prediction.fires
    began, ended = prediction.span.start_ms, prediction.span.end_ms

    def since(at_ms: int | None, from_ms: int) -> int | None:
        return None if at_ms is None else at_ms - from_ms

    told = not prediction.reason
    return BurnPrediction(
        alert=prediction.alert,
        labels=dict(prediction.labels),
        error_ratio=prediction.error_ratio,
        detect_ms=since(measured.firing_ms if measured else None, began),
        predicted_detect_ms=since(fires.firing_ms if fires else None, began),
        steady_detect_ms=prediction.steady_detect_ms,
        reset_ms=since(measured.resolved_ms if measured else None, ended),
        predicted_reset_ms=since(fires.resolved_ms if fires else None, ended),
        steady_reset_ms=prediction.steady_reset_ms,
        agrees=_disagreement(case, prediction, measured) is None if told else None,
        reason=prediction.reason,
    )


def _measured(case: Case, prediction: Prediction) -> Episode | None:
    """The first time that the alert fired."""
    fitting = [e for e in case.episodes if e.alert == prediction.alert and e.carries(dict(prediction.labels))]
    return min((e for e in fitting if e.fired), key=lambda e: e.firing_ms or 0, default=None)


def _disagreement(case: Case, prediction: Prediction, measured: Episode | None) -> tuple[Word, str] | None:
    """What is off, and how to call it."""
    if prediction.reason:
        return None
    tolerance_ms = 2 * case.facts.evaluation_interval_ms + max(
        case.facts.scrape_interval_ms - case.facts.evaluation_interval_ms, 0
    )
    highest, fires, lowest = prediction.at_highest, prediction.fires, prediction.at_lowest
    ought = "never" if fires is None else f"at {case.offset(fires.firing_ms)}"
    if measured is None or measured.firing_ms is None:
        if lowest is None or lowest.firing_ms + tolerance_ms >= case.ends_ms:
            return None
        return Word.LATE, f"did not fire, but by what was truly counted it ought to have {ought}"
    if highest is None or measured.firing_ms < highest.firing_ms - tolerance_ms:
        return Word.EARLY, f"fired at {case.offset(measured.firing_ms)}, by what was truly counted it ought to {ought}"
    if lowest is not None and measured.firing_ms > lowest.firing_ms + tolerance_ms:
        return Word.LATE, f"fired at {case.offset(measured.firing_ms)}, by what was truly counted it ought to {ought}"
    resolved = [one.resolved_ms for one in (highest, lowest) if one is not None and one.resolved_ms is not None]
    if measured.resolved_ms is None or len(resolved) < 2 or fires is None or fires.resolved_ms is None:
        return None
    ended = f"resolved at {case.offset(measured.resolved_ms)}, it ought to at {case.offset(fires.resolved_ms)}"
    if measured.resolved_ms < min(resolved) - tolerance_ms:
        return Word.EARLY, ended
    if measured.resolved_ms > max(resolved) + tolerance_ms:
        return Word.LATE, ended
    return None


def _finding(case: Case, prediction: Prediction, word: Word, message: str) -> Finding:
    return Finding(
        expectation=PLACE,
        alert=prediction.alert,
        labels=dict(prediction.labels),
        word=word,
        message=message,
        expected=f"as its windows and its `for` have it, to two evaluations ({_interval(case)} each)",
        evidence=tuple(_evidence(case, prediction)),
    )


def _interval(case: Case) -> str:
    return span(case.facts.evaluation_interval_ms)


def _evidence(case: Case, prediction: Prediction) -> Iterator[Evidence]:
    if prediction.error_ratio is not None:
        what = f"an error ratio of {prediction.error_ratio:.3%} from here to {case.offset(prediction.span.end_ms)}"
        yield Evidence(when=case.moment(prediction.span.start_ms), source="the platform's books", what=what)
