"""What redis_exporter and postgres_exporter tell besides what moves in an incident: persistence, archiving, scrapes."""

from __future__ import annotations

from simulator.catalog.families import Family
from simulator.catalog.jobs import POSTGRES, REDIS
from simulator.catalog.postgres_exporter import SERVER
from simulator.catalog.standing import EVENLY, NEVER, RARELY, Declaring

_REDIS = Declaring(REDIS, present="redis.up")
_POSTGRES = Declaring(POSTGRES, present="postgres.up")
_EXPORTER = Declaring(POSTGRES)
_SCRAPES = ("standing.slowly", 2.0)
_MIB = 1024.0**2

FAMILIES: tuple[Family, ...] = (
    *_REDIS.levels(
        "redis_",
        "{} metric",
        {
            "active_defrag_running": 0.0,
            "aof_enabled": 1.0,
            "aof_last_bgrewrite_status": 1.0,
            "aof_last_rewrite_duration_sec": 1.0,
            "aof_last_write_status": 1.0,
            "aof_rewrite_in_progress": 0.0,
            "cluster_enabled": 0.0,
            "config_maxmemory": 2048 * _MIB,
            "expired_stale_percentage": 0.4,
            "lazyfree_pending_objects": 0.0,
            "loading_dump_file": 0.0,
            "mem_clients_normal": 2.0 * _MIB,
            "mem_fragmentation_bytes": 24 * _MIB,
            "memory_used_lua_bytes": 32768.0,
            "memory_used_overhead_bytes": 60 * _MIB,
            "memory_used_startup_bytes": 866216.0,
            "pubsub_patterns": 2.0,
            "rdb_bgsave_in_progress": 0.0,
            "rdb_changes_since_last_save": 900.0,
            "rdb_current_bgsave_duration_sec": -1.0,
            "rdb_last_bgsave_duration_sec": 1.0,
            "rdb_last_bgsave_status": 1.0,
            "rdb_last_cow_size_bytes": 4 * _MIB,
            "replication_backlog_bytes": 1.0 * _MIB,
        },
    ),
    _REDIS.shown("redis_rdb_last_save_timestamp_seconds", "rdb_last_save_timestamp_seconds metric", "standing.lately"),
    _REDIS.counter("redis_total_error_replies", "total_error_replies metric", RARELY),
    _REDIS.counter("redis_exporter_scrapes_total", "Current total redis scrapes.", _SCRAPES),
    _REDIS.level(
        "redis_exporter_last_scrape_duration_seconds",
        "exporter_last_scrape_duration_seconds metric",
        0.004,
        noise=0.2,
    ),
    _EXPORTER.level(
        "pg_exporter_last_scrape_duration_seconds",
        "Duration of the last scrape of metrics from PostgreSQL.",
        0.03,
        noise=0.2,
    ),
    _EXPORTER.counter(
        "pg_exporter_scrapes_total", "Total number of times PostgreSQL was scraped for metrics.", _SCRAPES
    ),
    _POSTGRES.counter(
        "pg_stat_archiver_archived_count",
        "Number of WAL files that have been successfully archived",
        RARELY,
        SERVER,
    ),
    _POSTGRES.counter(
        "pg_stat_archiver_failed_count", "Number of failed attempts for archiving WAL files", NEVER, SERVER
    ),
    _POSTGRES.level(
        "pg_stat_archiver_last_archive_age",
        "Time in seconds since last WAL segment was successfully archived",
        190.0,
        SERVER,
        noise=0.3,
    ),
    _POSTGRES.counter(
        "pg_stat_bgwriter_checkpoint_sync_time_total",
        (
            "Total amount of time that has been spent in the portion of checkpoint processing where files are "
            "synchronized to disk, in milliseconds"
        ),
        EVENLY,
    ),
)
