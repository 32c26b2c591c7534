"""Database and cache as the API sees them (contract 5.5)."""

from __future__ import annotations

from simulator.catalog.families import (
    CausedBy,
    Count,
    Dimension,
    Family,
    Flow,
    Histogram,
    Level,
    constant,
    same,
    shares,
)
from simulator.catalog.jobs import CRYB_API
from simulator.telemetry.samples import MetricType

QUERY_BOUNDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
SLOW_SECONDS = 1.0
CACHE_BOUNDS = (0.0001, 0.001, 0.01, 0.1, 1.0)

OPERATIONS = shares("operation", {"select": 78, "insert": 11, "update": 9, "delete": 2}, tiny=2)
TABLES = shares(
    "table",
    {
        "messages": 26,
        "users": 17,
        "sessions": 14,
        "posts": 11,
        "notifications": 8,
        "channels": 6,
        "comments": 5,
        "votes": 4,
        "server_members": 3,
        "servers": 2,
        "communities": 2,
        "reactions": 2,
    },
    tiny=2,
)

QUERIES = Flow(
    "db.queries",
    signal="db.queries",
    dimensions=(OPERATIONS, TABLES),
    spread="db.query",
    bounds=QUERY_BOUNDS,
)
CACHE = Flow(
    "cache.lookups",
    signal="cache.lookups",
    dimensions=(constant("cache_type", "redis"), shares("_result", {"hit": 93, "miss": 7})),
    outcome="_result",
    healthy=("hit",),
    failures={"miss": "cache.missed"},
)

OPERATIONS_ON_CACHE = Flow(
    "cache.operations",
    signal="cache.operations",
    dimensions=(shares("operation", {"get": 68, "set": 20, "del": 12}, tiny=1), constant("cache_type", "redis")),
    spread="cache.operation",
    bounds=CACHE_BOUNDS,
)

_CRYB = constant("database", "cryb")
_LOCKED = Dimension(
    ("table1", "table2"),
    (
        (("messages", "channels"), 0.6),
        (("posts", "votes"), 0.3),
        (("users", "sessions"), 0.1),
    ),
)
_READING = shares("operation", {"select": 78, "insert": 11, "update": 9, "delete": 2})
_WRITING = shares("operation", {"insert": 40, "update": 55, "delete": 5})
# A query fails for one of these reasons, each at its own rate.
_ERRORS = {
    "connection": ("db.errors_connection", _READING),
    "timeout": ("db.errors_timeout", _READING),
    "deadlock": ("db.errors_deadlock", _WRITING),
    "constraint": ("db.errors_constraint", _WRITING),
}

_QUERY_LABELS = same("operation", "table")
_C, _G, _H = MetricType.COUNTER, MetricType.GAUGE, MetricType.HISTOGRAM

FAMILIES: tuple[Family, ...] = (
    Family(
        CRYB_API,
        "cryb_db_queries_total",
        _C,
        "Database queries",
        Count(QUERIES, _QUERY_LABELS),
        caused_by=CausedBy.API,
    ),
    Family(
        CRYB_API,
        "cryb_db_query_duration_seconds",
        _H,
        "Database query latency",
        Histogram(QUERIES, _QUERY_LABELS),
        unit="seconds",
        caused_by=CausedBy.API,
    ),
    Family(
        CRYB_API,
        "cryb_db_slow_queries_total",
        _C,
        "Database queries over one second",
        Count(QUERIES, _QUERY_LABELS, beyond=SLOW_SECONDS),
        caused_by=CausedBy.API,
    ),
    Family(
        CRYB_API,
        "cryb_db_connections_active",
        _G,
        "Database connections in use",
        Level("db.pool_used", whole=True, noise=0.08),
    ),
    Family(
        CRYB_API,
        "cryb_db_connection_pool_utilization",
        _G,
        "Share of the connection pool in use",
        Level("db.pool_utilization", (constant("database", "cryb"), constant("pool", "primary")), high=1.0),
    ),
    Family(
        CRYB_API,
        "cryb_cache_hits_total",
        _C,
        "Cache hits",
        Count(CACHE, same("cache_type"), where={"_result": ("hit",)}),
        caused_by=CausedBy.API,
    ),
    Family(
        CRYB_API,
        "cryb_cache_misses_total",
        _C,
        "Cache misses",
        Count(CACHE, same("cache_type"), where={"_result": ("miss",)}),
        caused_by=CausedBy.API,
    ),
    Family(
        CRYB_API,
        "cryb_cache_size_bytes",
        _G,
        "Size of the cache",
        Level("redis.memory_bytes", (constant("cache_type", "redis"),), whole=True),
        unit="bytes",
    ),
    Family(
        CRYB_API,
        "cryb_cache_evictions_total",
        _C,
        "Keys evicted from the cache",
        Count(
            Flow("cache.evictions", "cache.evictions", (constant("cache_type", "redis"), constant("reason", "memory"))),
            same("cache_type", "reason"),
        ),
    ),
    Family(
        CRYB_API,
        "cryb_cache_operation_duration_seconds",
        _H,
        "Latency of the cache",
        Histogram(OPERATIONS_ON_CACHE, same("operation", "cache_type")),
        unit="seconds",
    ),
    *(
        Family(
            CRYB_API,
            "cryb_db_errors_total",
            _C,
            "Database queries that failed",
            Count(
                Flow(f"db.errors.{kind}", signal, (operations, constant("error_type", kind))),
                same("operation", "error_type"),
            ),
        )
        for kind, (signal, operations) in _ERRORS.items()
    ),
    Family(
        CRYB_API,
        "cryb_db_deadlocks_total",
        _C,
        "Deadlocks",
        Count(Flow("db.deadlocks", "db.errors_deadlock", (_CRYB, _LOCKED)), same("database", "table1", "table2")),
    ),
    Family(
        CRYB_API,
        "cryb_db_lock_waits_total",
        _C,
        "Queries that waited for a lock",
        Count(
            Flow(
                "db.lock_waits",
                "db.lock_waits",
                (_CRYB, shares("lock_type", {"row": 88, "relation": 9, "advisory": 3})),
            ),
            same("database", "lock_type"),
        ),
    ),
)
