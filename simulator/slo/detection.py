"""When a burn-rate alert fires after an incident began, and when it ends after that.

For an error ratio that jumps and stays, at steady traffic, with rules evaluated without pause: the Workbook's detection
time, `(1 - SLO) / error ratio × window × burn rate`, extended by a ratio that was there before, by a second, shorter
window, and by `for`. What a real server adds (scrape and evaluation intervals) comes on top.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from simulator.slo.budget import Objective
from simulator.units import DAY, HOUR, MINUTE


@dataclass(frozen=True)
class BurnAlert:
    """An alert on a burn rate that is exceeded over a long and, where given, over a short window."""

    burn_rate: float
    long_ms: int
    short_ms: int = 0
    for_ms: int = 0

    def detection_ms(self, objective: Objective, error_ratio: float, before: float = 0.0) -> float | None:
        """From the onset of an error ratio to the alert; None where it never comes.

        `before` is the ratio until then. 0 (and `for`) where that was enough already.
        """
        threshold = objective.error_ratio(self.burn_rate)
        if error_ratio <= threshold:
            return None
        if before > threshold:
            return float(self.for_ms)
        part = (threshold - before) / (error_ratio - before)
        return max(self.long_ms, self.short_ms) * part + self.for_ms

    def reset_ms(self, objective: Objective, error_ratio: float, lasted_ms: float, after: float = 0.0) -> float | None:
        """From the end of an incident to the end of the alert; None where `after` keeps it up.

        `error_ratio` held for `lasted_ms`, `after` is the ratio before and since. The first window to recover decides.
        """
        threshold = objective.error_ratio(self.burn_rate)
        if after > threshold:
            return None
        if error_ratio <= threshold:
            return 0.0
        bearable = (threshold - after) / (error_ratio - after)
        windows = (self.long_ms, self.short_ms) if self.short_ms else (self.long_ms,)
        waits = [
            0.0 if min(lasted_ms, window) <= bearable * window else window * (1.0 - bearable) for window in windows
        ]
        return min(waits)


WORKBOOK_ALERTS: Final = (
    BurnAlert(14.4, 1 * HOUR, 5 * MINUTE),
    BurnAlert(6.0, 6 * HOUR, 30 * MINUTE),
    BurnAlert(3.0, 1 * DAY, 2 * HOUR),
    BurnAlert(1.0, 3 * DAY, 6 * HOUR),
)
"""Two that page and two that open a ticket: the Workbook's parameters for a 99.9 % objective, with 3 over a day."""
