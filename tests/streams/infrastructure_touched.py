"""What a fault of infrastructure changes, and what follows from that, as patterns over `job/instance/sample`."""

from __future__ import annotations

QUERIES = (
    r"postgresql/.*/pg_(stat_database|stat_activity|stat_bgwriter|locks|stat_replication)_.*",
    r"postgresql/.*/cryb_db_.*",
    r"cryb-api/.*/cryb_db_.*",
    r"database-performance/.*",
    r"node-exporter/.*/node_(disk|pressure_io|vmstat_pgpg).*",
    r"cadvisor/.*/container_(cpu|memory)_.*",
    r"cryb-api/.*/cryb_nodejs_(process_open_fds|nodejs_active_handles.*)",
    r"error-tracking/.*",
)
SLOWER = (
    r"cryb-api/.*/http_request_duration_seconds.*",
    r"cryb-api/.*/http_requests_in_flight",
    r"cryb-api/.*/cryb_nodejs_.*",
    r"cryb-api/.*/(cryb_sli|cryb_tracing|cryb_.*_(latency|duration)).*",
    r"cryb-api/.*/(socketio|queue)_.*",
    r"(nginx|socketio|bullmq|websocket-monitoring|search-analytics|blackbox-http)/.*",
    r"cryb-api/.*/cryb_(memory_utilization|load_times).*",
)
PEOPLE = (
    r"cryb-api/.*/cryb_(?!nodejs|db|cache|voice|video).*",
    r"business-metrics/.*",
    r"redis/.*/redis_db_keys.*",
    r"postgresql/.*/cryb_(users|messages|servers|uploads|auth|errors|notifications|search)_.*",
)
FAILING = (
    r"cryb-api/.*/http_.*",
    r"cryb-api/.*/cryb_(error|sli|slo|tracing|messages|notifications|search|upload).*",
    r"error-tracking/.*",
    r"postgresql/.*/cryb_(errors|messages|notifications)_.*",
    r"blackbox-http/https://api.cryb.ai/health/.*",
    r"security/.*/clamav_.*",  # of uploads that fail there is nothing to scan
)
TRAFFIC = (r"(?!alertmanager|prometheus|grafana|blackbox-ssl).*",)
"""Where requests stop, whatever follows them stops as well."""

