"""A silence as Alertmanager keeps it: alerts with these labels are not notified while it lasts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from simulator.telemetry.interval import Interval
from simulator.telemetry.rules import Matcher


@dataclass(frozen=True)
class Silence:
    """One silence; `span` is simulated time, epoch ms."""

    matchers: tuple[Matcher, ...]
    span: Interval
    comment: str = ""

    def mutes(self, labels: Mapping[str, str], at_ms: int) -> bool:
        """Whether it keeps an alert quiet at an instant."""
        return at_ms in self.span and all(m.accepts(labels.get(m.label, "")) for m in self.matchers)
