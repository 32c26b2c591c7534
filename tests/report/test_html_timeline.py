"""Lanes: what lasted is a bar, what happened is a mark, all within the run."""

from __future__ import annotations

from simulator.report.html_timeline import Bar, Lane, events, timeline
from simulator.telemetry.observations import Gap, TargetObserved
from simulator.units import HOUR, MINUTE, SECOND
from tests.verdict.scene import CRITICAL, END, FAULT_END, ONSET, OUTAGE, PASSING, START, Scene, fired


def lanes_of(scene: Scene) -> dict[tuple[str, str], Lane]:
    return {(lane.group, lane.name): lane for lane in timeline(scene.judged(), scene.journal, 100).lanes}


def test_faults_alerts_and_notifications() -> None:
    lanes = lanes_of(PASSING)
    (fault,) = lanes["Faults", "errors"].bars
    assert (fault.start, fault.end, fault.state) == (120, 360, "fault")
    pending, firing = lanes["Alerts", "HighErrorRate"].bars
    assert (pending.start, pending.end, pending.state) == (150, 270, "pending")
    assert (firing.start, firing.end, firing.state) == (270, 420, "firing")
    assert firing.text == "HighErrorRate firing from +4m30s to +7m"
    marks = lanes["Notifications", "slack #critical-alerts"].marks
    assert [(mark.at, mark.state) for mark in marks] == [(280, "firing-sent"), (480, "resolved-sent")]
    assert lanes["Notifications", "slack #critical-alerts"].detail == "receiver critical"


def test_expected_alerts_stand_above_others_and_fired_above_pending() -> None:
    scene = PASSING.plus(*fired("Odd", ONSET, ONSET, CRITICAL), fired("Almost", ONSET, ONSET, CRITICAL)[0])
    names = [name for group, name in lanes_of(scene) if group == "Alerts"]
    assert names == ["HighErrorRate", "Odd", "Watchdog", "Almost"]


def test_an_alert_that_never_ended_reaches_to_the_end() -> None:
    scene = PASSING.plus(*fired("Odd", ONSET, ONSET + MINUTE, CRITICAL))
    assert lanes_of(scene)["Alerts", "Odd"].bars[-1] == Bar(180, 720, "firing", "Odd firing from +3m to the end")


def test_targets_down_within_the_run_and_what_nobody_saw() -> None:
    scene = OUTAGE.plus(
        TargetObserved(START - MINUTE, "node", "host", "down"),
        TargetObserved(START - SECOND, "node", "host", "up"),
        Gap(ONSET, "alertmanager", "connection refused"),
    )
    lanes = lanes_of(scene)
    (down,) = lanes["Targets down", "cryb-api"].bars
    assert (down.start, down.end) == ((ONSET - START) / SECOND + 8, (FAULT_END - START) / SECOND + 20)
    assert ("Targets down", "node") not in lanes, "before the run nothing has to be up"
    (gap,) = lanes["Not observed", "alertmanager"].marks
    assert gap.text == "alertmanager not observed: connection refused"


def test_what_began_long_before_does_not_squeeze_the_run() -> None:
    early = PASSING.plus(*fired("Odd", START - 9 * HOUR, START - 8 * HOUR, CRITICAL))
    shown = timeline(early.judged(), early.journal, 100)
    assert (shown.start, shown.end) == (-30, (END - START) / SECOND)
    assert shown.share(shown.start) == 0
    assert shown.share(shown.end) == 100


def test_lanes_that_do_not_fit_are_counted() -> None:
    full = timeline(PASSING.judged(), PASSING.journal, 100)
    some = timeline(PASSING.judged(), PASSING.journal, 2)
    assert some.lanes == full.lanes[:2]
    assert some.left_out == len(full.lanes) - 2


def test_events_tell_the_same_in_order() -> None:
    told = events(PASSING.judged(), PASSING.journal)
    assert [event.when.at_ms for event in told] == sorted(event.when.at_ms for event in told)
    lines = [event.what for event in told]
    places = [
        lines.index(line)
        for line in (
            "fault errors (http_errors) begins",
            'HighErrorRate{service="cryb-api", severity="critical"} firing',
            "slack #critical-alerts heard HighErrorRate firing",
            "fault errors ends",
        )
    ]
    assert places == sorted(places)
