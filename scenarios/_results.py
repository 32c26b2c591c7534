"""Many results at once, for what comes too often to fire Locust's request event for each.

    report(environment, "SIO", "deliver", latencies_seconds, {"lost": 2})

In Locust's statistics, its table and its web UI they look like requests, whose failures have these names; `crybsim`
gets the latencies unrounded. A latency costs a tenth of a microsecond here, and twenty by an event.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import numpy as np
from locust.env import Environment
from locust.event import EventHook
from locust.stats import RequestStats, StatsEntry, StatsError, bucket_response_time

from simulator.wire.load_report import Delivered

BATCH = EventHook()
"""Fired with `route`, `seconds`, `failures` (a number) and `deliveries` (Delivered or None)."""


def report(
    environment: Environment,
    kind: str,
    name: str,
    seconds: Sequence[float],
    failures: Mapping[str, int] | None = None,
    deliveries: Delivered | None = None,
) -> None:
    """Count latencies that went well, and failures, which have none."""
    failed = {text: count for text, count in (failures or {}).items() if count}
    if not seconds and not failed and deliveries is None:
        return
    BATCH.fire(route=f"{kind} {name}", seconds=seconds, failures=sum(failed.values()), deliveries=deliveries)
    if not seconds and not failed:
        return
    stats = environment.stats
    batch = _entry(stats, kind, name, seconds, sum(failed.values()))
    stats.entries[(name, kind)].extend(batch)
    stats.total.extend(batch)
    for text, count in failed.items():
        error = stats.errors.setdefault(StatsError.create_key(kind, name, text), StatsError(kind, name, text))
        error.occurred()
        error.occurrences += count - 1


def _entry(stats: RequestStats, kind: str, name: str, seconds: Sequence[float], failures: int) -> StatsEntry:
    """The batch as Locust would have counted it one by one."""
    entry = StatsEntry(stats, name, kind)
    now = time.time()
    entry.start_time = entry.last_request_timestamp = now
    entry.num_requests = len(seconds) + failures
    entry.num_none_requests = entry.num_failures = failures
    entry.num_reqs_per_sec[int(now)] = entry.num_requests
    if failures:
        entry.num_fail_per_sec[int(now)] = failures
    if seconds:
        milliseconds = np.asarray(seconds) * 1000
        entry.total_response_time = float(milliseconds.sum())
        entry.min_response_time, entry.max_response_time = float(milliseconds.min()), float(milliseconds.max())
        for value, count in zip(*np.unique(np.round(milliseconds), return_counts=True), strict=True):
            entry.response_times[bucket_response_time(float(value))] += int(count)
    return entry
