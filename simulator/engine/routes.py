"""What a rehearsal must know of alertmanager.yml's routes: how long a first notification may be held back."""

from __future__ import annotations

from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from simulator.units import SECOND, parse_duration

DEFAULT_GROUP_WAIT_MS = 30 * SECOND
"""Alertmanager's default (https://prometheus.io/docs/alerting/latest/configuration/#route)."""


def longest_group_wait_ms(config: str) -> int:
    """The longest `group_wait` of any route; the default where the text cannot be read."""
    try:
        document = YAML(typ="safe").load(config)
    except YAMLError:
        return DEFAULT_GROUP_WAIT_MS
    route = document.get("route") if isinstance(document, dict) else None
    return max(_waits(route, DEFAULT_GROUP_WAIT_MS), default=DEFAULT_GROUP_WAIT_MS)


def _waits(route: Any, inherited_ms: int) -> list[int]:
    if not isinstance(route, dict):
        return []
    own = route.get("group_wait")
    wait_ms = parse_duration(str(own)) if own is not None else inherited_ms
    return [wait_ms, *(wait for child in route.get("routes") or () for wait in _waits(child, wait_ms))]
