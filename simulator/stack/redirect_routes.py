"""Mistakes in the routing tree that can be shown at their line; the rest is Alertmanager's to judge."""

from __future__ import annotations

from collections.abc import Iterator

from ruamel.yaml.nodes import MappingNode, Node

from simulator.errors import did_you_mean
from simulator.stack.redirect_ledger import Ledger
from simulator.stack.redirect_tree import get, items, text_of


def routes(node: Node | None, path: str = "route") -> Iterator[tuple[str, MappingNode]]:
    """Every route with its path, a parent before its children."""
    if isinstance(node, MappingNode):
        yield path, node
        for index, child in enumerate(items(get(node, "routes"))):
            yield from routes(child, f"{path}.routes[{index}]")


def routes_to(node: Node | None, receiver: str) -> Iterator[tuple[str, Node]]:
    """Routes that name a receiver."""
    for path, route in routes(node):
        named = get(route, "receiver")
        if named is not None and text_of(named) == receiver:
            yield path, named


def check_routes(root: MappingNode, ledger: Ledger) -> None:
    """Note: no route, no default receiver, receivers and time intervals that are not defined, names used twice."""
    receivers = _names(root, ("receivers",), ledger)
    intervals = _names(root, ("time_intervals", "mute_time_intervals"), ledger)
    top = get(root, "route")
    if not isinstance(top, MappingNode):
        ledger.problem(top or root, "route", "there is no route; write at least `route: {receiver: NAME}`")
        return
    if not text_of(get(top, "receiver")):
        ledger.problem(top, "route.receiver", "the first route names no receiver")
    for path, route in routes(top):
        named = get(route, "receiver")
        if named is not None and text_of(named) and text_of(named) not in receivers:
            name = text_of(named)
            ledger.problem(named, f"{path}.receiver", f"no receiver is called {name!r}{did_you_mean(name, receivers)}")
        for key in ("mute_time_intervals", "active_time_intervals"):
            for index, interval in enumerate(items(get(route, key))):
                name = text_of(interval)
                if name not in intervals:
                    guess = did_you_mean(name, intervals)
                    ledger.problem(interval, f"{path}.{key}[{index}]", f"no time interval is called {name!r}{guess}")


def _names(root: MappingNode, keys: tuple[str, ...], ledger: Ledger) -> set[str]:
    names: set[str] = set()
    for key in keys:
        for index, entry in enumerate(items(get(root, key))):
            name = text_of(get(entry, "name"))
            if name in names:
                ledger.problem(entry, f"{key}[{index}].name", f"the name {name!r} is here twice")
            if name:
                names.add(name)
    return names
