"""A cap on what is sent a second, whoever sends it."""

from __future__ import annotations

import threading

from simulator.clock import Clock


class Pace:
    """Spreads what is sent evenly: each piece waits until those before it have had their time.

    For several threads. `per_second` None is no cap.
    """

    def __init__(self, per_second: float | None, clock: Clock) -> None:
        self._per_second = per_second
        self._clock = clock
        self._free_at = 0.0
        self._lock = threading.Lock()

    def reserve(self, amount: int) -> float:
        """Seconds to wait before so much may be sent. It counts as sent: reserve once, however often it is tried."""
        if self._per_second is None:
            return 0.0
        with self._lock:
            now = self._clock.monotonic()
            start = max(now, self._free_at)
            self._free_at = start + amount / self._per_second
            return start - now
