"""PostgreSQL, and the API's pool of connections to it. `postgres-1` is the primary, the others replicate it."""

from __future__ import annotations

import numpy as np

from simulator.catalog.postgres_exporter import MAX_CONNECTIONS
from simulator.model.moment import Floats, Moment, signal
from simulator.model.signals.instances import of_host
from simulator.profile.activity import exposure
from simulator.profile.presence import service_name

QUERIES_PER_REQUEST = 3.0
QUERY_SECONDS = 0.008
POOL = 100.0
"""Connections that one API instance may hold."""
RESERVED = 3.0
"""`superuser_reserved_connections`: the last ones, which nobody else gets."""
LATE_MEAN = 1.13
"""Mean over median of the lognormal delays (sigma 0.5)."""
WRITES = 0.22
"""Share of queries that write."""
DEADLOCKED = 0.05
"""Share of writes that a fault of full intensity lets end in a deadlock."""
DEADLOCK_SECONDS = 1.0
"""`deadlock_timeout`: how long a backend waits before it looks for one."""
CONTENTION = 1.5
REPLICA_READS = 0.25
CATCH_UP = 4.0
PRIMARY = "postgres-1"
WAL_BYTES_PER_WRITE = 900.0


def _is_replica(m: Moment) -> bool:
    return service_name(m.instance) == "postgres" and m.instance != PRIMARY


def _reads(m: Moment) -> float:
    """The part of reads that this server answers."""
    return REPLICA_READS if _is_replica(m) else 1.0


def _writes(m: Moment) -> float:
    return 0.0 if _is_replica(m) else 1.0


@signal("db.up", "", "1 where the primary answers", shared=True)
def primary_up(m: Moment) -> Floats:
    return m.of(PRIMARY)["instance.serves"]


@signal(
    "db.crowded", "ratio", "share of new connections that the primary refuses because there are too many", shared=True
)
def crowded(m: Moment) -> Floats:
    primary = m.of(PRIMARY)
    full = ((primary["postgres.calm"] + primary["postgres.taken"]) / MAX_CONNECTIONS - 0.97) / 0.03
    return np.where(primary["postgres.taken"] > 0, 0.7 * np.minimum(np.maximum(full, 0.0), 1.0), 0.0)


@signal("db.refused", "ratio", "share of queries that get no connection", shared=True)
def refused(m: Moment) -> Floats:
    return 1.0 - m["db.up"] * (1.0 - m["db.crowded"])


@signal(
    "db.wanted",
    "1/s",
    "queries that the API would send: its own, and those for what it misses in the cache",
    shared=True,
)
def wanted(m: Moment) -> Floats:
    return QUERIES_PER_REQUEST * m["http.served"] + m["cache.missed_lookups"]


@signal("db.queries", "1/s", "queries that the API sends", shared=True)
def queries(m: Moment) -> Floats:
    return m["db.wanted"] * (1.0 - m["db.refused"])


@signal("db.load", "", "queries that are wanted as a multiple of those of the planned peak", shared=True)
def load(m: Moment) -> Floats:
    return m["db.wanted"] / _peak_queries(m)


@signal("db.locked", "ratio", "share of writes that end in a deadlock by a fault", shared=True)
def locked(m: Moment) -> Floats:
    return DEADLOCKED * m.fault("deadlocks")


@signal(
    "db.aborted",
    "ratio",
    "share of requests through the database that fail because their transaction was aborted",
    shared=True,
)
def aborted(m: Moment) -> Floats:
    return 0.5 * m["db.locked"]  # every other one is tried again


@signal("db.late_share", "ratio", "share of queries that a fault delays", shared=True)
def late_share(m: Moment) -> Floats:
    return 1.0 - (1.0 - m.fault("database_slow")) * (1.0 - WRITES * m["db.locked"])


@signal("db.late_seconds", "seconds", "median of the delay that a fault adds to them", shared=True)
def late_seconds(m: Moment) -> Floats:
    waits = np.where(m["db.locked"] > 0, DEADLOCK_SECONDS, 0.0)
    return np.maximum(m.worst("database_slow", "delay") / 1000.0, waits)


