"""When notifications should come: grouping, waiting, repeating, resolving, inhibition."""

from __future__ import annotations

from simulator.engine.dispatcher import Dispatcher, Expected
from simulator.engine.notifier import Arrival
from simulator.engine.routing_tree import read_routing
from simulator.telemetry.samples import labels_of
from simulator.units import HOUR, MINUTE, SECOND

CONFIG = """
route:
  receiver: default
  group_by: [alertname]
  group_wait: 10s
  group_interval: 1m
  repeat_interval: 10m
  routes:
    - matchers: [severity="critical"]
      receiver: page
      continue: true
    - matchers: ['team=~"a|b"']
      receiver: team
inhibit_rules:
  - source_matchers: [alertname="Down"]
    target_matchers: [alertname="Slow"]
    equal: [service]
receivers:
  - name: default
    webhook_configs: [{url: 'http://x'}]
  - name: page
    slack_configs: [{channel: '#a'}]
    pagerduty_configs: [{routing_key: k}]
  - name: team
    slack_configs: [{channel: '#t', send_resolved: true}]
"""


def fires(name: str, at_ms: int, **labels: str) -> Arrival:
    return Arrival(at_ms, labels_of({"alertname": name, **labels}), (), at_ms, at_ms + HOUR)


def ends(name: str, at_ms: int, since_ms: int, **labels: str) -> Arrival:
    return Arrival(at_ms, labels_of({"alertname": name, **labels}), (), since_ms, at_ms)


def told(*arrivals: Arrival, until_ms: int = HOUR) -> list[tuple[int, str, str, int, int]]:
    expected: tuple[Expected, ...] = Dispatcher(read_routing(CONFIG)).run(arrivals, until_ms)
    return [(e.at_ms, e.receiver, e.integration, len(e.firing), len(e.resolved)) for e in expected]


def test_a_group_waits_then_repeats() -> None:
    assert told(fires("A", 0), until_ms=21 * MINUTE) == [
        (10 * SECOND, "default", "webhook", 1, 0),
        (10 * SECOND + 11 * MINUTE, "default", "webhook", 1, 0),
    ]


def test_a_second_alert_of_the_group_comes_with_the_next_interval() -> None:
    assert told(fires("A", 0, i="1"), fires("A", 20_000, i="2"), until_ms=5 * MINUTE) == [
        (10_000, "default", "webhook", 1, 0),
        (70_000, "default", "webhook", 2, 0),
    ]


def test_resolution_is_sent_to_those_who_want_it() -> None:
    critical = {"severity": "critical"}
    assert told(fires("A", 0, **critical), ends("A", 30_000, 0, **critical), until_ms=5 * MINUTE) == [
        (10_000, "page", "slack", 1, 0),
        (10_000, "page", "pagerduty", 1, 0),
        (70_000, "page", "pagerduty", 0, 1),
    ]


def test_what_fired_and_ended_before_the_first_notification_is_not_told() -> None:
    assert told(fires("A", 0), ends("A", 5_000, 0)) == []


def test_two_classes_reach_both() -> None:
    receivers = [receiver for _, receiver, *_ in told(fires("A", 0, severity="critical", team="a"), until_ms=MINUTE)]
    assert receivers == ["page", "page", "team"]


def test_an_inhibited_alert_is_left_out_until_its_source_ends() -> None:
    alerts = (
        fires("Down", 0, service="api"),
        fires("Slow", 1_000, service="api"),
        fires("Slow", 1_000, service="web"),
        ends("Down", 3 * MINUTE, 0, service="api"),
    )
    slow = [(at, firing) for at, _, _, firing, _ in told(*alerts, until_ms=6 * MINUTE)]
    assert slow == [
        (10_000, 1),
        (11_000, 1),  # only the web's
        (190_000, 0),
        (191_000, 2),  # both, once Down is over
    ]
