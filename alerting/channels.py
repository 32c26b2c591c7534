"""Who hears of an alert: the routes of the reference alertmanager.yml, as Alertmanager would walk them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ruamel.yaml import YAML

from alerting.rules import MONITORING, Alert
from simulator.engine.routing_tree import RoutingTree, read_routing

ALERTMANAGER: Final = MONITORING / "alertmanager" / "alertmanager.yml"
ESCALATION: Final = "escalation"
"""The receiver that is told later than the others, and only of what is still unresolved."""


@dataclass(frozen=True)
class Routes:
    """The routing tree, and where each receiver's notifications go: channels, addresses, integrations."""

    tree: RoutingTree
    destinations: Mapping[str, tuple[str, ...]]

    def receivers(self, alert: Alert) -> tuple[str, ...]:
        """The receivers of an alert, each once, in the order of the routes."""
        labels = {**alert.labels, "alertname": alert.name}
        return tuple(dict.fromkeys(route.receiver for route in self.tree.root.match(labels)))

    def told(self, alert: Alert) -> tuple[str, ...]:
        """Where an alert is heard of at once."""
        return self._of(name for name in self.receivers(alert) if name != ESCALATION)

    def escalated(self, alert: Alert) -> tuple[str, ...]:
        """Where it is heard of as well if it goes on."""
        return self._of(name for name in self.receivers(alert) if name == ESCALATION)

    def _of(self, receivers: Any) -> tuple[str, ...]:
        return tuple(dict.fromkeys(place for name in receivers for place in self.destinations[name]))


def read_routes() -> Routes:
    """The reference routes."""
    text = ALERTMANAGER.read_text("utf-8")
    document: dict[str, Any] = YAML(typ="safe").load(text)
    return Routes(read_routing(text), {one["name"]: tuple(_places(one)) for one in document["receivers"]})


def _places(receiver: Mapping[str, Any]) -> list[str]:
    """As `notifies` of a profile names them."""
    places = [str(slack["channel"]) for slack in receiver.get("slack_configs") or ()]
    places += [str(email["to"]) for email in receiver.get("email_configs") or ()]
    return places + (["pagerduty"] if receiver.get("pagerduty_configs") else [])