@signal("db.stretch", "", "how much longer queries take than on an idle database", shared=True)
def stretch(m: Moment) -> Floats:
    return _busy(m["db.load"]) * (1.0 + CONTENTION * of_host(m.of(PRIMARY), "postgres", "node.cpu_taken"))


@signal("db.slowdown", "", "how much longer queries take than this traffic alone would let them", shared=True)
def slowdown(m: Moment) -> Floats:
    return m["db.stretch"] / _busy(QUERIES_PER_REQUEST * m["http.served"] / _peak_queries(m))


def _peak_queries(m: Moment) -> float:
    """Queries a second at the planned peak."""
    return QUERIES_PER_REQUEST * m.profile.traffic.peak * m.profile.load.scale


def _busy(load: Floats) -> Floats:
    return np.asarray(1.0 + 0.6 * load + 4.0 * np.maximum(load - 1.3, 0.0))


@signal("db.query_seconds", "seconds", "mean time of a query", shared=True)
def query_seconds(m: Moment) -> Floats:
    return QUERY_SECONDS * m["db.stretch"] + LATE_MEAN * m["db.late_share"] * m["db.late_seconds"]


@signal("db.pool_wanted", "", "connections that this instance's queries occupy, were there enough (Little's law)")
def pool_wanted(m: Moment) -> Floats:
    return m["db.queries"] * m["api.share"] * m["db.query_seconds"]


@signal("db.pool_used", "", "connections of this instance in use")
def pool_used(m: Moment) -> Floats:
    return np.minimum(0.6 * m["db.up"] + m["db.pool_wanted"], POOL)


@signal("db.pool_utilization", "ratio", "share of this instance's pool in use")
def pool_utilization(m: Moment) -> Floats:
    return m["db.pool_used"] / POOL


@signal("db.errors_connection", "1/s", "queries that got no connection", shared=True)
def errors_connection(m: Moment) -> Floats:
    return 2e-6 * m["db.wanted"] + m["db.wanted"] * m["db.refused"]


@signal("db.errors_deadlock", "1/s", "queries aborted by a deadlock", shared=True)
def errors_deadlock(m: Moment) -> Floats:
    return m["db.queries"] * (2e-7 + WRITES * m["db.locked"])


@signal("db.errors_timeout", "1/s", "queries that took too long", shared=True)
def errors_timeout(m: Moment) -> Floats:
    return m["db.queries"] * (1e-6 + 0.02 * m["db.late_share"] * np.minimum(m["db.late_seconds"], 5.0) / 5.0)


@signal(
    "db.errors_constraint", "1/s", "queries that broke a constraint: users who want a name that is taken", shared=True
)
def errors_constraint(m: Moment) -> Floats:
    return 4e-5 * m["db.queries"]


@signal("db.lock_waits", "1/s", "queries that waited for a lock", shared=True)
def lock_waits(m: Moment) -> Floats:
    return m["db.queries"] * (8e-4 + 3.0 * WRITES * m["db.locked"])


# -- as one server sees itself ----------------------------------------------------------------------------------------


@signal("postgres.up", "", "1 where this server answers (for anybody else: the primary)")
def up(m: Moment) -> Floats:
    return m["instance.serves"] if service_name(m.instance) == "postgres" else m["db.up"]


@signal("postgres.is_primary", "", "1 on the primary")
def is_primary(m: Moment) -> Floats:
    return m["postgres.up"] * _writes(m)


@signal("postgres.has_replica", "", "1 on a primary that a replica follows")
def has_replica(m: Moment) -> Floats:
    followers = len(m.world.instances("postgres")) - 1
    return m["postgres.is_primary"] if followers else m.full(0.0)


@signal("postgres.is_replica", "", "1 on a replica")
def is_replica(m: Moment) -> Floats:
    return m.full(1.0 if _is_replica(m) else 0.0)


@signal("postgres.active", "", "backends that execute a query")
def active(m: Moment) -> Floats:
    return np.minimum(1.0 + _reads(m) * m["db.queries"] * m["db.query_seconds"], MAX_CONNECTIONS - 4.0)


@signal("postgres.idle", "", "backends that wait for a query")
def idle(m: Moment) -> Floats:
    return np.maximum(8.0 + 12.0 * m["api.alive"] - 0.3 * m["postgres.active"], 0.0)


