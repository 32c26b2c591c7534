"""Alertmanager's alerts are told when their routing or state changes."""

from __future__ import annotations

from typing import Any

from simulator.clock import ManualClock
from simulator.observers import AlertmanagerObserver
from simulator.telemetry.observations import AlertmanagerObserved, Gap
from simulator.transport import http_client


def _alert(state: str, receivers: list[str], inhibited_by: list[str] | None = None) -> dict[str, Any]:
    return {
        "labels": {"alertname": "A", "service": "api"},
        "status": {"state": state, "inhibitedBy": inhibited_by or [], "silencedBy": []},
        "receivers": [{"name": name} for name in receivers],
        "fingerprint": "f1",
    }


def test_a_change_of_state_is_told_and_a_repetition_is_not(server: Any) -> None:
    clock = ManualClock(1000)
    with http_client(server.url) as client:
        observer = AlertmanagerObserver(client, clock)
        server.answers["/api/v2/alerts"] = [_alert("active", ["pagerduty", "critical"])]
        first = AlertmanagerObserved(
            1000, "A", (("service", "api"),), "active", ("critical", "pagerduty"), (), (), "f1"
        )
        assert observer.poll() == [first]
        clock.advance(1000)
        assert observer.poll() == []
        server.answers["/api/v2/alerts"] = [_alert("suppressed", ["critical", "pagerduty"], ["f2"])]
        (told,) = observer.poll()
        assert isinstance(told, AlertmanagerObserved)
        assert (told.state, told.inhibited_by) == ("suppressed", ("f2",))


def test_silence_of_the_server_is_a_gap(server: Any) -> None:
    with http_client(server.url) as client:
        observer = AlertmanagerObserver(client, ManualClock())
        assert [observer.poll(), observer.poll()] == [[], []]
        (gap,) = observer.poll()
    assert isinstance(gap, Gap)
    assert gap.source == "alertmanager"