TOUCHED: dict[str, tuple[dict[str, object], set[str], tuple[str, ...]]] = {
    "outage": (
        {},
        {
            "cryb-api/api-1/http_requests_total",
            "cryb-api/api-3/cryb_db_queries_total",
            "postgresql/postgres-1/pg_stat_database_xact_commit",
            "redis/redis-1/redis_commands_processed_total",
            "node-exporter/node-2/node_cpu_seconds_total",
            "blackbox-http/https://api.cryb.ai/health/probe_success",
            "cryb-api/api-1/cryb_user_engagement_score",
        },
        TRAFFIC,
    ),
    "deploy": (
        {"target": {"instance": "api-2"}},
        {
            "cryb-api/api-2/http_requests_total",
            "cryb-api/api-2/cryb_nodejs_process_start_time_seconds",
            "cryb-api/api-1/http_requests_total",  # it takes over while api-2 is away
            "cadvisor/node-2/container_start_time_seconds",
            "cadvisor/node-2/container_cpu_usage_seconds_total",
        },
        TRAFFIC,
    ),
    "crash_loop": (
        {"target": {"instance": "api-2"}},
        {
            "cryb-api/api-2/http_requests_total",
            "cryb-api/api-2/cryb_nodejs_process_start_time_seconds",
            "cryb-api/api-1/http_requests_total",
            "cadvisor/node-2/container_start_time_seconds",
        },
        TRAFFIC,
    ),
    "cpu_saturation": (
        {"target": {"instance": "node-2"}},
        {
            "node-exporter/node-2/node_cpu_seconds_total",
            "node-exporter/node-2/node_load1",
            "cryb-api/api-2/http_request_duration_seconds_sum",
            "cryb-api/api-2/cryb_nodejs_nodejs_eventloop_lag_seconds",
            "cadvisor/node-2/container_cpu_cfs_throttled_seconds_total",
        },
        (
            r"node-exporter/node-2/node_(cpu|load|pressure_cpu|procs).*",
            r"cadvisor/node-2/container_cpu_cfs_throttled.*",
            r"cryb-api/api-2/.*",
            *SLOWER[3:],
            *PEOPLE,
        ),
    ),
    "memory_leak": (
        {"target": {"instance": "api-2"}, "parameters": {"full_after": "1h"}},
        {
            "cryb-api/api-2/cryb_nodejs_process_resident_memory_bytes",
            "cryb-api/api-2/cryb_nodejs_nodejs_heap_size_used_bytes",
            "cryb-api/api-2/cryb_nodejs_nodejs_gc_duration_seconds_sum",
            "cadvisor/node-2/container_memory_working_set_bytes",
            "node-exporter/node-2/node_memory_MemAvailable_bytes",
        },
        (
            r"cryb-api/api-2/.*",
            r"postgresql/.*/cryb_errors_.*",
            r"cadvisor/node-2/container_memory_.*",
            r"node-exporter/node-2/node_memory_.*",
            *SLOWER[3:],
        ),
    ),
    "disk_fill": (
        {"target": {"instance": "node-2"}, "parameters": {"full_after": "1h"}},
        {
            "node-exporter/node-2/node_filesystem_avail_bytes",
            "node-exporter/node-2/node_disk_written_bytes_total",
            "cryb-api/api-2/cryb_disk_utilization_bytes",
        },
        (r"node-exporter/node-2/node_(filesystem|disk|pressure_io|vmstat_pgpg).*",),
    ),
    "certificate_expiry": (
        {"intensity": 0.5, "parameters": {"remaining": "30m"}},
        {
            "blackbox-ssl/cryb.ai:443/probe_ssl_earliest_cert_expiry",
            "blackbox-ssl/api.cryb.ai:443/probe_success",
            "blackbox-http/https://api.cryb.ai/health/probe_success",
        },
        (r"blackbox-http/https://(api\.)?cryb.ai.*", r"blackbox-ssl/(api\.)?cryb.ai:443/.*"),
    ),
    "scrape_gap": ({}, set(), ()),
    "target_flapping": ({}, set(), ()),
    "clock_skew": (
        {"target": {"instance": "node-1"}},
        {"node-exporter/node-1/node_time_seconds", "node-exporter/node-1/node_timex_sync_status"},
        (r"node-exporter/node-1/node_time.*",),
    ),
    "database_slow": (
        {},
        {
            "cryb-api/api-1/cryb_db_query_duration_seconds_sum",
            "cryb-api/api-1/cryb_db_slow_queries_total",
            "cryb-api/api-1/cryb_db_connections_active",
            "cryb-api/api-1/http_request_duration_seconds_sum",
            "postgresql/postgres-1/pg_stat_activity_count",
        },
        (*QUERIES, *SLOWER, *PEOPLE),
    ),
    "database_down": (
        {"target": {"instance": "postgres-1"}},
        {
            "postgresql/postgres-1/pg_up",
            "postgresql/postgres-1/pg_stat_database_xact_commit",
            "cryb-api/api-1/cryb_db_queries_total",
            "cryb-api/api-1/cryb_db_errors_total",
            "cryb-api/api-1/http_requests_total",
            "cadvisor/node-1/container_start_time_seconds",
        },
        (r"postgresql/.*", *QUERIES[1:], r"cadvisor/node-1/.*", *FAILING, *SLOWER, *PEOPLE),
    ),
    "connections_exhausted": (
        {},
        {
            "postgresql/postgres-1/pg_stat_activity_count",
            "postgresql/postgres-1/pg_stat_database_numbackends",
            "cryb-api/api-1/cryb_db_errors_total",
            "cryb-api/api-1/http_requests_total",
        },
        (*QUERIES, *FAILING, *SLOWER, *PEOPLE),
    ),
    "deadlocks": (
        {},
        {
            "postgresql/postgres-1/pg_stat_database_deadlocks",
            "postgresql/postgres-1/pg_stat_database_xact_rollback",
            "cryb-api/api-1/cryb_db_deadlocks_total",
            "cryb-api/api-1/cryb_db_lock_waits_total",
            "cryb-api/api-1/cryb_db_errors_total",
            "cryb-api/api-1/http_requests_total",
        },
        (*QUERIES, *FAILING, *SLOWER, *PEOPLE),
    ),
    "replication_lag": (
        {},
        {
            "postgresql/postgres-2/pg_replication_lag_seconds",
            "postgresql/postgres-1/pg_stat_replication_pg_wal_lsn_diff",
        },
        (),
    ),
    "cache_miss_storm": (
        {},
        {
            "cryb-api/api-1/cryb_cache_misses_total",
            "redis/redis-1/redis_keyspace_hits_total",
            "cryb-api/api-1/cryb_db_queries_total",
            "postgresql/postgres-1/pg_stat_database_tup_fetched",
            "cryb-api/api-1/http_request_duration_seconds_sum",
        },
        (r"cryb-api/.*/cryb_cache_(hits|misses)_total", r"redis/redis-1/redis_keyspace_.*", *QUERIES, *SLOWER),
    ),
    "redis_memory": (
        {"target": {"instance": "redis-1"}},
        {
            "redis/redis-1/redis_memory_used_bytes",
            "redis/redis-1/redis_evicted_keys_total",
            "cryb-api/api-1/cryb_cache_misses_total",
            "cryb-api/api-1/cryb_cache_evictions_total",
            "cryb-api/api-1/cryb_db_queries_total",
        },
        (r"cryb-api/.*/cryb_cache_.*", r"redis/redis-1/.*", *QUERIES, *SLOWER),
    ),
    "redis_down": (
        {"target": {"instance": "redis-1"}},
        {
            "redis/redis-1/redis_up",
            "redis/redis-1/redis_commands_processed_total",
            "cryb-api/api-1/cryb_cache_hits_total",
            "cryb-api/api-1/cryb_db_queries_total",
            "cadvisor/node-1/container_start_time_seconds",
        },
        (r"cryb-api/.*/cryb_cache_.*", r"redis/redis-1/.*", r"cadvisor/node-1/.*", *QUERIES, *SLOWER),
    ),
}
"""By kind of fault: its further fields, what must differ (samples of one instance), what may."""
