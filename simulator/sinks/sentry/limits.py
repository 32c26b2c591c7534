"""What a server does not want for the time being (https://develop.sentry.dev/sdk/foundations/transport/rate-limiting/)."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Final

from simulator.clock import Clock
from simulator.sinks.delivery import retry_after_seconds

ERROR: Final = "error"
TRANSACTION: Final = "transaction"
DEFAULT_SECONDS: Final = 60.0
"""How long a 429 counts that does not say."""
_EVERYTHING: Final = ""


class RateLimits:
    """Until when each category of data is unwanted. For several threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until: dict[str, float] = {}
        self._lock = threading.Lock()

    def seconds(self, category: str) -> float:
        """How long nothing of a category may be sent; 0: it may."""
        with self._lock:
            until = max(self._until.get(category, 0.0), self._until.get(_EVERYTHING, 0.0))
        return max(until - self._clock.monotonic(), 0.0)

    def read(self, status: int, headers: Mapping[str, str]) -> None:
        """Take to heart what an answer says, whatever its status. Header names are in lower case."""
        told = headers.get("x-sentry-rate-limits")
        if told is not None:
            for limit in told.split(","):
                self._read(limit.strip())
        elif status == 429:
            wished = retry_after_seconds(headers.get("retry-after", ""), self._clock.now_ms())
            self._limit(_EVERYTHING, DEFAULT_SECONDS if wished is None else wished)

    def _read(self, limit: str) -> None:
        """One limit: `seconds:categories:scope:reason`; no category means all of them."""
        seconds, _, rest = limit.partition(":")
        try:
            span = float(seconds)
        except ValueError:
            return
        for category in rest.partition(":")[0].split(";"):
            self._limit(category.strip().lower(), span)

    def _limit(self, category: str, seconds: float) -> None:
        until = self._clock.monotonic() + seconds
        with self._lock:
            self._until[category] = max(self._until.get(category, 0.0), until)
