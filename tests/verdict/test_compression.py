"""Alertmanager in compressed time: what a model of it at full length contradicts is not known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from simulator.telemetry.observations import NotificationKind, NotificationReceived, RecordingEvaluated
from simulator.units import MINUTE, SECOND
from simulator.verdict import Word
from simulator.verdict.facts import Compression, HeldBackAlert
from tests.verdict.scene import CRITICAL, END, FIRED, ONSET, PASSING, Scene, must_not_pass, must_pass, no

FORETOLD = tuple(replace(one, destination="") for one in PASSING.journal if isinstance(one, NotificationReceived))
AGREEING = Compression(factor=240.0, in_proportion=True, fastest=240.0, foretold=(FORETOLD,), tolerance_ms=20 * SECOND)
NOT_TO_SLACK = tuple(one for one in FORETOLD if one.kind is not NotificationKind.SLACK)
HEARD_BY_SLACK = no(NotificationReceived, kind=NotificationKind.SLACK)
SLACK, PAGERDUTY = "expect.alerts[0].notifies[0]", "expect.alerts[0].notifies[1]"


def compressed(scene: Scene, *foretold: tuple[NotificationReceived, ...], **fields: object) -> Scene:
    return scene.given(compression=replace(AGREEING, foretold=foretold, **fields))


def test_where_both_agree_it_passes() -> None:
    must_pass(compressed(PASSING, FORETOLD))
    must_pass(compressed(PASSING, FORETOLD, factor=60.0, in_proportion=False))


ROWS = {
    "heard, and the model would not tell": (
        compressed(PASSING, NOT_TO_SLACK),
        SLACK,
        "a model of Alertmanager at full length does not tell slack of receiver critical; not confirmed by "
        "Alertmanager at 240 times the speed: --alertmanager-scale 1 decides",
    ),
    "heard, and one way that Alertmanager leaves open would not tell": (
        compressed(PASSING, FORETOLD, NOT_TO_SLACK),
        SLACK,
        "not confirmed",
    ),
    "not heard, and the model tells": (
        compressed(PASSING.without(HEARD_BY_SLACK), FORETOLD),
        SLACK,
        "heard nothing of it, but a model of Alertmanager at full length tells slack of receiver critical at +4m40s",
    ),
    "not heard by e-mail, and the model tells": (
        compressed(PASSING.without(no(NotificationReceived, kind=NotificationKind.EMAIL)), FORETOLD),
        "expect.alerts[0].notifies[2]",
        "tells email of receiver critical",
    ),
}


@pytest.mark.parametrize(("scene", "place", "says"), ROWS.values(), ids=ROWS)
def test_where_they_differ_in_the_outcome_nobody_knows(scene: Scene, place: str, says: str) -> None:
    must_not_pass(scene, place, Word.UNOBSERVED, says)


def test_what_neither_tells_is_misrouted_and_the_model_knows_why() -> None:
    silent = compressed(PASSING.without(HEARD_BY_SLACK).alert(notifies=["#critical-alerts"]), NOT_TO_SLACK)
    must_not_pass(silent, SLACK, Word.MISROUTED, "heard nothing of it")
    held = HeldBackAlert(FIRED, "critical", "HighErrorRate", CRITICAL, "muted by time interval 'night'")
    before = replace(held, at_ms=ONSET - MINUTE, reason="silenced (an earlier episode)")
    quiet = silent.given(compression=replace(AGREEING, foretold=(NOT_TO_SLACK,), held_back=(before, held)))
    must_not_pass(quiet, SLACK, Word.MISROUTED, "Alertmanager held it back, muted by time interval 'night'")


def test_where_they_differ_in_the_time_alone_it_is_said() -> None:
    later = tuple(replace(one, at_ms=one.at_ms + 4 * MINUTE) for one in FORETOLD if one.at_ms < END)
    verdict = compressed(PASSING, later).judged()
    assert verdict.outcome == "pass"
    (message,) = [f.message for f in verdict.findings if f.expectation == SLACK]
    assert "(+4m40s); at full length +8m40s by the model, --alertmanager-scale 1 decides" in message
    exact = compressed(PASSING, FORETOLD).judged()
    assert not any("at full length" in finding.message for finding in exact.findings)


def test_alerts_that_only_one_of_them_told_are_noted() -> None:
    notes = compressed(PASSING.alert(notifies=None), NOT_TO_SLACK).judged().notes
    assert any(note.startswith("compression may have changed what slack of receiver critical heard") for note in notes)
    assert not any("compression" in note for note in compressed(PASSING, FORETOLD).judged().notes)


def test_a_receiver_that_was_left_out_differs_for_another_reason_than_compression() -> None:
    teams = replace(FORETOLD[0], kind=NotificationKind.MSTEAMS, receiver="chat")
    scene = compressed(PASSING, (*FORETOLD, teams))
    assert any("compression may have changed what msteams of receiver chat" in note for note in scene.judged().notes)
    left_out = scene.given(removed_receivers={"chat": "msteams_configs needs Alertmanager ≥ 0.26"})
    assert not any("compression" in note for note in left_out.judged().notes)
    must_pass(left_out)


def test_how_exact_times_are_is_claimed() -> None:
    claim = {claim.title: claim.text for claim in compressed(PASSING, FORETOLD).judged().claims}["How exactly"]
    assert "240 times as fast as time: notifications ±20s, --alertmanager-scale 1 for real time" in claim
    slow = compressed(PASSING, FORETOLD, in_proportion=False, fastest=4.8).judged()
    waits = "bear no more than 4.8 times and were kept longer: --alertmanager-scale 4 waits for them"
    assert any(waits in claim.text for claim in slow.claims)


def test_a_text_that_virtual_time_cannot_expand_is_not_what_production_sends() -> None:
    scene = PASSING.given(unexpanded=(("HighErrorRate", "annotation summary needs the function js"),))
    must_not_pass(scene, SLACK, Word.UNOBSERVED, "not in production's words: annotation summary needs the function js")
    must_pass(PASSING.given(unexpanded=(("DiskAlmostFull", "annotation summary needs the function js"),)))


def test_a_recording_rule_that_fails_blinds_what_rests_on_it() -> None:
    resting = replace(PASSING.rules[2], recordings=("disk:free:ratio",))
    scene = replace(PASSING, rules=(*PASSING.rules[:2], resting, *PASSING.rules[3:]))
    must_pass(scene)
    failed = scene.plus(RecordingEvaluated(ONSET, "g", "disk:free:ratio", "err", "many-to-many matching"))
    says = (
        "DiskAlmostFull was blind, not silent: recording rule disk:free:ratio, which it rests on, failed at +2m: many"
    )
    must_not_pass(failed, "expect.no_other_alerts", Word.UNOBSERVED, says)
    must_pass(scene.plus(RecordingEvaluated(ONSET, "g", "another:ratio", "err", "many-to-many matching")))
