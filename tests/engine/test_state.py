"""The alerting state machine where promtool and a second of real time do not reach."""

from __future__ import annotations

import pytest

from simulator.engine.groups import AlertingRule
from simulator.engine.state import RESOLVED_RETENTION_MS, AlertingState, RuleError
from simulator.telemetry.observations import AlertState
from simulator.telemetry.samples import Labels

ELEMENT: Labels = (("__name__", "x"), ("a", "1"))
STEP = 15_000


def _plain(text: str, labels: Labels, value: float, at_ms: int) -> str:
    return text


def _state(limit: int = 0, **rule: object) -> AlertingState:
    return AlertingState(AlertingRule("A", "x", **rule), _plain, limit)  # type: ignore[arg-type]  # of the dataclass


def test_it_fires_when_it_has_been_active_for_exactly_that_long() -> None:
    state = _state(for_ms=2 * STEP)
    told = [state.evaluate(at, [(ELEMENT, 1.0)]).transitions for at in (0, STEP, 2 * STEP)]
    (pending,), (), (firing,) = told
    assert (pending.state, pending.since_ms) == (AlertState.PENDING, 0)
    assert (firing.state, firing.since_ms) == (AlertState.FIRING, 2 * STEP)
    assert firing.labels == (("a", "1"), ("alertname", "A"))


def test_a_resolved_alert_is_sent_for_a_quarter_of_an_hour_and_then_forgotten() -> None:
    state = _state()
    state.evaluate(0, [(ELEMENT, 1.0)])
    assert [sent.resolved for sent in state.send(0, interval_ms=STEP, resend_delay_ms=60_000)] == [False]
    resolved = []
    for at in range(STEP, RESOLVED_RETENTION_MS + 10 * STEP, STEP):
        state.evaluate(at, [])
        resolved += [(at, sent.ends_at_ms) for sent in state.send(at, interval_ms=STEP, resend_delay_ms=60_000)]
    assert {ends for _, ends in resolved} == {STEP}
    assert [at for at, _ in resolved] == list(range(STEP, STEP + RESOLVED_RETENTION_MS + 1, 5 * STEP))


def test_it_is_sent_again_after_the_delay_and_holds_for_four_of_them() -> None:
    state = _state()
    sent = []
    for at in range(0, 200_000, STEP):
        state.evaluate(at, [(ELEMENT, float(at))])
        sent += state.send(at, interval_ms=STEP, resend_delay_ms=60_000)
    assert [one.at_ms for one in sent] == [0, 75_000, 150_000]  # more than a minute, not as much
    assert [one.ends_at_ms - one.at_ms for one in sent] == [240_000] * 3
    assert {one.starts_at_ms for one in sent} == {0}
    assert [one.value for one in sent] == [0.0, 75_000.0, 150_000.0]


def test_over_the_limit_everything_is_forgotten_and_said_to_be_inactive() -> None:
    state = _state(limit=1)
    state.evaluate(0, [(ELEMENT, 1.0)])
    other: Labels = (("a", "2"),)
    with pytest.raises(RuleError, match="exceeded limit of 1 with 2 alerts") as raised:
        state.evaluate(STEP, [(ELEMENT, 1.0), (other, 1.0)])
    assert [(change.labels[0], change.state) for change in raised.value.transitions] == [
        (("a", "1"), AlertState.INACTIVE)
    ]
    assert state.active() == ()


def test_two_elements_with_the_same_labels_fail_and_leave_what_was_active() -> None:
    state = _state(labels=(("a", "same"),))
    state.evaluate(0, [(ELEMENT, 1.0)])
    with pytest.raises(RuleError, match="same labelset after applying alert labels"):
        state.evaluate(STEP, [(ELEMENT, 1.0), ((("a", "2"),), 1.0)])
    assert state.active() == ((("a", "same"), ("alertname", "A")),)


def test_a_label_that_expands_to_nothing_shows_as_its_template_in_alerts() -> None:
    rule = AlertingRule("A", "x", labels=(("none", "{{ $labels.missing }}"),))
    state = AlertingState(rule, lambda text, labels, value, at_ms: "")
    evaluated = state.evaluate(0, [(ELEMENT, 1.0)])
    assert evaluated.transitions[0].labels == (("a", "1"), ("alertname", "A"))
    assert [dict(labels)["none"] for labels, _ in evaluated.samples] == ["{{ $labels.missing }}"] * 2


def test_it_keeps_firing_from_the_first_evaluation_without_it() -> None:
    state = _state(keep_firing_for_ms=2 * STEP)
    state.evaluate(0, [(ELEMENT, 1.0)])
    shown = [bool(state.evaluate(at, []).samples) for at in range(STEP, 5 * STEP, STEP)]
    assert shown == [True, True, False, False]
