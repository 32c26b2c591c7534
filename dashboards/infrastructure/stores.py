"""Where data is kept: PostgreSQL, Redis, Elasticsearch."""

from __future__ import annotations

from typing import Final

from dashboards.frame import Row, row
from dashboards.parts import RED, Query, lines
from dashboards.selectors import of, rate

_POSTGRES, _REDIS, _SEARCH = "postgresql", "redis", "elasticsearch"
_HEAP: Final = 'area="heap"'


def postgres() -> Row:
    """The database."""
    return row(
        "PostgreSQL",
        lines(
            "Connections",
            "By state, and how many are allowed.",
            "short",
            Query(f"sum by (state) ({of(_POSTGRES, 'pg_stat_activity_count')})", "{{state}}"),
            Query(f"max({of(_POSTGRES, 'pg_settings_max_connections')})", "allowed"),
        ),
        lines(
            "Transactions",
            "Transactions a second, committed and rolled back.",
            "ops",
            Query(rate(of(_POSTGRES, "pg_stat_database_xact_commit")), "committed"),
            Query(rate(of(_POSTGRES, "pg_stat_database_xact_rollback")), "rolled back"),
        ),
        lines(
            "Buffer hit ratio",
            "Share of blocks that PostgreSQL found in its memory.",
            "percentunit",
            Query(
                f"{rate(of(_POSTGRES, 'pg_stat_database_blks_hit'), 'datname')} / "
                f"({rate(of(_POSTGRES, 'pg_stat_database_blks_hit'), 'datname')} + "
                f"{rate(of(_POSTGRES, 'pg_stat_database_blks_read'), 'datname')})",
                "{{datname}}",
            ),
            low=None,
            high=1.0,
        ),
        lines(
            "Replication lag",
            "How far the replica is behind. Above 30 s DatabaseReplicationLag fires.",
            "s",
            Query(of(_POSTGRES, "pg_replication_lag_seconds"), "{{instance}}"),
            limits=((30, RED),),
        ),
        lines(
            "Deadlocks and waiting locks",
            "Deadlocks a minute, and locks that somebody waits for.",
            "short",
            Query(f"60 * {rate(of(_POSTGRES, 'pg_stat_database_deadlocks'))}", "deadlocks a minute"),
            Query(f"max({of(_POSTGRES, 'cryb_db_locks_waiting_count')})", "waiting locks"),
        ),
        lines(
            "Database size",
            "Bytes on disk.",
            "bytes",
            Query(f"max by (datname) ({of(_POSTGRES, 'pg_database_size_bytes')})", "{{datname}}"),
            low=None,
        ),
    )


def hit_ratio() -> str:
    """Share of look-ups that Redis answers from its keys."""
    hits, misses = of(_REDIS, "redis_keyspace_hits_total"), of(_REDIS, "redis_keyspace_misses_total")
    return f"{rate(hits)} / ({rate(hits)} + {rate(misses)})"


def redis() -> Row:
    """The cache and the search engine."""
    return row(
        "Redis and search",
        lines(
            "Cache hit ratio",
            "Share of look-ups that Redis answered from its keys.",
            "percentunit",
            Query(hit_ratio(), "hits"),
            low=None,
            high=1.0,
        ),
        lines(
            "Redis memory",
            "Share of the memory that Redis may use. Above 90 % RedisMemoryHigh fires.",
            "percentunit",
            Query(f"{of(_REDIS, 'redis_memory_used_bytes')} / {of(_REDIS, 'redis_memory_max_bytes')}", "{{instance}}"),
            high=1.0,
            limits=((0.9, RED),),
        ),
        lines(
            "Redis commands",
            "Commands a second, and keys thrown out for want of memory.",
            "ops",
            Query(rate(of(_REDIS, "redis_commands_processed_total")), "commands"),
            Query(rate(of(_REDIS, "redis_evicted_keys_total")), "evicted keys"),
        ),
        lines(
            "Redis clients",
            "Connections to Redis.",
            "short",
            Query(of(_REDIS, "redis_connected_clients"), "{{instance}}"),
        ),
        lines(
            "Search queries",
            "Queries a second that Elasticsearch answered.",
            "ops",
            Query(rate(of(_SEARCH, "elasticsearch_indices_search_query_total")), "queries"),
        ),
        lines(
            "Search heap",
            "Share of the heap of Elasticsearch in use.",
            "percentunit",
            Query(
                f"max({of(_SEARCH, 'elasticsearch_jvm_memory_used_bytes', _HEAP)}) / "
                f"max({of(_SEARCH, 'elasticsearch_jvm_memory_max_bytes', _HEAP)})",
                "heap",
            ),
            high=1.0,
            limits=((0.85, RED),),
        ),
    )
