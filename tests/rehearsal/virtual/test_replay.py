"""The real Alertmanager in compressed time tells what the dispatcher model says it should, to whom and when."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.clock import WallClock
from simulator.engine.dispatcher import Dispatcher
from simulator.engine.notifier import Arrival
from simulator.engine.routing_tree import read_routing
from simulator.receivers import Receivers
from simulator.rehearsal.virtual.replay import TimeMap, replay
from simulator.stack.alertmanager_config import redirect
from simulator.stack.binaries import find_binaries
from simulator.stack.local import LocalStack
from simulator.stack.timescale import compress, timers_of
from simulator.telemetry.interval import Interval
from simulator.telemetry.observations import NotificationReceived
from simulator.telemetry.samples import labels_of
from simulator.transport import http_client
from simulator.units import MINUTE, SECOND

START = 1_767_643_200_000
CONFIG = """
global: {smtp_smarthost: 'mail.example.org:25', smtp_from: a@example.org, slack_api_url: 'https://hooks.slack.com/x'}
route:
  receiver: default
  group_by: [alertname]
  group_wait: 30s
  group_interval: 1m
  repeat_interval: 7m30s
  routes:
    - matchers: [severity="critical"]
      receiver: critical
      group_wait: 10s
inhibit_rules:
  - source_matchers: [alertname="Down"]
    target_matchers: [alertname="Slow"]
    equal: [service]
receivers:
  - name: default
    slack_configs: [{channel: '#default', send_resolved: true}]
  - name: critical
    slack_configs: [{channel: '#critical'}]
    email_configs: [{to: sre@example.org, send_resolved: true}]
"""


def _fires(name: str, from_s: int, to_s: int, **labels: str) -> list[Arrival]:
    """As Prometheus sends it: each minute while it fires, then resolved."""
    of = labels_of({"alertname": name, **labels})
    start, end = START + from_s * SECOND, START + to_s * SECOND
    sent = [Arrival(at, of, (), start, at + 4 * MINUTE) for at in range(start, end, MINUTE)]
    return [*sent, Arrival(end, of, (), start, end)]


ARRIVALS = sorted(
    [
        *_fires("Errors", 60, 900, severity="critical", service="api"),
        *_fires("Errors", 95, 700, severity="critical", service="web"),
        *_fires("Down", 300, 600, severity="critical", service="api"),
        *_fires("Slow", 330, 1100, service="api"),
    ],
    key=lambda arrival: arrival.at_ms,
)
SPAN = Interval(START, START + 30 * MINUTE)


def test_time_maps_there_and_back() -> None:
    times = TimeMap(START, 5_000, 240.0)
    assert times.to_wall_ms(START + 240_000) == 6_000
    assert times.to_simulated_ms(6_000) == START + 240_000


def test_what_the_timers_bear_is_bounded_by_the_shortest() -> None:
    assert timers_of(CONFIG, "am.yml").fastest() == min(10_000 / 20, 60_000 / 250)


def test_every_timer_is_divided_and_defaults_are_made_explicit() -> None:
    tree = read_routing(compress("route: {receiver: a, group_wait: 1m, routes: [{group_interval: 10s}]}", "x", 100.0))
    assert (tree.root.group_wait_ms, tree.root.group_interval_ms, tree.root.repeat_interval_ms) == (600, 3_000, 144_000)
    assert tree.root.children[0].group_interval_ms == 250  # not below what Alertmanager bears


@pytest.mark.stack
@pytest.mark.slow
@pytest.mark.accept  # it goes by the clock, and a busy machine makes it late
@pytest.mark.parametrize("factor", [60.0])
def test_the_real_alertmanager_tells_what_the_model_expects(tmp_path: Path, factor: float) -> None:
    heard: list[NotificationReceived] = []
    programs = find_binaries()
    stack = LocalStack(tmp_path, prometheus=programs.prometheus.path, alertmanager=programs.alertmanager.path)
    with Receivers(heard.append, tmp_path) as receivers, stack:
        copy = redirect(
            CONFIG,
            http_url=receivers.http_url,
            smtp=receivers.smtp_address,
            source="am.yml",
            base_dir=tmp_path,
        )
        url = stack.start_alertmanager(compress(copy.text, "am.yml", factor))
        with http_client(url) as client:
            clock = WallClock()
            times = TimeMap(SPAN.start_ms, clock.now_ms(), factor)
            replay(ARRIVALS, SPAN, times, client, clock)
    expected = Dispatcher(read_routing(CONFIG)).run(ARRIVALS, SPAN.end_ms)
    told = sorted(
        (e.receiver, e.integration, dict(e.group)["alertname"], e.at_ms, len(e.firing), len(e.resolved))
        for e in expected
    )
    real = sorted(
        (
            n.receiver,
            n.kind.value,
            n.alerts[0].alert,
            times.restored(n).at_ms,
            sum(a.status == "firing" for a in n.alerts),
            sum(a.status == "resolved" for a in n.alerts),
        )
        for n in heard
    )
    assert [(*t[:3], *t[4:]) for t in told] == [(*r[:3], *r[4:]) for r in real], (told, real)
    late_ms = [r[3] - t[3] for t, r in zip(told, real, strict=True)]
    assert max(map(abs, late_ms)) < 30 * SECOND, late_ms  # each at its own look: half a group_interval
