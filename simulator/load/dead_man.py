"""Stops a load that only does harm: most of what it asks for fails, and has done so for a while. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.telemetry.observations import LoadMeasured
from simulator.units import format_duration


@dataclass
class DeadMan:
    """Watches a run's seconds. Errors above `ratio` for `lasting_ms` on end are the reason to stop it.

    Seconds without a request say nothing, so they neither begin nor end a spell.
    """

    ratio: float
    lasting_ms: int
    _since_ms: int | None = None

    def watch(self, measured: LoadMeasured) -> str:
        """The reason to stop, or nothing."""
        if not measured.requests:
            return ""
        if measured.failures / measured.requests <= self.ratio:
            self._since_ms = None
            return ""
        if self._since_ms is None:
            self._since_ms = measured.at_ms
        if measured.at_ms - self._since_ms < self.lasting_ms:
            return ""
        return f"more than {self.ratio:.0%} of the requests failed for {format_duration(self.lasting_ms)} on end"
