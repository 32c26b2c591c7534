"""The model's samples, job by job: what each exporter of the platform would answer to a scrape.

First version: a small subset of the catalogue, moved by the planned traffic and the faults of the manifest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from simulator.profile.activity import level, parameter
from simulator.profile.manifest import Manifest
from simulator.profile.schema import Fault
from simulator.profile.traffic import planned_rate
from simulator.telemetry.samples import FamilyBlock, Labels, MetricType, Series
from simulator.units import DAY, MINUTE

Array = NDArray[np.float64]
Times = NDArray[np.int64]

JOBS = ("cryb-api", "node-exporter", "postgresql", "redis")
_SERVICE = {"cryb-api": "api", "node-exporter": "node", "postgresql": "postgres", "redis": "redis"}
_WARM_MS = DAY  # counters start this long before the run

_COUNTER, _GAUGE, _HISTOGRAM = MetricType.COUNTER, MetricType.GAUGE, MetricType.HISTOGRAM
_QUERY_LE = ("0.001", "0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "+Inf")
# cumulative share of queries at most that long: undisturbed, and when delayed by about 1.5 s
_QUICK = np.array([0.2, 0.6, 0.8, 0.93, 0.975, 0.993, 0.998, 0.9993, 0.9998, 1.0, 1.0, 1.0])
_SQL = tuple((op, table) for op in ("select", "insert", "update") for table in ("users", "messages", "posts"))
_SQL_SHARE = (0.22, 0.33, 0.2, 0.02, 0.12, 0.03, 0.04, 0.02, 0.02)


@dataclass(frozen=True)
class _State:
    """Causes at some instants: the platform's rate (requests per second), and what the faults do to it."""

    times: Times
    rate: Array
    slow: Array  # share of queries that are delayed
    delay: Array  # seconds added to a delayed query
    errors: Array  # share of requests that fail
    down: Array  # share of API instances that are down


