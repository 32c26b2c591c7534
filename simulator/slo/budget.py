"""How much may go wrong, how fast it does, and how much of it is left."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.units import DAY


@dataclass(frozen=True)
class Objective:
    """A share of good events over a period, such as 0.999 over 30 days. Raises ValueError outside (0, 1)."""

    target: float
    period_ms: int = 30 * DAY

    def __post_init__(self) -> None:
        if not 0.0 < self.target < 1.0:
            raise ValueError(f"an objective lies between 0 and 1, not at {self.target:g}; 99.9 % is 0.999")
        if self.period_ms <= 0:
            raise ValueError("an objective needs a period")

    @property
    def allowed(self) -> float:
        """The error ratio that spends the whole budget in just the period."""
        return 1.0 - self.target

    def burn_rate(self, error_ratio: float) -> float:
        """How fast a budget goes, relative to the objective: 1 lasts for just the period."""
        return error_ratio / self.allowed

    def error_ratio(self, burn_rate: float) -> float:
        """The error ratio of a burn rate: what a rule compares with."""
        return burn_rate * self.allowed

    def spent(self, burn_rate: float, window_ms: int) -> float:
        """The share of the period's budget that a burn rate spends in a window, at steady traffic."""
        return burn_rate * window_ms / self.period_ms

    def left(self, bad: float, total: float) -> float:
        """The share of the budget that is left after `bad` of `total` events of a period; below 0 where overspent.

        Without an event nothing was spent.
        """
        return 1.0 - (bad / total) / self.allowed if total else 1.0
