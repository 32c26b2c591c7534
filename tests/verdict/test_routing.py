"""Who must hear of an alert."""

from __future__ import annotations

from dataclasses import replace

import pytest

from simulator.telemetry.observations import (
    AlertmanagerObserved,
    Gap,
    NotificationKind,
    NotificationReceived,
    NotifiedAlert,
)
from simulator.units import MINUTE
from simulator.verdict import Mode, Word
from simulator.wire.notifications import STAND_IN_SILENT, UNKNOWN_ALERTS
from tests.verdict.scene import (
    CRITICAL,
    FIRED,
    ONSET,
    PASSING,
    START,
    WARNING,
    Scene,
    must_not_pass,
    must_pass,
    no,
    told,
)

DEAF_SLACK = PASSING.without(no(NotificationReceived, kind=NotificationKind.SLACK))


def never_left(kind: NotificationKind) -> NotificationReceived:
    """What Alertmanager's log tells of a notification that it could not send."""
    return told(kind, "critical", "", FIRED + MINUTE, "", alerts=(), problem="template: no such function")


ROWS: dict[str, tuple[Scene, str, Word, str]] = {
    "a channel heard nothing, another did": (
        PASSING.without(no(NotificationReceived, kind=NotificationKind.SLACK)),
        "expect.alerts[0].notifies[0]",
        Word.MISROUTED,
        "#critical-alerts heard nothing of it; R0****, devops@cryb.ai",
    ),
    "a channel heard something, and nobody knows of what": (
        DEAF_SLACK.plus(
            told(
                NotificationKind.SLACK,
                "critical",
                "#critical-alerts",
                FIRED + MINUTE,
                alerts=(),
                problem=UNKNOWN_ALERTS,
            )
        ),
        "expect.alerts[0].notifies[0]",
        Word.UNOBSERVED,
        "#critical-alerts heard something: which alerts",
    ),
    "nobody heard anything": (
        PASSING.without(lambda o: isinstance(o, NotificationReceived | AlertmanagerObserved)),
        "expect.alerts[0].notifies[2]",
        Word.MISROUTED,
        "sre-team@cryb.ai heard nothing of it, nor did anybody else",
    ),
    "a receiver heard nothing, Alertmanager routed elsewhere": (
        PASSING.without(no(NotificationReceived)),
        "expect.alerts[0].notifies[3]",
        Word.MISROUTED,
        "routed it to receiver critical, pagerduty",
    ),
    "a channel heard only that it resolved": (
        PASSING.without(no(NotificationReceived, kind=NotificationKind.SLACK, status="firing")),
        "expect.alerts[0].notifies[0]",
        Word.MISROUTED,
        "only that it was resolved",
    ),
    "a channel heard of it under other labels": (
        PASSING.each(
            lambda o: (
                replace(o, alerts=(NotifiedAlert("HighErrorRate", "firing", WARNING),))
                if isinstance(o, NotificationReceived) and o.kind is NotificationKind.SLACK
                else o
            )
        ),
        "expect.alerts[0].notifies[0]",
        Word.MISROUTED,
        "without the labels asked for",
    ),
    "it was inhibited": (
        PASSING.without(no(NotificationReceived))
        .without(no(AlertmanagerObserved))
        .plus(
            AlertmanagerObserved(FIRED, "Watchdog", WARNING, "active", ("monitoring",), fingerprint="f0"),
            AlertmanagerObserved(FIRED, "HighErrorRate", CRITICAL, "suppressed", ("critical",), ("f0",)),
        ),
        "expect.alerts[0].notifies[0]",
        Word.MISROUTED,
        "inhibited by Watchdog",
    ),
    "the real service would have refused the payload": (
        PASSING.each(
            lambda o: (
                replace(o, problem="channel_not_found: no channel")
                if no(NotificationReceived, kind=NotificationKind.SLACK)(o)
                else o
            )
        ),
        "expect.alerts[0].notifies[0]",
        Word.MISROUTED,
        "channel_not_found",
    ),
    "its channel got nothing but a payload that nobody could read": (
        DEAF_SLACK.plus(
            told(NotificationKind.SLACK, "critical", "#critical-alerts", FIRED + MINUTE, alerts=(), problem="not JSON")
        ),
        "expect.alerts[0].notifies[0]",
        Word.MISROUTED,
        "not JSON",
    ),
    "the template for its channel did not render": (
        DEAF_SLACK.plus(never_left(NotificationKind.SLACK)),
        "expect.alerts[0].notifies[0]",
        Word.MISROUTED,
        "template: no such function",
    ),
    "the template for its address did not render": (
        PASSING.without(no(NotificationReceived, kind=NotificationKind.EMAIL)).plus(never_left(NotificationKind.EMAIL)),
        "expect.alerts[0].notifies[2]",
        Word.MISROUTED,
        "template: no such function",
    ),
    "its stand-in did not answer": (
        DEAF_SLACK.plus(
            replace(never_left(NotificationKind.SLACK), problem=f"{STAND_IN_SILENT}: connect: connection refused")
        ),
        "expect.alerts[0].notifies[0]",
        Word.UNOBSERVED,
        "#critical-alerts could not be told: its stand-in did not answer",
    ),
    "it was heard of before it fired": (
        PASSING.without(no(NotificationReceived, kind=NotificationKind.EMAIL)).plus(
            told(NotificationKind.EMAIL, "critical", "sre-team@cryb.ai", START + MINUTE)
        ),
        "expect.alerts[0].notifies[2]",
        Word.MISROUTED,
        "heard nothing",
    ),
    "its receiver was removed": (
        PASSING.without(no(NotificationReceived, receiver="critical")).given(
            removed_receivers={"critical": "jira_configs needs Alertmanager ≥ 0.28"}
        ),
        "expect.alerts[0].notifies[3]",
        Word.UNOBSERVED,
        "receiver critical is left out: jira_configs needs Alertmanager ≥ 0.28",
    ),
    "its channel's receiver was removed": (
        PASSING.without(no(NotificationReceived, receiver="critical")).given(
            removed_receivers={"critical": "jira_configs needs Alertmanager ≥ 0.28"}
        ),
        "expect.alerts[0].notifies[0]",
        Word.UNOBSERVED,
        "receiver critical is left out: jira_configs needs Alertmanager ≥ 0.28",
    ),
    "nobody heard anything, and the receivers died": (
        PASSING.without(no(NotificationReceived)).plus(Gap(ONSET + 3 * MINUTE, "receivers", "listener stopped")),
        "expect.alerts[0].notifies[0]",
        Word.UNOBSERVED,
        "listener stopped",
    ),
    "it fired too late to be heard before the end": (
        PASSING.without(no(NotificationReceived)).given(group_wait_ms=8 * MINUTE),
        "expect.alerts[0].notifies[0]",
        Word.UNOBSERVED,
        "its group waits 8m",
    ),
    "only an escalation waits that long": (
        PASSING.without(no(NotificationReceived)).given(
            group_wait_ms=8 * MINUTE, group_waits_ms={"#critical-alerts": 10_000}
        ),
        "expect.alerts[0].notifies[0]",
        Word.MISROUTED,
        "heard nothing of it",
    ),
    "against staging nobody listens": (
        PASSING.without(no(NotificationReceived)).given(mode=Mode.STAGING, run_label=("severity", "critical")),
        "expect.alerts[0].notifies[0]",
        Word.UNOBSERVED,
        "Alertmanager routed it to critical, pagerduty",
    ),
}

TWINS: dict[str, Scene] = {
    "one notification could not be sent, and another was heard": PASSING.plus(never_left(NotificationKind.SLACK)),
    "a refused payload to somebody who was not asked for": PASSING.plus(
        told(NotificationKind.SLACK, "other", "#other", FIRED + MINUTE, problem="channel_not_found")
    ),
}


@pytest.mark.parametrize(("scene", "place", "word", "says"), ROWS.values(), ids=ROWS)
def test_a_run_in_which_somebody_heard_nothing(scene: Scene, place: str, word: Word, says: str) -> None:
    must_not_pass(scene, place, word, says)


@pytest.mark.parametrize("scene", TWINS.values(), ids=TWINS)
def test_the_twin_passes(scene: Scene) -> None:
    must_pass(scene)
