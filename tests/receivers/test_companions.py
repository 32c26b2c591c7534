"""Messages find their lists, whatever the order they come in."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from simulator.receivers.companions import PATIENCE_MS, Companions
from simulator.telemetry.observations import NotificationKind, NotificationReceived, NotifiedAlert
from simulator.wire.notifications import UNKNOWN_ALERTS

KEY = ("telegram", "team", 0)


def message(text: str, at_ms: int = 0, problem: str = "") -> NotificationReceived:
    return NotificationReceived(
        at_ms, NotificationKind.TELEGRAM, "team", "chat 1", "", (), title="", text=text, problem=problem
    )


def alert(name: str, status: str = "firing") -> NotifiedAlert:
    return NotifiedAlert(name, status)


@given(st.permutations(["message A", "message B", "list A", "list B"]))
def test_two_groups_at_once_are_told_apart_by_their_names(order: list[str]) -> None:
    companions = Companions()
    finished = []
    for what in order:
        kind, _, name = what.partition(" ")
        if kind == "message":
            finished += companions.message(KEY, message(f"Alert{name} is down"))
        else:
            finished += companions.alerts(KEY, 0, (alert(f"Alert{name}"),))
    assert {found.text: found.alerts[0].alert for found in finished} == {
        "AlertA is down": "AlertA",
        "AlertB is down": "AlertB",
    }
    assert companions.expire(2**62) == []


def test_a_text_that_names_nothing_is_paired_by_time_when_patience_ends() -> None:
    companions = Companions()
    assert companions.message(KEY, message("something is wrong", 1000)) == []
    assert companions.alerts(KEY, 1010, (alert("Down"),)) == []
    assert companions.expire(1000 + PATIENCE_MS - 1) == []
    (finished,) = companions.expire(1000 + PATIENCE_MS)
    assert (finished.alerts, finished.status, finished.problem) == ((alert("Down"),), "firing", "")


def test_a_message_without_any_list_says_that_its_alerts_are_unknown() -> None:
    companions = Companions()
    companions.message(KEY, message("Down", 0))
    companions.message(("telegram", "team", 1), message("Down", 0, problem="refused"))
    companions.alerts(("telegram", "other", 0), 0, (alert("Down"),))
    assert [found.problem for found in companions.expire(PATIENCE_MS)] == [UNKNOWN_ALERTS, "refused"]


def test_a_list_whose_message_never_came_does_not_go_with_a_later_one() -> None:
    companions = Companions()
    companions.alerts(KEY, 0, (alert("Down"),))
    companions.expire(2 * PATIENCE_MS)
    assert companions.message(KEY, message("Down", 2 * PATIENCE_MS)) == []


def test_resolved_when_nothing_fires_any_more() -> None:
    companions = Companions()
    companions.alerts(KEY, 0, (alert("Down", "resolved"), alert("Slow", "resolved")))
    (finished,) = companions.message(KEY, message("Down, Slow"))
    assert finished.status == "resolved"