class ModelSamples:
    """Implements `telemetry.samples.SampleSource` for a manifest."""

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest

    def jobs(self) -> tuple[str, ...]:
        return JOBS

    def instances(self, job: str) -> tuple[str, ...]:
        service = _SERVICE[job]
        count: int = getattr(self._manifest.profile.platform.instances, service)
        return tuple(f"{service}-{number}" for number in range(1, count + 1))

    def is_up(self, job: str, instance: str, at_ms: int) -> bool:
        if job != "cryb-api":
            return True
        elapsed = np.array([self._manifest.elapsed_ms(at_ms)], dtype=np.int64)
        names = self.instances(job)
        for fault in self._manifest.profile.faults:
            if fault.kind == "outage":
                share = float(level(fault, elapsed)[0])
                targets = (fault.target.instance,) if fault.target.instance else names
                if share > 0 and instance in targets[: ceil(share * len(targets))]:
                    return False
        return True

    def blocks(self, job: str, instance: str, times_ms: Times) -> tuple[FamilyBlock, ...]:
        if instance not in self.instances(job):
            raise KeyError(f"job {job} has no instance {instance!r}")
        state = self._state(times_ms)
        found = _ANSWERS[job](self, state, instance)
        return tuple(sorted(found, key=lambda block: block.name))

    def _state(self, times: Times) -> _State:
        profile = self._manifest.profile
        elapsed = times - self._manifest.started_ms
        levels = {
            kind: [(fault, level(fault, elapsed)) for fault in profile.faults if fault.kind == kind]
            for kind in ("database_slow", "http_errors", "outage")
        }
        api = max(1, profile.platform.instances.api)
        down = _at_most_one(elapsed, [np.ceil(x * api) / api for _, x in levels["outage"]])
        return _State(
            times=times,
            rate=planned_rate(profile, elapsed) * (1 - down),
            slow=_at_most_one(elapsed, [x for _, x in levels["database_slow"]]),
            delay=_delay(elapsed, levels["database_slow"]),
            errors=_at_most_one(elapsed, [x for _, x in levels["http_errors"]]),
            down=down,
        )

    def integral(self, times: Times, rate: Callable[[_State], Array]) -> Array:
        """The integral of a rate (per second) from a day before the run, exact at any instant: whole minutes, then
        the part of the last one. The grid is fixed, so the step of `times` does not matter."""
        first = self._manifest.started_ms - _WARM_MS
        cells = max(1, int((int(times[-1]) - first) // MINUTE + 2))
        edges = first + np.arange(cells + 1, dtype=np.int64) * MINUTE
        total = np.concatenate(([0.0], np.cumsum(rate(self._state(edges[:-1]))))) * 60.0
        return np.asarray(np.interp(times, edges, total))


def _at_most_one(elapsed: Times, shares: list[Array]) -> Array:
    left = np.ones(len(elapsed))
    for share in shares:
        left = left * (1 - share)
    return 1 - left


def _delay(elapsed: Times, faults: list[tuple[Fault, Array]]) -> Array:
    delay = np.zeros(len(elapsed))
    for fault, share in faults:
        delay += np.where(share > 0, parameter(fault, "delay") / 1000, 0.0)
    return delay


def _family(name: str, kind: MetricType, text: str, state: _State, columns: dict[Labels, Array]) -> FamilyBlock:
    series = tuple(Series(name, labels) for labels in columns)
    return FamilyBlock(name, kind, text, series, state.times, np.stack(list(columns.values()), axis=1))


def _one(name: str, kind: MetricType, text: str, state: _State, values: Array | float) -> FamilyBlock:
    return _family(name, kind, text, state, {(): np.broadcast_to(np.asarray(values, dtype=float), state.times.shape)})


def _api(model: ModelSamples, state: _State, instance: str) -> list[FamilyBlock]:
    platform = model._manifest.profile.platform
    users = float(platform.registered_users)
    copies = platform.instances.api
    happy = 1 - 0.5 * state.errors - 0.3 * state.slow
    busy = np.minimum(1.0, (0.002 + state.slow * state.delay) * 3 * state.rate / copies / 20)
    gauge = _GAUGE
    sql_rate = 3.0 / copies
    quick_ones = model.integral(state.times, lambda s: sql_rate * s.rate * (1 - s.slow))
    slow_ones = model.integral(state.times, lambda s: sql_rate * s.rate * s.slow)
    columns: dict[Labels, Array] = {}
    histogram: list[Series] = []
    values: list[Array] = []
    slow_total: dict[Labels, Array] = {}
    late = np.array([0, 0, 0, 0, 0, 0, 0.0, 0.04, 0.26, 0.82, 0.97, 1.0])
    for (operation, table), part in zip(_SQL, _SQL_SHARE, strict=True):
        good, bad = np.floor(quick_ones * part), np.floor(slow_ones * part)
        labels: Labels = (("operation", operation), ("table", table))
        columns[labels] = good + bad
        for le, quick, slow in zip(_QUERY_LE, _QUICK, late, strict=True):
            histogram.append(
                Series(
                    "cryb_db_query_duration_seconds_bucket",
                    (("le", le), ("operation", operation), ("table", table)),
                )
            )
            values.append(np.floor(good * quick) + np.floor(bad * slow))
        histogram.append(Series("cryb_db_query_duration_seconds_sum", labels))
        values.append(good * 0.009 + bad * 1.7)
        histogram.append(Series("cryb_db_query_duration_seconds_count", labels))
        values.append(good + bad)
        slow_total[labels] = np.floor(bad * 0.74)
    text = "Database query duration in seconds"
    return [
        _one("cryb_daily_active_users", gauge, "Users active in the last day", state, np.floor(users * 0.22)),
        _one("cryb_weekly_active_users", gauge, "Users active in the last week", state, np.floor(users * 0.41)),
        _one("cryb_monthly_active_users", gauge, "Users active in the last month", state, np.floor(users * 0.6)),
        _one("cryb_message_velocity", gauge, "Messages per minute over the last hour", state, state.rate * 9 * happy),
        _family(
            "cryb_user_engagement_score",
            gauge,
            "Engagement score, 0 to 100",
            state,
            {
                (("user_tier", tier),): np.clip(base * happy, 0, 100)
                for tier, base in (("power_users", 86.0), ("regular_users", 58.0), ("casual_users", 27.0))
            },
        ),
        _family(
            "cryb_user_churn_rate",
            gauge,
            "Users lost, percent",
            state,
            {(("period", period),): np.full(len(state.times), base) for period, base in (("7d", 2.1), ("30d", 6.4))},
        ),
        _family(
            "cryb_payment_success_rate",
            gauge,
            "Payments that succeed, percent",
            state,
            {(("payment_method", m),): 97.5 - 20 * state.errors for m in ("crypto", "stripe")},
        ),
        _one("cryb_db_connections_active", gauge, "Database connections in use", state, np.ceil(1 + 19 * busy)),
        _family(
            "cryb_db_connection_pool_utilization",
            gauge,
            "Share of the connection pool in use",
            state,
            {(("database", "cryb"), ("pool", "primary")): busy},
        ),
        _family("cryb_db_queries_total", _COUNTER, "Database queries", state, columns),
        _family("cryb_db_slow_queries_total", _COUNTER, "Database queries over 1 s", state, slow_total),
        FamilyBlock(
            "cryb_db_query_duration_seconds",
            _HISTOGRAM,
            text,
            tuple(histogram),
            state.times,
            np.stack(values, axis=1),
        ),
    ]


def _node(model: ModelSamples, state: _State, instance: str) -> list[FamilyBlock]:
    peak = model._manifest.profile.traffic.peak * model._manifest.profile.load.scale

    def used(s: _State) -> Array:
        return np.clip(0.08 + 0.4 * s.rate / peak, 0, 0.97)

    now = used(state)
    busy = model.integral(state.times, used)
    idle = model.integral(state.times, lambda s: 1 - used(s))
    cpu: dict[Labels, Array] = {}
    for core in range(4):
        for mode, seconds in (("idle", idle), ("system", 0.25 * busy), ("user", 0.75 * busy)):
            cpu[(("cpu", str(core)), ("mode", mode))] = seconds
    gib = 1024.0**3
    disk: Labels = (("device", "/dev/sda1"), ("fstype", "ext4"), ("mountpoint", "/"))
    device: Labels = (("device", "eth0"),)
    flat = np.ones(len(state.times))
    return [
        _family("node_cpu_seconds_total", _COUNTER, "Seconds the CPUs spent in each mode.", state, cpu),
        _one("node_load1", _GAUGE, "1m load average.", state, 4 * now * 1.1),
        _one("node_memory_MemTotal_bytes", _GAUGE, "Memory information field MemTotal_bytes.", state, 16 * gib),
        _one(
            "node_memory_MemAvailable_bytes",
            _GAUGE,
            "Memory information field MemAvailable_bytes.",
            state,
            np.floor(16 * gib * (0.62 - 0.2 * now)),
        ),
        _family("node_filesystem_size_bytes", _GAUGE, "Filesystem size in bytes.", state, {disk: 200 * gib * flat}),
        _family(
            "node_filesystem_avail_bytes",
            _GAUGE,
            "Filesystem space available to non-root users in bytes.",
            state,
            {disk: 116 * gib * flat},
        ),
        _family(
            "node_network_receive_bytes_total",
            _COUNTER,
            "Network device statistic receive_bytes.",
            state,
            {device: np.floor(model.integral(state.times, lambda s: 2600 * s.rate + 900))},
        ),
        _family(
            "node_network_transmit_bytes_total",
            _COUNTER,
            "Network device statistic transmit_bytes.",
            state,
            {device: np.floor(model.integral(state.times, lambda s: 9100 * s.rate + 700))},
        ),
        _one(
            "node_boot_time_seconds",
            _GAUGE,
            "Node boot time, in unixtime.",
            state,
            float((model._manifest.started_ms - _WARM_MS) // 1000),
        ),
    ]


def _postgres(model: ModelSamples, state: _State, instance: str) -> list[FamilyBlock]:
    database: Labels = (("datid", "16384"), ("datname", "cryb"))
    active = np.ceil(1 + 3 * state.rate * (0.002 + state.slow * state.delay))
    active = np.minimum(active, 280)

    def counter(rate: Callable[[_State], Array]) -> dict[Labels, Array]:
        return {database: np.floor(model.integral(state.times, rate))}

    return [
        _one("pg_up", _GAUGE, "Whether the last scrape of metrics from PostgreSQL was able to connect.", state, 1.0),
        _family(
            "pg_stat_activity_count",
            _GAUGE,
            "number of connections in this state",
            state,
            {
                (("datname", "cryb"), ("state", "active")): active,
                (("datname", "cryb"), ("state", "idle")): np.maximum(0.0, 40 * (1 - state.down) - active / 4),
                (("datname", "cryb"), ("state", "idle in transaction")): np.floor(active / 20),
            },
        ),
        _family(
            "pg_settings_max_connections",
            _GAUGE,
            "Sets the maximum number of concurrent connections.",
            state,
            {(("server", "postgres:5432"),): np.full(len(state.times), 300.0)},
        ),
        _family(
            "pg_stat_activity_max_tx_duration",
            _GAUGE,
            "max duration in seconds any active transaction has been running",
            state,
            {(("datname", "cryb"), ("state", "active")): 0.02 + 3 * state.slow * state.delay},
        ),
        _family(
            "pg_stat_database_xact_commit",
            _COUNTER,
            "Number of transactions in this database that have been committed",
            state,
            counter(lambda s: 2.2 * s.rate + 0.5),
        ),
        _family(
            "pg_stat_database_xact_rollback",
            _COUNTER,
            "Number of transactions in this database that have been rolled back",
            state,
            counter(lambda s: 0.01 * s.rate + 0.3 * s.rate * s.slow),
        ),
        _family(
            "pg_stat_database_blks_hit",
            _COUNTER,
            "Number of times disk blocks were found already in the buffer cache",
            state,
            counter(lambda s: 210 * s.rate + 40),
        ),
        _family(
            "pg_stat_database_blks_read",
            _COUNTER,
            "Number of disk blocks read in this database",
            state,
            counter(lambda s: (1.4 + 30 * s.slow) * s.rate + 0.2),
        ),
        _family(
            "pg_stat_database_deadlocks",
            _COUNTER,
            "Number of deadlocks detected in this database",
            state,
            counter(lambda s: np.zeros(len(s.times))),
        ),
    ]


def _redis(model: ModelSamples, state: _State, instance: str) -> list[FamilyBlock]:
    def counter(name: str, text: str, rate: Callable[[_State], Array]) -> FamilyBlock:
        return _one(name, _COUNTER, text, state, np.floor(model.integral(state.times, rate)))

    gib = 1024.0**3
    return [
        _one("redis_up", _GAUGE, "Information about the Redis instance", state, 1.0),
        _one("redis_connected_clients", _GAUGE, "connected_clients metric", state, np.ceil(12 + 2.0 * state.rate)),
        _one("redis_memory_max_bytes", _GAUGE, "memory_max_bytes metric", state, 2 * gib),
        _one(
            "redis_memory_used_bytes", _GAUGE, "memory_used_bytes metric", state, np.floor(0.9 * gib + 2e6 * state.rate)
        ),
        counter("redis_commands_processed_total", "commands_processed_total metric", lambda s: 6.5 * s.rate + 1),
        counter("redis_keyspace_hits_total", "keyspace_hits_total metric", lambda s: 4.6 * s.rate),
        counter("redis_keyspace_misses_total", "keyspace_misses_total metric", lambda s: 0.35 * s.rate),
        counter("redis_evicted_keys_total", "evicted_keys_total metric", lambda s: np.zeros(len(s.times))),
    ]


_ANSWERS = {"cryb-api": _api, "node-exporter": _node, "postgresql": _postgres, "redis": _redis}
