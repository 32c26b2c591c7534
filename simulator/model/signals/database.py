"""PostgreSQL, and the API's pool of connections to it."""

from __future__ import annotations

import numpy as np

from simulator.model.moment import Floats, Moment, signal

QUERIES_PER_REQUEST = 3.0
QUERY_SECONDS = 0.008
POOL = 100.0
"""Connections that one API instance may hold."""
MAX_CONNECTIONS = 300.0
LATE_MEAN = 1.13
"""Mean over median of the lognormal delays (sigma 0.5)."""


@signal("db.queries", "1/s", "queries that the API sends")
def queries(m: Moment) -> Floats:
    return QUERIES_PER_REQUEST * m["http.served"]


@signal("db.late_share", "ratio", "share of queries that a fault delays")
def late_share(m: Moment) -> Floats:
    return m.fault("database_slow")


@signal("db.late_seconds", "seconds", "median of the delay that a fault adds to them")
def late_seconds(m: Moment) -> Floats:
    return m.worst("database_slow", "delay") / 1000.0


@signal("db.stretch", "", "how much longer queries take than on an idle database")
def stretch(m: Moment) -> Floats:
    return 1.0 + 0.6 * m["traffic.activity"]


@signal("db.query_seconds", "seconds", "mean time of a query")
def query_seconds(m: Moment) -> Floats:
    return QUERY_SECONDS * m["db.stretch"] + LATE_MEAN * m["db.late_share"] * m["db.late_seconds"]


@signal("db.pool_wanted", "", "connections that this instance's queries occupy, were there enough (Little's law)")
def pool_wanted(m: Moment) -> Floats:
    return m["db.queries"] * m["api.share"] * m["db.query_seconds"]


@signal("db.pool_used", "", "connections of this instance in use")
def pool_used(m: Moment) -> Floats:
    return np.minimum(0.6 + m["db.pool_wanted"], POOL)


@signal("db.pool_utilization", "ratio", "share of this instance's pool in use")
def pool_utilization(m: Moment) -> Floats:
    return m["db.pool_used"] / POOL


@signal("postgres.up", "", "1 where PostgreSQL answers")
def up(m: Moment) -> Floats:
    return m.full(1.0)


@signal("postgres.active", "", "backends that execute a query")
def active(m: Moment) -> Floats:
    return np.minimum(1.0 + m["db.queries"] * m["db.query_seconds"], MAX_CONNECTIONS - 4.0)


@signal("postgres.idle", "", "backends that wait for a query")
def idle(m: Moment) -> Floats:
    return np.maximum(8.0 + 12.0 * m["api.alive"] - 0.3 * m["postgres.active"], 0.0)


@signal("postgres.backends", "", "connected backends")
def backends(m: Moment) -> Floats:
    return np.minimum(m["postgres.active"] * 1.04 + m["postgres.idle"], MAX_CONNECTIONS)


@signal("postgres.longest_transaction", "seconds", "age of the oldest active transaction")
def longest_transaction(m: Moment) -> Floats:
    return 0.05 + 8.0 * m["db.query_seconds"]


@signal("postgres.size_bytes", "bytes", "disk space of the database, growing")
def size_bytes(m: Moment) -> Floats:
    users = m.profile.platform.registered_users
    return users * 260e3 * (1.0 + 0.0002 * m.elapsed_days)


@signal("postgres.commits", "1/s", "committed transactions")
def commits(m: Moment) -> Floats:
    return 0.5 + 0.7 * m["db.queries"]


@signal("postgres.rollbacks", "1/s", "rolled back transactions")
def rollbacks(m: Moment) -> Floats:
    return 0.004 * m["db.queries"] + 0.05 * m["db.late_share"] * m["db.queries"]


@signal("postgres.blocks_hit", "1/s", "blocks found in the buffer cache")
def blocks_hit(m: Moment) -> Floats:
    return 60.0 + 70.0 * m["db.queries"]


@signal("postgres.blocks_read", "1/s", "blocks read from outside the buffer cache")
def blocks_read(m: Moment) -> Floats:
    return 0.4 + 0.5 * m["db.queries"] * (1.0 + 20.0 * m["db.late_share"])


@signal("postgres.rows_returned", "1/s", "rows read")
def rows_returned(m: Moment) -> Floats:
    return 100.0 + 160.0 * m["db.queries"]


@signal("postgres.rows_fetched", "1/s", "rows fetched by index")
def rows_fetched(m: Moment) -> Floats:
    return 20.0 + 11.0 * m["db.queries"]


@signal("postgres.rows_inserted", "1/s", "rows inserted")
def rows_inserted(m: Moment) -> Floats:
    return 0.12 * m["db.queries"]


@signal("postgres.rows_updated", "1/s", "rows updated")
def rows_updated(m: Moment) -> Floats:
    return 0.1 * m["db.queries"]


@signal("postgres.rows_deleted", "1/s", "rows deleted")
def rows_deleted(m: Moment) -> Floats:
    return 0.02 * m["db.queries"]


@signal("postgres.deadlocks", "1/s", "deadlocks")
def deadlocks(m: Moment) -> Floats:
    return 2e-7 * m["db.queries"]
