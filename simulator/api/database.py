"""The database that is not there: every use of the store asks here first, so that it can be slow.

Without a fault a query takes no time; with `database_slow` it waits. Durations that are counted are those truly waited.
"""

from __future__ import annotations

from simulator.api.faults import Faults, Sleep
from simulator.api.metrics import ApiMetrics
from simulator.clock import Clock


class Database:
    """Waits and counts; the data itself is in `Store`."""

    def __init__(self, faults: Faults, metrics: ApiMetrics, clock: Clock, sleep: Sleep) -> None:
        self._faults = faults
        self._metrics = metrics
        self._clock = clock
        self._sleep = sleep

    async def query(self, operation: str, table: str) -> None:
        """Wait for one query: `select`, `insert`, `update` or `delete` on a table."""
        delay = self._faults.query_delay_seconds()
        if not delay:
            self._metrics.query(operation, table, 0.0)
            return
        started = self._clock.monotonic()
        await self._sleep(delay)
        self._metrics.query(operation, table, self._clock.monotonic() - started)
