"""What was really so over an interval: what observers are compared with. Facts of the model, not of any export."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.telemetry.interval import Interval


@dataclass(frozen=True)
class RequestsTruth:
    """Requests over the interval: all of them, or those of one method and route (empty: all).

    Latencies in seconds, None without a request.
    """

    method: str
    route: str
    total: int
    failed: int  # ended with 5xx
    per_second: float
    error_ratio: float | None
    p50_seconds: float | None
    p95_seconds: float | None
    p99_seconds: float | None


@dataclass(frozen=True)
class SliTruth:
    """One service level indicator over the interval; `ratio` is the share of good events, None without an event."""

    name: str
    total: int
    bad: int
    ratio: float | None
    target: float | None


@dataclass(frozen=True)
class BurnTruth:
    """How fast the budget of an indicator was spent over a window that ends with the interval."""

    sli: str
    window_ms: int
    error_ratio: float | None
    burn_rate: float | None


@dataclass(frozen=True)
class BudgetTruth:
    """What is left, at the interval's end, of an indicator's error budget over the objective's period before it.

    1 is all of it, below 0 is overspent.
    """

    sli: str
    target: float
    period_ms: int
    left: float


@dataclass(frozen=True)
class FaultTruth:
    """A fault that acted within the interval: from when to when (wall time), and its highest level."""

    id: str
    kind: str
    acted: Interval
    level: float


@dataclass(frozen=True)
class Truth:
    """Everything that was so over `interval` (wall time)."""

    interval: Interval
    requests: RequestsTruth
    routes: tuple[RequestsTruth, ...]  # the busiest first
    slis: tuple[SliTruth, ...]
    budgets: tuple[BudgetTruth, ...]
    burns: tuple[BurnTruth, ...]
    faults: tuple[FaultTruth, ...]

    def sli(self, name: str) -> SliTruth:
        """One indicator. Raises KeyError."""
        for found in self.slis:
            if found.name == name:
                return found
        raise KeyError(name)
