"""What holds of every verdict: taking evidence away never makes a pass, and a gap anywhere never leaves one."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from simulator.telemetry.observations import (
    AlertmanagerObserved,
    AlertObserved,
    FaultEdge,
    Gap,
    Note,
    NotificationReceived,
    Observation,
    RecordingEvaluated,
)
from simulator.verdict import Outcome, Verdict, Word
from simulator.verdict.document import Finding, outcome_of
from tests.verdict.scene import END, OUTAGE, PASSING, QUIET, START, Scene

PASSES = {"errors": PASSING, "quiet": QUIET, "outage": OUTAGE}
KINDS = get_args(Observation)

IRRELEVANT = {
    # Explains why somebody heard nothing; what was heard is judged by who heard it.
    # Recording rules and gaps are told of when something is wrong with them, and here nothing is.
    "errors": {AlertmanagerObserved, Gap, Note, RecordingEvaluated},
    "outage": {AlertmanagerObserved, Gap, Note, RecordingEvaluated},
    # Nothing breaks, so no fault begins and nobody is told. Of alerts only Watchdog is ever active: that the others
    # were not is known from their rules' evaluations, which stay.
    "quiet": {AlertmanagerObserved, AlertObserved, NotificationReceived, FaultEdge, Gap, Note, RecordingEvaluated},
}
"""The kinds of observation that a run passes without, and why."""


@pytest.mark.parametrize("name", PASSES)
@pytest.mark.parametrize("kind", KINDS)
def test_without_a_kind_of_observation_no_run_passes_unless_it_is_irrelevant(name: str, kind: type) -> None:
    outcome = PASSES[name].without(lambda o: isinstance(o, kind)).judged().outcome
    assert (outcome is Outcome.PASS) == (kind in IRRELEVANT[name])


@given(
    scene=st.sampled_from(list(PASSES.values())),
    kinds=st.sets(st.sampled_from(KINDS), min_size=1),
    keep=st.sets(st.integers(0, 200)),
)
def test_taking_observations_away_never_turns_a_fail_into_a_pass(
    scene: Scene, kinds: set[type], keep: set[int]
) -> None:
    failing = scene.expecting(silent=["APIServiceDown", "Watchdog"])
    assert failing.judged().outcome is Outcome.FAIL
    watchdog = {i for i, o in enumerate(failing.journal) if isinstance(o, AlertObserved) and o.alert == "Watchdog"}
    less = [o for i, o in enumerate(failing.journal) if i in keep | watchdog or not isinstance(o, tuple(kinds))]
    assert failing.without(lambda o: not any(o is kept for kept in less)).judged().outcome is not Outcome.PASS


@given(
    scene=st.sampled_from(list(PASSES.values())),
    at_ms=st.integers(START - 60_000, END + 60_000),
    source=st.sampled_from(["prometheus", "alertmanager", "receivers", "api", "emitter", "load", "targets"])
    | st.text(),
    reason=st.text(),
)
def test_a_gap_anywhere_makes_a_passing_run_inconclusive(scene: Scene, at_ms: int, source: str, reason: str) -> None:
    assert scene.plus(Gap(at_ms, source, reason)).judged().outcome is Outcome.INCONCLUSIVE


@given(scene=st.sampled_from(list(PASSES.values())), cut_ms=st.integers(START - 1, END - 1))
def test_a_journal_that_ends_early_is_inconclusive_and_not_failed(scene: Scene, cut_ms: int) -> None:
    """What had not come yet is not missing."""
    assert scene.without(lambda o: o.at_ms > cut_ms).judged().outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize("change", [lambda s: s, lambda s: s.plus(Gap(START, "api", "x"))])
def test_the_same_journal_gives_the_same_verdict_and_reads_back(change: Callable[[Scene], Scene]) -> None:
    verdict = change(PASSING).judged()
    assert change(PASSING).judged() == verdict
    assert Verdict.model_validate_json(verdict.model_dump_json()) == verdict


@given(words=st.lists(st.sampled_from(Word)))
def test_the_outcome_follows_from_the_words(words: list[Word]) -> None:
    outcome = outcome_of(tuple(Finding(expectation="x", word=word, message="m") for word in words))
    broken = [word for word in words if word not in (Word.MET, Word.UNOBSERVED)]
    if broken:
        assert outcome is Outcome.FAIL
    else:
        assert (outcome is Outcome.PASS) == (bool(words) and set(words) == {Word.MET})


def test_a_verdict_that_its_findings_do_not_bear_out_cannot_exist() -> None:
    document = PASSING.plus(Gap(START, "api", "x")).judged().model_dump(mode="json")
    with pytest.raises(ValidationError, match="is not what the findings say"):
        Verdict.model_validate({**document, "outcome": "pass", "exit_code": 0})
