"""Alerts that nobody named."""

from __future__ import annotations

from dataclasses import replace

import pytest

from simulator.telemetry.observations import (
    AlertmanagerObserved,
    AlertObserved,
    AlertState,
    Gap,
    NotificationKind,
    NotifiedAlert,
    RuleEvaluated,
    SelectorObserved,
)
from simulator.units import HOUR, MINUTE, SECOND
from simulator.verdict import Word
from tests.verdict.scene import (
    DISK_FIRED,
    END,
    FIRED,
    ONSET,
    PASSING,
    QUIET,
    START,
    WARNING,
    Scene,
    changed,
    fired,
    must_not_pass,
    must_pass,
    no,
    rule,
    told,
)

ROWS: dict[str, tuple[Scene, Word, str]] = {
    "another alert fired": (PASSING.plus(*DISK_FIRED), Word.UNEXPECTED, "was not expected"),
    "another alert fired on a quiet evening": (QUIET.plus(*DISK_FIRED), Word.UNEXPECTED, "was not expected"),
    "an alert fires that no rule explains": (PASSING.plus(*fired("Ghost", ONSET, ONSET)), Word.UNEXPECTED, "Ghost"),
    "another alert was firing when the run began and stopped": (
        PASSING.plus(
            *fired("DiskAlmostFull", START - HOUR, START - MINUTE, WARNING),
            changed(AlertState.INACTIVE, START + MINUTE, "DiskAlmostFull", WARNING),
        ),
        Word.UNEXPECTED,
        "fired at -1m",
    ),
    "another instance of an expected alert fired": (
        PASSING.plus(*fired("HighErrorRate", ONSET, ONSET + 2 * MINUTE, WARNING)),
        Word.UNEXPECTED,
        'severity="warning"',
    ),
    "a notification came of an alert never seen firing": (
        PASSING.plus(
            told(NotificationKind.SLACK, "critical", "#x", FIRED, alerts=(NotifiedAlert("DiskAlmostFull", "firing"),))
        ),
        Word.UNEXPECTED,
        "was notified as firing",
    ),
    "Alertmanager holds an alert never seen firing": (
        QUIET.plus(AlertmanagerObserved(FIRED, "DiskAlmostFull", WARNING, "active", ("monitoring",))),
        Word.UNEXPECTED,
        "DiskAlmostFull",
    ),
    "another alert is blind": (
        PASSING.each(lambda o: replace(o, series=0) if no(SelectorObserved, alert="DiskAlmostFull")(o) else o),
        Word.UNOBSERVED,
        "DiskAlmostFull was blind, not silent: node_filesystem_free_bytes matched no",
    ),
    "nobody looked at another alert's selectors": (
        PASSING.without(no(SelectorObserved, alert="DiskAlmostFull")),
        Word.UNOBSERVED,
        "nobody looked at what node_filesystem_free_bytes matches",
    ),
    "another alert's expression could not be read": (
        PASSING.ruled(rule("Odd", expr="foo @ end() > 1")),
        Word.UNOBSERVED,
        "names no series",
    ),
    "Prometheus evaluates a rule that was not read": (
        PASSING.plus(RuleEvaluated(END, "g", "Stranger", "ok", "", END)),
        Word.UNOBSERVED,
        "Stranger was seen and is not among the rules read",
    ),
    "every rule is ignored": (
        QUIET.expecting(ignore=["HighErrorRate", "APIServiceDown", "DiskAlmostFull"]),
        Word.UNOBSERVED,
        "no alert was left to watch",
    ),
    "there are no rules": (
        replace(QUIET, rules=()).without(no(RuleEvaluated)).without(no(AlertObserved)),
        Word.UNOBSERVED,
        "Prometheus has no alerting rules",
    ),
    "another alert fired after the emitter had died": (
        PASSING.plus(Gap(ONSET - 10 * SECOND, "emitter", "exited with 1"), *DISK_FIRED),
        Word.UNOBSERVED,
        "the platform was not as the profile says: emitter: exited with 1",
    ),
    "another alert fired before the emitter died": (
        PASSING.plus(Gap(ONSET + 10 * MINUTE, "emitter", "exited with 1"), *DISK_FIRED),
        Word.UNEXPECTED,
        "was not expected",
    ),
}

TWINS: dict[str, Scene] = {
    "an alert that is not graded may fire": PASSING.plus(*fired("SLOAvailabilityFastBurn", ONSET, ONSET + MINUTE)),
    "an ignored alert may fire": PASSING.expecting(ignore=["DiskAlmostFull"]).plus(*DISK_FIRED),
    "an ignored alert may be blind": PASSING.expecting(ignore=["DiskAlmostFull"]).without(
        no(SelectorObserved, alert="DiskAlmostFull")
    ),
    "others may fire where the profile allows it": PASSING.expecting(no_other_alerts=False).plus(*DISK_FIRED),
    "another alert was pending and no more": PASSING.plus(DISK_FIRED[0]),
    "another alert was over before the run": PASSING.plus(
        *fired("DiskAlmostFull", START - HOUR, START - HOUR, WARNING),
        changed(AlertState.INACTIVE, START, "DiskAlmostFull", WARNING),
    ),
    "a selector that could have matched": PASSING.each(
        lambda o: replace(o, series=0, possible=True) if no(SelectorObserved, alert="DiskAlmostFull")(o) else o
    ),
    "a selector that matched once": PASSING.each(
        lambda o: replace(o, series=0) if no(SelectorObserved, alert="DiskAlmostFull")(o) and o.at_ms > END else o
    ),
    "a constant rule sees nothing and needs nothing": PASSING.ruled(rule("Never", expr="vector(0) > 1")),
}


@pytest.mark.parametrize(("scene", "word", "says"), ROWS.values(), ids=ROWS)
def test_a_run_in_which_others_fired_or_were_blind(scene: Scene, word: Word, says: str) -> None:
    must_not_pass(scene, "expect.no_other_alerts", word, says)


@pytest.mark.parametrize("scene", TWINS.values(), ids=TWINS)
def test_the_twin_passes(scene: Scene) -> None:
    must_pass(scene)