@signal("postgres.calm", "", "backends that there would be, were every query let in and none kept by a fault")
def calm(m: Moment) -> Floats:
    busy = np.minimum(1.0 + _reads(m) * m["db.wanted"] * m["db.query_seconds"], MAX_CONNECTIONS - 4.0)
    return 1.04 * busy + np.maximum(8.0 + 12.0 * m["api.alive"] - 0.3 * busy, 0.0)


@signal("postgres.taken", "", "backends that a fault keeps idle in a transaction, were every query let in")
def taken(m: Moment) -> Floats:
    free = MAX_CONNECTIONS - RESERVED - m["postgres.calm"]
    return m.fault("connections_exhausted") * np.maximum(free, 0.0)


@signal("postgres.held", "", "backends that a fault keeps idle in a transaction: what refused queries leave as well")
def held(m: Moment) -> Floats:
    free = MAX_CONNECTIONS - RESERVED - 1.04 * m["postgres.active"] - m["postgres.idle"]
    return m.fault("connections_exhausted") * np.maximum(free, 0.0)


@signal("postgres.idle_in_transaction", "", "backends idle in a transaction")
def idle_in_transaction(m: Moment) -> Floats:
    return 0.04 * m["postgres.active"] + m["postgres.held"]


@signal("postgres.backends", "", "connected backends")
def backends(m: Moment) -> Floats:
    return np.minimum(m["postgres.active"] * 1.04 + m["postgres.idle"] + m["postgres.held"], MAX_CONNECTIONS)


@signal("postgres.longest_transaction", "seconds", "age of the oldest active transaction")
def longest_transaction(m: Moment) -> Floats:
    return 0.05 + 8.0 * m["db.query_seconds"]


@signal("postgres.oldest_idle_seconds", "seconds", "age of the oldest transaction that does nothing")
def oldest_idle_seconds(m: Moment) -> Floats:
    held = m.full(0.0)
    for fault, strength in m.faults("connections_exhausted"):
        held = np.maximum(held, np.where(strength > 0, (m.elapsed_ms - fault.at) / 1000.0, 0.0))
    return 0.02 + held


@signal("postgres.locks_waiting", "", "locks that are waited for")
def locks_waiting(m: Moment) -> Floats:
    return m["db.lock_waits"] * (0.05 + DEADLOCK_SECONDS * np.where(m["db.locked"] > 0, 1.0, 0.0))


@signal("postgres.slow_queries", "", "queries that have run for more than a second")
def slow_queries(m: Moment) -> Floats:
    return m["db.queries"] * m["db.late_share"] * np.maximum(m["db.late_seconds"] - 0.7, 0.0) * _reads(m)


@signal("postgres.size_bytes", "bytes", "disk space of the database, growing")
def size_bytes(m: Moment) -> Floats:
    users = m.profile.platform.registered_users
    return users * 260e3 * (1.0 + 0.0002 * m.elapsed_days)


@signal("postgres.lag_seconds", "seconds", "how far this replica is behind; 0 on the primary")
def lag_seconds(m: Moment) -> Floats:
    if not _is_replica(m):
        return m.full(0.0)
    behind = m.full(0.0)
    for fault in m.profile.faults if m.disturbed else ():
        if fault.kind == "replication_lag" and fault.target.instance in (None, m.instance):
            caught_up = CATCH_UP * np.maximum(m.elapsed_ms - fault.end, 0)
            behind = behind + np.maximum(exposure(fault, m.elapsed_ms) - caught_up, 0.0) / 1000.0
    return 0.3 + 0.9 * m["traffic.activity"] + behind


@signal(
    "postgres.replica_lag_bytes", "bytes", "WAL that the first replica has not replayed yet, as the primary sees it"
)
def replica_lag_bytes(m: Moment) -> Floats:
    replica = m.of("postgres-2")
    return WAL_BYTES_PER_WRITE * WRITES * replica["db.queries"] * replica["postgres.lag_seconds"]


@signal("postgres.commits", "1/s", "committed transactions")
def commits(m: Moment) -> Floats:
    return 0.5 * m["postgres.up"] + _reads(m) * m["db.queries"] * (0.7 - WRITES * m["db.locked"])


