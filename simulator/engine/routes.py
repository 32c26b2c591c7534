"""What a rehearsal must know of alertmanager.yml's routes: how long a first notification may be held back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from simulator.units import SECOND, parse_duration

DEFAULT_GROUP_WAIT_MS = 30 * SECOND
"""Alertmanager's default (https://prometheus.io/docs/alerting/latest/configuration/#route)."""


def longest_group_wait_ms(config: str) -> int:
    """The longest `group_wait` of any route; the default where the text cannot be read."""
    return max((wait_ms for _, wait_ms in _waits(_read(config).get("route"))), default=DEFAULT_GROUP_WAIT_MS)


def group_waits_ms(config: str) -> Mapping[str, int]:
    """For each addressee, as `notifies` of a profile has it (in lower case), the longest `group_wait` of the routes
    that lead there. An escalation waits long, and that says nothing about whom it does not tell."""
    document = _read(config)
    addressees = {str(one["name"]): tuple(_addressees(one)) for one in document.get("receivers") or () if "name" in one}
    waits: dict[str, int] = {}
    for receiver, wait_ms in _waits(document.get("route")):
        for addressee in addressees.get(receiver, ()):
            waits[addressee] = max(waits.get(addressee, 0), wait_ms)
    return waits


def _read(config: str) -> dict[str, Any]:
    try:
        document = YAML(typ="safe").load(config)
    except YAMLError:
        return {}
    return document if isinstance(document, dict) else {}


def _waits(route: Any, receiver: str = "", inherited_ms: int = DEFAULT_GROUP_WAIT_MS) -> Iterator[tuple[str, int]]:
    """Every route's receiver and its wait."""
    if not isinstance(route, dict):
        return
    own = route.get("group_wait")
    wait_ms = parse_duration(str(own)) if own is not None else inherited_ms
    receiver = str(route.get("receiver") or receiver)
    yield receiver, wait_ms
    for child in route.get("routes") or ():
        yield from _waits(child, receiver, wait_ms)


def _addressees(receiver: Mapping[str, Any]) -> Iterator[str]:
    yield f"receiver:{receiver['name']}".casefold()
    for key, integrations in receiver.items():
        if not key.endswith("_configs"):
            continue
        yield key.removesuffix("_configs")
        for one in integrations or ():
            written = f"{one.get('channel') or ''} {one.get('to') or ''}"
            yield from (place.casefold() for place in re.split(r"[,;\s]+", written) if place)
