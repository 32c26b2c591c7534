"""Log entries: what a service writes to its log, and what Loki holds as a stream's entry."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from simulator.telemetry.interval import Interval
from simulator.telemetry.samples import Labels


@dataclass(frozen=True)
class LogEntry:
    """One line. `labels` is its stream's label set (`service` always among them); `line` has no line end."""

    at_ms: int
    labels: Labels
    line: bytes


class LogSource(Protocol):
    """Where log lines come from. A source is pure: the same interval gives the same bytes."""

    def entries(self, interval: Interval) -> Iterable[LogEntry]:
        """Every entry of the interval (wall time), in the order of time."""
        ...
