"""How fast a Loki takes lines: so much a second in all, so much a second for each stream.

The generic cell rate algorithm (ITU-T I.371, annex A), for all streams at once: what was sent is remembered as the time
at which it will have been worked off. A request that keeps to it is not refused for its rate.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.clock import Clock
from simulator.sinks.loki.batches import Parcel
from simulator.sinks.loki.limits import Limits

_OF_A_BURST: Final = 0.9
"""How much of a burst is made use of: two requests may arrive closer together than they were sent."""


class Pace:
    """Says how long to wait before each request."""

    def __init__(self, streams: int, limits: Limits, clock: Clock, rate_bytes: float | None = None) -> None:
        """`rate_bytes` is a cap of the user's, in bytes a second. Of a server that did not tell its limits the user
        may know better than its documentation, so the cap replaces them."""
        rate = limits.rate_bytes
        stream_rate = limits.stream_rate_bytes
        if rate_bytes is not None:
            rate = min(rate, rate_bytes) if limits.known else rate_bytes
            stream_rate = stream_rate if limits.known else rate_bytes
        self._clock = clock
        self._rate = rate
        burst = limits.burst_bytes if rate_bytes is None else min(limits.burst_bytes, rate)
        self._burst = _OF_A_BURST * burst
        self._stream_rate = stream_rate
        self._stream_burst = _OF_A_BURST * limits.stream_burst_bytes
        self._worked_off = clock.monotonic()
        self._stream_worked_off: NDArray[np.float64] = np.full(streams, self._worked_off)

    def take(self, parcel: Parcel) -> float:
        """Note a request as sent; how many seconds to wait before it really is."""
        now = self._clock.monotonic()
        self._worked_off = max(self._worked_off, now) + parcel.size / self._rate
        own = np.maximum(self._stream_worked_off[parcel.streams], now) + parcel.sizes / self._stream_rate
        self._stream_worked_off[parcel.streams] = own
        total = self._worked_off - self._burst / self._rate
        slowest = float(own.max(initial=now)) - self._stream_burst / self._stream_rate
        return max(total - now, slowest - now, 0.0)
