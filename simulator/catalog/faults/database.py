"""Faults of the database and the cache."""

from __future__ import annotations

from simulator.catalog.faults.kinds import FaultKind, Parameter
from simulator.units import MINUTE

_SERVERS = "share of the servers, first to last, rounded up (with one server, any intensity is all of it)"
_ONLY_METRICS = "the metrics show it; the reference API keeps its data in memory and goes on"

KINDS: tuple[FaultKind, ...] = (
    FaultKind(
        name="database_slow",
        summary="the database answers slowly, and so does everything that waits for it",
        service="postgres",
        intensity="share of queries that are delayed",
        scopes=(),
        effects=(
            "query duration rises",
            "connections in use rise",
            "slow queries rise",
            "request duration rises on routes that query",
        ),
        live="routes of the API that touch the database wait for it; database metrics show the slow queries",
        parameters=(Parameter("delay", "duration", 1500, 1, 10 * MINUTE, "median of the delay added to a query"),),
    ),
    FaultKind(
        name="database_down",
        summary="PostgreSQL is gone, while its exporter still answers",
        service="postgres",
        intensity=_SERVERS,
        scopes=("instance",),
        effects=(
            "pg_up falls to 0 and the server's other metrics are absent",
            "queries stop and connection errors rise",
            "requests that query fail with 503",
            "the server's counters begin anew afterwards",
        ),
        live=_ONLY_METRICS,
        restarts=True,
    ),
    FaultKind(
        name="connections_exhausted",
        summary="something opens connections to the database and never closes them; a ramp makes it a slow leak",
        service="postgres",
        intensity="share of the free connections that are taken",
        scopes=("instance",),
        effects=(
            "connections idle in transaction rise",
            "from 97 % of the maximum on, new connections are refused and requests that query fail with 503",
        ),
        live=_ONLY_METRICS,
    ),
    FaultKind(
        name="deadlocks",
        summary="transactions lock each other out",
        service="postgres",
        intensity="share of one twentieth of the writes that ends in a deadlock",
        scopes=(),
        effects=(
            "deadlocks, lock waits and rollbacks rise",
            "some queries wait a second for it to be found",
            "some requests that query fail with 500",
        ),
        live=_ONLY_METRICS,
    ),
    FaultKind(
        name="replication_lag",
        summary="replicas fall behind the primary; they catch up four times as fast afterwards",
        service="postgres",
        intensity="share of the primary's changes that are not replayed in time",
        scopes=("instance",),
        effects=("replication lag grows", "WAL kept for the replicas grows"),
        live=_ONLY_METRICS,
    ),
    FaultKind(
        name="cache_miss_storm",
        summary="keys are gone from the cache, and everybody asks the database instead",
        service="redis",
        intensity="share of the cache's hits that become misses",
        scopes=(),
        effects=("cache hit ratio falls", "queries and connections in use rise", "query duration rises"),
        live=_ONLY_METRICS,
    ),
    FaultKind(
        name="redis_memory",
        summary="Redis fills up; once it is full, keys are evicted",
        service="redis",
        intensity="share of the free memory that is taken",
        scopes=("instance",),
        effects=("memory in use rises", "near the limit keys are evicted", "cache hit ratio falls", "queries rise"),
        live=_ONLY_METRICS,
    ),
    FaultKind(
        name="redis_down",
        summary="Redis is gone, while its exporter still answers",
        service="redis",
        intensity=_SERVERS,
        scopes=("instance",),
        effects=(
            "redis_up falls to 0 and the server's other metrics are absent",
            "every lookup misses",
            "queries and connections in use rise",
            "its counters begin anew afterwards",
        ),
        live=_ONLY_METRICS,
        restarts=True,
    ),
)
