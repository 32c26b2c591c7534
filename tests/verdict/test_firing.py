"""An alert that must fire: every word on it, each beside the run that differs by just that and passes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from simulator.telemetry.observations import (
    AlertmanagerObserved,
    AlertObserved,
    AlertState,
    FaultEdge,
    Gap,
    LoadEnded,
    NotificationReceived,
    RuleEvaluated,
    SelectorObserved,
)
from simulator.units import HOUR, MINUTE, SECOND
from simulator.verdict import ControlRun, Mode, Word
from tests.verdict.scene import (
    ONSET,
    PASSING,
    RULES,
    SILENT,
    START,
    Scene,
    changed,
    fired,
    load_ended,
    moved,
    must_not_pass,
    must_pass,
    no,
)

FAILED = RuleEvaluated(
    START + 4 * MINUTE, "g", "HighErrorRate", "err", "many-to-many", START + 4 * MINUTE, RULES[0].labels
)

ROWS: dict[str, tuple[Scene, Word, str]] = {
    "it never fired": (SILENT, Word.MISSING, "stayed silent: its condition never held"),
    "it was pending and no more": (
        PASSING.without(no(AlertObserved, state=AlertState.FIRING, alert="HighErrorRate")).without(
            lambda o: isinstance(o, NotificationReceived | AlertmanagerObserved)
        ),
        Word.MISSING,
        "was pending from +2m30s to +7m, and `for` asks for 2m",
    ),
    "it never fired, because a selector matched nothing": (
        SILENT.each(lambda o: replace(o, series=0) if isinstance(o, SelectorObserved) and "500" in o.selector else o),
        Word.MISSING,
        'http_requests_total{code="500"} matched no series',
    ),
    "it fired without the labels": (
        PASSING.alert(labels={"severity": "critical", "team": "core"}),
        Word.MISSING,
        "without the labels asked for",
    ),
    "no rule carries the labels": (
        PASSING.alert(labels={"severity": "page"}),
        Word.MISSING,
        "no rule of that name carries",
    ),
    "no rule has its name": (SILENT.alert(name="HighErorRate"), Word.MISSING, "did you mean 'HighErrorRate'?"),
    "late by a millisecond": (moved(PASSING, 30_001, AlertState.FIRING), Word.LATE, "3m allowed"),
    "early by a millisecond": (PASSING.alert(fires_after="2m30s1ms"), Word.EARLY, "2m30s1ms at the earliest"),
    "it fired before its fault": (
        moved(PASSING, -151 * SECOND, AlertState.PENDING, AlertState.FIRING),
        Word.NOT_CAUSED,
        "before errors began",
    ),
    "it was pending when its fault began": (
        moved(PASSING, -31 * SECOND, AlertState.PENDING),
        Word.NOT_CAUSED,
        "was pending since +1m59s",
    ),
    "it fired too soon after the onset to have begun after it, and nobody saw it pending": (
        moved(PASSING.alert(fires_after=None), -40 * SECOND, AlertState.FIRING).without(
            no(AlertObserved, state=AlertState.PENDING)
        ),
        Word.NOT_CAUSED,
        "was pending since",
    ),
    "another instance of it fired before": (
        PASSING.plus(
            *fired("HighErrorRate", START + 10 * SECOND, START + MINUTE, (("severity", "critical"), ("zone", "b")))
        ),
        Word.NOT_CAUSED,
        "before errors began",
    ),
    "it also fired without its fault": (
        PASSING.given(controls=(ControlRun("errors", (changed(AlertState.FIRING, ONSET + MINUTE),)),)),
        Word.NOT_CAUSED,
        "also fired in the control run without errors",
    ),
    "a virtual run had no control run": (
        PASSING.given(mode=Mode.VIRTUAL),
        Word.UNOBSERVED,
        "no control run without errors",
    ),
    "its windows reached before the first sample when it fired": (
        replace(PASSING, rules=(replace(RULES[0], reach_ms=5 * MINUTE), *RULES[1:])),
        Word.UNOBSERVED,
        "looks back 5m",
    ),
    "its windows are longer than the data, and it stayed silent": (
        replace(SILENT, rules=(replace(RULES[0], reach_ms=6 * HOUR), *RULES[1:])),
        Word.UNOBSERVED,
        "longer than there is data",
    ),
    "its windows are longer than the data, and it fired before its fault": (
        replace(
            moved(PASSING, -151 * SECOND, AlertState.PENDING, AlertState.FIRING),
            rules=(replace(RULES[0], reach_ms=6 * HOUR), *RULES[1:]),
        ),
        Word.UNOBSERVED,
        "looks back 6h",
    ),
    "it never fired, and Prometheus died before its time was over": (
        SILENT.plus(Gap(ONSET + MINUTE, "prometheus", "connection refused")),
        Word.UNOBSERVED,
        "connection refused",
    ),
    "it never fired, and Prometheus died long after its time": (
        SILENT.plus(Gap(ONSET + 5 * MINUTE, "prometheus", "connection refused")),
        Word.MISSING,
        "stayed silent",
    ),
    "it never fired, and there was too little load": (
        SILENT.without(no(LoadEnded)).plus(load_ended(achieved_ratio=0.4)),
        Word.UNOBSERVED,
        "load reached 40% of its plan",
    ),
    "it fired late, and its rule had failed": (
        moved(PASSING, MINUTE, AlertState.FIRING).plus(FAILED),
        Word.UNOBSERVED,
        "many-to-many",
    ),
    "it fired in time, but its rule had failed before": (PASSING.plus(FAILED), Word.UNOBSERVED, "many-to-many"),
    "it never fired, and its rule had failed": (SILENT.plus(FAILED), Word.UNOBSERVED, "many-to-many"),
    "it was notified, but never seen firing": (
        PASSING.without(no(AlertObserved, alert="HighErrorRate")),
        Word.UNOBSERVED,
        "was notified as firing",
    ),
    "it fires, but the rules read do not contain it": (
        replace(PASSING, rules=RULES[1:]),
        Word.UNOBSERVED,
        "the rules given do not contain it",
    ),
    "no rule could be read, because Prometheus did not answer": (
        replace(SILENT, rules=()).plus(Gap(START, "prometheus", "connection refused")),
        Word.UNOBSERVED,
        "no rules could be read: prometheus: connection refused",
    ),
    "its time is not over when the run ends": (
        SILENT.alert(fires_within="11m"),
        Word.UNOBSERVED,
        "make the run longer",
    ),
    "it is to be caused by a fault that is not there": (
        PASSING.alert(caused_by="outage"),
        Word.UNOBSERVED,
        "no fault 'outage'",
    ),
}

TWICE = PASSING.profiled(
    faults=[
        {"id": "errors", "kind": "http_errors", "at": "2m", "for": "4m"},
        {"id": "again", "kind": "http_errors", "at": "7m30s", "for": "2m"},
    ]
).plus(
    FaultEdge(START + 450 * SECOND, "again", "http_errors", "onset"),
    FaultEdge(START + 570 * SECOND, "again", "http_errors", "end"),
    *fired("HighErrorRate", START + 460 * SECOND, START + 580 * SECOND),
    changed(AlertState.INACTIVE, START + 600 * SECOND),
)
"""The same fault a second time, and the same alert of it."""

ROWS["it fires of another fault as well, which nobody expects"] = (
    TWICE.alert(caused_by="again"),
    Word.NOT_CAUSED,
    "before again began",
)

TWINS: dict[str, Scene] = {
    "it is expected of two faults": TWICE.expecting(
        alerts=[
            {"name": "HighErrorRate", "caused_by": "errors", "fires_within": "3m", "resolves_within": "3m"},
            {"name": "HighErrorRate", "caused_by": "again", "fires_within": "3m", "resolves_within": "3m"},
        ]
    ),
    "fires within, to the millisecond": moved(PASSING, 30_000, AlertState.FIRING),
    "fires after, to the millisecond": PASSING.alert(fires_after="2m30s"),
    "pending at the very onset": moved(PASSING, -30 * SECOND, AlertState.PENDING),
    "nobody saw it pending, and `for` leaves no doubt": PASSING.without(no(AlertObserved, state=AlertState.PENDING)),
    "asks for nothing but firing": PASSING.alert(
        caused_by=None, fires_after=None, fires_within=None, resolves_within=None, notifies=None
    ),
    "a control run in which it did not fire": PASSING.given(
        mode=Mode.VIRTUAL, controls=(ControlRun("errors", (changed(AlertState.PENDING, ONSET),)),)
    ),
    "a window that is just full": replace(PASSING, rules=(replace(RULES[0], reach_ms=150 * SECOND), *RULES[1:])),
}


@pytest.mark.parametrize(("scene", "word", "says"), ROWS.values(), ids=ROWS)
def test_a_run_in_which_it_did_not_fire_as_asked(scene: Scene, word: Word, says: str) -> None:
    must_not_pass(scene, "expect.alerts[0]", word, says)


@pytest.mark.parametrize("scene", TWINS.values(), ids=TWINS)
def test_the_twin_passes(scene: Scene) -> None:
    must_pass(scene)


def test_each_episode_is_timed_from_the_fault_that_it_is_expected_of() -> None:
    episodes = [a for a in TWINS["it is expected of two faults"].judged().alerts if a.standing == "expected"]
    assert [(e.caused_by, e.detect_ms) for e in episodes] == [("errors", 150 * SECOND), ("again", 130 * SECOND)]
