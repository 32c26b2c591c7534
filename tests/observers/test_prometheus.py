"""What Prometheus shows is told once, when it changes; what it does not answer becomes a gap."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from simulator.clock import ManualClock, parse_rfc3339
from simulator.errors import UnobservedError
from simulator.observers import PrometheusApi, PrometheusObserver
from simulator.telemetry.observations import (
    AlertObserved,
    AlertState,
    Gap,
    RecordingEvaluated,
    RuleEvaluated,
    TargetObserved,
)
from simulator.transport import http_client

T0 = "2026-01-05T20:00:00Z"
T15 = "2026-01-05T20:00:15Z"
T30 = "2026-01-05T20:00:30.000123456Z"


def _success(data: Any) -> dict[str, Any]:
    return {"status": "success", "data": data}


def _rules(evaluated: str, alerts: list[dict[str, Any]], health: str = "ok", error: str = "") -> dict[str, Any]:
    rule = {
        "type": "alerting", "name": "A", "query": "x > 1", "duration": 15, "health": health, "lastError": error,
        "lastEvaluation": evaluated, "labels": {"severity": "critical"}, "alerts": alerts,
    }  # fmt: skip
    return _success({"groups": [{"name": "g", "file": "f", "interval": 15, "rules": [rule]}]})


def _alert(state: str, service: str = "api") -> dict[str, Any]:
    return {"labels": {"alertname": "A", "service": service}, "state": state, "activeAt": T0, "value": "2e+00"}


def _targets(health: str, error: str = "") -> dict[str, Any]:
    target = {"labels": {"job": "cryb-api", "instance": "api"}, "scrapeUrl": "u", "health": health, "lastError": error}
    return _success({"activeTargets": [target]})


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(parse_rfc3339("2026-01-05T20:01:00Z"))


@pytest.fixture
def observer(server: Any, clock: ManualClock) -> Iterator[PrometheusObserver]:
    server.answers["/api/v1/targets"] = _targets("up")
    with http_client(server.url) as client:
        yield PrometheusObserver(PrometheusApi(client), clock)


def test_an_alert_goes_through_its_states_and_each_is_told_once(server: Any, observer: PrometheusObserver) -> None:
    told: list[AlertObserved] = []
    for evaluated, alerts in [
        (T0, [_alert("pending")]),
        (T0, [_alert("pending")]),
        (T15, [_alert("firing")]),
        (T15, [_alert("firing")]),
        (T30, []),
        (T30, []),
    ]:
        server.answers["/api/v1/rules"] = _rules(evaluated, alerts)
        told.extend(o for o in observer.poll() if isinstance(o, AlertObserved))
    assert [(o.state, o.since_ms) for o in told] == [
        (AlertState.PENDING, parse_rfc3339(T0)),
        (AlertState.FIRING, parse_rfc3339(T15)),
        (AlertState.INACTIVE, parse_rfc3339(T30)),
    ]
    assert told[1].value == 2.0
    assert told[1].labels == (("service", "api"),)


def test_two_alerts_of_one_rule_are_told_apart(server: Any, observer: PrometheusObserver) -> None:
    server.answers["/api/v1/rules"] = _rules(T0, [_alert("firing", "a"), _alert("pending", "b")])
    observer.poll()
    server.answers["/api/v1/rules"] = _rules(T15, [_alert("firing", "b")])
    told = [(dict(o.labels)["service"], o.state) for o in observer.poll() if isinstance(o, AlertObserved)]
    assert sorted(told) == [("a", AlertState.INACTIVE), ("b", AlertState.FIRING)]


def test_rule_health_and_target_health_are_told_on_change(server: Any, observer: PrometheusObserver) -> None:
    server.answers["/api/v1/rules"] = _rules(T0, [])
    first = observer.poll()
    assert [o.health for o in first if isinstance(o, RuleEvaluated)] == ["ok"]
    assert [o.health for o in first if isinstance(o, TargetObserved)] == ["up"]
    assert observer.poll() == []
    server.answers["/api/v1/rules"] = _rules(T15, [], "err", "many-to-many")
    server.answers["/api/v1/targets"] = _targets("down", "EOF")
    rule, target = observer.poll()
    assert isinstance(rule, RuleEvaluated)
    assert (rule.health, rule.error) == ("err", "many-to-many")
    assert isinstance(target, TargetObserved)
    assert (target.health, target.error) == ("down", "EOF")


def test_a_recording_rule_is_told_of_once_it_fails_and_when_that_is_over(
    server: Any, observer: PrometheusObserver
) -> None:
    told: list[RecordingEvaluated] = []
    for health, error in [("ok", ""), ("err", "many-to-many"), ("err", "many-to-many"), ("ok", ""), ("ok", "")]:
        rule = {"type": "recording", "name": "a:b", "query": "x", "health": health, "lastError": error}
        server.answers["/api/v1/rules"] = _success({"groups": [{"name": "g", "interval": 15, "rules": [rule]}]})
        told.extend(o for o in observer.poll() if isinstance(o, RecordingEvaluated))
    assert [(o.group, o.record, o.health, o.error) for o in told] == [
        ("g", "a:b", "err", "many-to-many"),
        ("g", "a:b", "ok", ""),
    ]


def test_three_failed_polls_in_a_row_are_one_gap(server: Any, observer: PrometheusObserver) -> None:
    server.answers.clear()
    assert observer.poll() == []
    assert observer.poll() == []
    (gap,) = observer.poll()
    assert isinstance(gap, Gap)
    assert gap.source == "prometheus"
    assert observer.poll() == []


def test_finish_raises_when_prometheus_is_gone(server: Any, observer: PrometheusObserver) -> None:
    server.answers.clear()
    with pytest.raises(UnobservedError, match="prometheus"):
        observer.finish(0)


def test_a_firing_that_no_poll_caught_is_found_in_alerts(
    server: Any, observer: PrometheusObserver, clock: ManualClock
) -> None:
    """Between two polls an alert fired and resolved; the ALERTS series remembers."""
    server.answers["/api/v1/rules"] = _rules(T30, [])
    began = parse_rfc3339(T0)
    values = [[(began + 15_000 * i) / 1000, "1"] for i in range(2)]
    metric = {"__name__": "ALERTS", "alertname": "A", "alertstate": "firing", "service": "api"}
    server.answers["/api/v1/query"] = _success(
        {"resultType": "matrix", "result": [{"metric": metric, "values": values}]}
    )
    told = [o for o in observer.finish(began) if isinstance(o, AlertObserved)]
    assert [(o.state, o.since_ms - began) for o in told] == [(AlertState.FIRING, 0), (AlertState.INACTIVE, 30_000)]


def test_a_firing_that_was_polled_is_not_told_twice(server: Any, observer: PrometheusObserver) -> None:
    server.answers["/api/v1/rules"] = _rules(T15, [_alert("firing")])
    observer.poll()
    began = parse_rfc3339(T0)
    metric = {"__name__": "ALERTS", "alertname": "A", "alertstate": "firing", "service": "api"}
    values = [[(began + 15_000 * i) / 1000, "1"] for i in range(1, 4)]
    server.answers["/api/v1/query"] = _success(
        {"resultType": "matrix", "result": [{"metric": metric, "values": values}]}
    )
    assert [o for o in observer.finish(began) if isinstance(o, AlertObserved)] == []
