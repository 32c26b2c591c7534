"""Whom alerts of a running stack reach: real people, told before anything breaks."""

from __future__ import annotations

from collections.abc import Iterable

from simulator.engine.routing_tree import read_routing
from simulator.telemetry.rules import AlertRule


def may_ring(config: str, rules: Iterable[AlertRule], label: tuple[str, str] | None) -> tuple[str, ...]:
    """The receivers that alerts of these rules are routed to, each with its integrations: `critical (slack, email)`.

    A label that a template fills in is not known beforehand: routes by it are not followed.
    """
    tree = read_routing(config)
    names: set[str] = set()
    for rule in rules:
        labels = {"alertname": rule.name, **dict(rule.labels)} | ({label[0]: label[1]} if label else {})
        names |= {route.receiver for route in tree.root.match(labels)}
    ringing = ((name, sorted({kind for kind, _ in tree.receivers.get(name, ())})) for name in sorted(names))
    return tuple(f"{name} ({', '.join(kinds)})" for name, kinds in ringing if kinds)
