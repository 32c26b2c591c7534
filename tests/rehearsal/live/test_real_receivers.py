"""Whom alerts of a running stack reach, told beforehand."""

from __future__ import annotations

from simulator.rehearsal.live.real_receivers import may_ring
from simulator.telemetry.rules import AlertRule

CONFIG = """
route:
  receiver: default
  routes:
    - {matchers: [severity="critical"], receiver: critical, continue: true}
    - {matchers: [simulation="demo"], receiver: void}
    - {matchers: [team="web"], receiver: web}
receivers:
  - {name: default, email_configs: [{to: a@example.org}]}
  - {name: critical, slack_configs: [{channel: '#c'}], pagerduty_configs: [{routing_key: <secret>}]}
  - {name: web, slack_configs: [{channel: '#w'}]}
  - {name: void}
"""


def rule(name: str, **labels: str) -> AlertRule:
    return AlertRule(name, "g", "f.yml", "up", 0, 15_000, tuple(labels.items()), (), (), 0)


def test_receivers_are_those_that_the_rules_are_routed_to() -> None:
    rules = (rule("A", severity="critical"), rule("B"))
    assert may_ring(CONFIG, rules, None) == ("critical (pagerduty, slack)", "default (email)")


def test_a_route_for_the_runs_label_keeps_them_away() -> None:
    assert may_ring(CONFIG, (rule("A", severity="critical"), rule("B")), ("simulation", "demo")) == (
        "critical (pagerduty, slack)",
    )