@signal("postgres.rollbacks", "1/s", "rolled back transactions")
def rollbacks(m: Moment) -> Floats:
    slow = 0.05 * m["db.late_share"]
    return _reads(m) * m["db.queries"] * (0.004 + slow + WRITES * m["db.locked"])


@signal("postgres.blocks_hit", "1/s", "blocks found in the buffer cache")
def blocks_hit(m: Moment) -> Floats:
    return 60.0 * m["postgres.up"] + 70.0 * _reads(m) * m["db.queries"]


@signal("postgres.blocks_read", "1/s", "blocks read from outside the buffer cache")
def blocks_read(m: Moment) -> Floats:
    return 0.4 * m["postgres.up"] + 0.5 * _reads(m) * m["db.queries"] * (1.0 + 20.0 * m["db.late_share"])


@signal("postgres.rows_returned", "1/s", "rows read")
def rows_returned(m: Moment) -> Floats:
    return 100.0 * m["postgres.up"] + 160.0 * _reads(m) * m["db.queries"]


@signal("postgres.rows_fetched", "1/s", "rows fetched by index")
def rows_fetched(m: Moment) -> Floats:
    return 20.0 * m["postgres.up"] + 11.0 * _reads(m) * m["db.queries"]


@signal("postgres.rows_inserted", "1/s", "rows inserted")
def rows_inserted(m: Moment) -> Floats:
    return 0.12 * _writes(m) * m["db.queries"]


@signal("postgres.rows_updated", "1/s", "rows updated")
def rows_updated(m: Moment) -> Floats:
    return 0.1 * _writes(m) * m["db.queries"]


@signal("postgres.rows_deleted", "1/s", "rows deleted")
def rows_deleted(m: Moment) -> Floats:
    return 0.02 * _writes(m) * m["db.queries"]


@signal("postgres.temp_bytes", "bytes/s", "bytes written to temporary files")
def temp_bytes(m: Moment) -> Floats:
    return 900.0 * _reads(m) * m["db.queries"]


@signal("postgres.conflicts", "1/s", "queries cancelled because of conflicts with recovery")
def conflicts(m: Moment) -> Floats:
    return 2e-5 * m["db.queries"] * m["postgres.is_replica"]


@signal("postgres.deadlocks", "1/s", "deadlocks")
def deadlocks(m: Moment) -> Floats:
    return _writes(m) * m["db.errors_deadlock"]


@signal("postgres.buffers_written", "1/s", "buffers written by checkpoints")
def buffers_written(m: Moment) -> Floats:
    return 0.2 * m["postgres.up"] + 0.4 * _writes(m) * m["db.queries"]


@signal("postgres.buffers_allocated", "1/s", "buffers allocated")
def buffers_allocated(m: Moment) -> Floats:
    return 0.3 * m["postgres.up"] + 0.6 * _reads(m) * m["db.queries"]


@signal("postgres.checkpoints", "1/s", "checkpoints by the clock")
def checkpoints(m: Moment) -> Floats:
    return m["postgres.up"] / 300.0


@signal("postgres.buffers_by_backends", "1/s", "buffers written by backends")
def buffers_by_backends(m: Moment) -> Floats:
    return 0.03 * _writes(m) * m["db.queries"]


@signal("postgres.checkpoint_ms", "ms/s", "milliseconds a second spent in writing checkpoints")
def checkpoint_ms(m: Moment) -> Floats:
    return 9.0 * m["postgres.buffers_written"]


@signal("postgres.temp_files", "1/s", "temporary files created")
def temp_files(m: Moment) -> Floats:
    return m["postgres.temp_bytes"] / 1.5e6


@signal("postgres.read_us", "us/s", "microseconds a second spent in reading blocks")
def read_us(m: Moment) -> Floats:
    return 140.0 * m["postgres.blocks_read"] * (1.0 + 30.0 * m["db.late_share"])


@signal("postgres.write_us", "us/s", "microseconds a second spent in writing blocks")
def write_us(m: Moment) -> Floats:
    return 60.0 * m["postgres.buffers_by_backends"]


@signal("postgres.gone", "", "1 where this server does not answer its exporter")
def gone(m: Moment) -> Floats:
    return 1.0 - m["postgres.up"]
