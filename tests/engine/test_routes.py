"""How long Alertmanager may hold back a first notification."""

from __future__ import annotations

import pytest

from simulator.engine.routes import DEFAULT_GROUP_WAIT_MS, group_waits_ms, longest_group_wait_ms
from simulator.units import MINUTE, SECOND


@pytest.mark.parametrize(
    ("config", "expected_ms"),
    [
        ("route: {receiver: a}", DEFAULT_GROUP_WAIT_MS),
        ("route: {receiver: a, group_wait: 10s}", 10 * SECOND),
        ("route: {group_wait: 10s, routes: [{group_wait: 2m}, {receiver: b}]}", 2 * MINUTE),
        ("route: {group_wait: 10s, routes: [{routes: [{group_wait: 1m}]}]}", MINUTE),
        ("receivers: []", DEFAULT_GROUP_WAIT_MS),
        ("{", DEFAULT_GROUP_WAIT_MS),
    ],
)
def test_the_longest_wait_of_any_route(config: str, expected_ms: int) -> None:
    assert longest_group_wait_ms(config) == expected_ms


ESCALATING = """
route:
  receiver: Team
  group_wait: 20s
  routes:
    - {receiver: late, group_wait: 15m, continue: true}
    - {receiver: both, continue: true, routes: [{group_wait: 1m}]}
receivers:
  - {name: Team, slack_configs: [{channel: "#Ops"}, {channel: "#all"}]}
  - {name: late, pagerduty_configs: [{routing_key: x}], slack_configs: [{channel: "#all"}]}
  - {name: both, email_configs: [{to: "A@x.org, b@x.org"}]}
"""


def test_an_addressee_waits_for_the_slowest_of_its_own_routes() -> None:
    assert group_waits_ms(ESCALATING) == {
        "receiver:team": 20 * SECOND,
        "slack": 15 * MINUTE,
        "#ops": 20 * SECOND,
        "#all": 15 * MINUTE,
        "receiver:late": 15 * MINUTE,
        "pagerduty": 15 * MINUTE,
        "receiver:both": MINUTE,
        "email": MINUTE,
        "a@x.org": MINUTE,
        "b@x.org": MINUTE,
    }


def test_nobody_waits_where_nothing_can_be_read() -> None:
    assert group_waits_ms("{") == {}
