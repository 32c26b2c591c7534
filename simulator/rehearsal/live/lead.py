"""How far in the future a run begins, so that every process is up by then."""

from __future__ import annotations

import os
from typing import Final

from simulator.units import SECOND

LONGEST_LEAD_MS: Final = 90 * SECOND


def lead_ms(alone_ms: int, busy: float | None = None) -> int:
    """Time to bring everything up that takes `alone_ms` on an idle machine.

    `busy` is the load average per core (measured where it is not given): processes share a core that is taken.
    """
    if busy is None:
        busy = os.getloadavg()[0] / (os.cpu_count() or 1)
    return min(round(alone_ms * max(busy, 1.0)), max(LONGEST_LEAD_MS, alone_ms))
