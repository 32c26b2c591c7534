"""How long Alertmanager may hold back a first notification."""

from __future__ import annotations

import pytest

from simulator.engine.routes import DEFAULT_GROUP_WAIT_MS, longest_group_wait_ms
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
