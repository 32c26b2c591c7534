"""Database and cache as the API sees them (contract 5.5)."""

from __future__ import annotations

from simulator.catalog.families import (
    CausedBy,
    Count,
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

OPERATIONS = shares("operation", {"select": 78, "insert": 11, "update": 9, "delete": 2})
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
    tiny=4,
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
)
