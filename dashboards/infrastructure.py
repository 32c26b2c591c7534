"""Infrastructure overview: what is up, hosts, containers, databases and caches, queues, the edge, the watchers."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders import dashboard

from dashboards import frame
from dashboards.parts import GREEN, RED, UP, YELLOW, Query, lines, meanings, number, states
from dashboards.selectors import ENVIRONMENT, INSTANCE, of, rate, ratio

_NODE, _CADVISOR, _POSTGRES, _REDIS = "node-exporter", "cadvisor", "postgresql", "redis"
_NGINX, _SEARCH, _STORE, _API = "nginx", "elasticsearch", "minio", "cryb-api"
_PROBES, _PROMETHEUS, _ALERTMANAGER = "blackbox-http", "prometheus", "alertmanager"
_EVERYTHING_UP: Final = f"up{{{INSTANCE}, {ENVIRONMENT}}}"
_ROOT: Final = 'mountpoint="/"'
_USAGE: Final = ((0.8, YELLOW), (0.9, RED))
_NAMED: Final = 'name!=""'
_NOT_RED: Final = 'color=~"green|yellow"'
_IDLE: Final = 'mode="idle"'
_HEAP: Final = 'area="heap"'
_WAITING: Final = 'state="waiting"'


def board() -> dashboard.Dashboard:
    """The dashboard."""
    found = (
        frame.framed(
            frame.INFRASTRUCTURE,
            "CRYB / Infrastructure overview",
            "What the platform runs on: whether it is there, how full it is, how hard it works.",
            hours=6,
        )
        .with_variable(frame.environment())
        .with_variable(
            frame.choice(
                "instance",
                "Instance",
                "Targets of any job; panels of other targets stay empty while some are chosen",
                "label_values(up, instance)",
                everything=".+",
            )
        )
    )
    for row in (_presence, _hosts, _containers, _postgres, _redis, _edge, _watchers):
        found = row(found)
    return found


def _presence(board: dashboard.Dashboard) -> dashboard.Dashboard:
    return (
        board.with_row(dashboard.Row("What is there"))
        .with_panel(
            number(
                "Targets up",
                "Share of all scrape targets that answer.",
                "percentunit",
                Query(f"avg({_EVERYTHING_UP})"),
                limits=((float("-inf"), RED), (0.9, YELLOW), (1.0, GREEN)),
                decimals=1,
            )
        )
        .with_panel(
            number(
                "CPU",
                "Share of all CPUs that is busy. Above 80 % HighCPU fires.",
                "percentunit",
                Query(_cpu("")),
                limits=((0.8, RED),),
                decimals=1,
            )
        )
        .with_panel(
            number(
                "Memory",
                "Share of the memory in use. Above 85 % HighMemory fires.",
                "percentunit",
                Query(f"max({_memory()})"),
                limits=((0.85, RED),),
                decimals=1,
            )
        )
        .with_panel(
            number(
                "Disk",
                "Share of the root file system in use. Above 90 % DiskAlmostFull fires.",
                "percentunit",
                Query(f"max({_disk()})"),
                limits=_USAGE,
                decimals=1,
            )
        )
        .with_panel(
            number(
                "Database connections",
                "Share of the connections that PostgreSQL allows, on the fullest server. Above 90 % an alert fires.",
                "percentunit",
                Query(
                    f"max(sum by (instance) ({of(_POSTGRES, 'pg_stat_activity_count')}) / on (instance) "
                    f"max by (instance) ({of(_POSTGRES, 'pg_settings_max_connections')}))"
                ),
                limits=_USAGE,
                decimals=1,
            )
        )
        .with_panel(
            number(
                "Cache hit ratio",
                "Share of look-ups that Redis answered from its keys. Below 80 % CacheHitRatioLow fires.",
                "percentunit",
                Query(_hit_ratio()),
                limits=((float("-inf"), RED), (0.8, GREEN)),
                decimals=1,
            )
        )
        .with_panel(
            states(
                "Targets",
                "Whether the targets of each job answer their scrapes: the worst of them.",
                Query(f"min by (job) ({_EVERYTHING_UP})", "{{job}}"),
                mappings=meanings(*UP),
            )
        )
        .with_panel(
            states(
                "Services",
                "What the exporters say of the services behind them, and what probes from outside find.",
                Query(of(_POSTGRES, "pg_up"), "PostgreSQL"),
                Query(of(_REDIS, "redis_up"), "Redis"),
                Query(of(_NGINX, "nginx_up"), "nginx"),
                Query(
                    f"max({of(_SEARCH, 'elasticsearch_cluster_health_status', _NOT_RED)})",
                    "Elasticsearch",
                ),
                Query(of(_PROBES, "probe_success"), "{{instance}}"),
                mappings=meanings(*UP),
            )
        )
    )


def _cpu(by: str) -> str:
    grouped = f" by ({by})" if by else ""
    return f"1 - avg{grouped} (rate({of(_NODE, 'node_cpu_seconds_total', _IDLE)}[$__rate_interval]))"


def _memory() -> str:
    return f"1 - {of(_NODE, 'node_memory_MemAvailable_bytes')} / {of(_NODE, 'node_memory_MemTotal_bytes')}"


def _disk() -> str:
    return f"1 - {of(_NODE, 'node_filesystem_avail_bytes', _ROOT)} / {of(_NODE, 'node_filesystem_size_bytes', _ROOT)}"


def _hosts(board: dashboard.Dashboard) -> dashboard.Dashboard:
    network = 'device!="lo"'
    return (
        board.with_row(dashboard.Row("Hosts"))
        .with_panel(
            lines(
                "CPU",
                "Share of each host's CPUs that is busy.",
                "percentunit",
                Query(_cpu("instance"), "{{instance}}"),
                high=1.0,
                limits=((0.8, RED),),
            )
        )
        .with_panel(
            lines(
                "Memory",
                "Share of each host's memory in use.",
                "percentunit",
                Query(_memory(), "{{instance}}"),
                high=1.0,
                limits=((0.85, RED),),
            )
        )
        .with_panel(
            lines(
                "Disk",
                "Share of the root file system in use, and what it will be in 24 hours if it grows as in the last six.",
                "percentunit",
                Query(_disk(), "{{instance}}"),
                Query(
                    f"1 - predict_linear({of(_NODE, 'node_filesystem_avail_bytes', _ROOT)}[6h], 86400) / "
                    f"{of(_NODE, 'node_filesystem_size_bytes', _ROOT)}",
                    "{{instance}} in 24 h",
                ),
                limits=((0.9, RED),),
            )
        )
        .with_panel(
            lines(
                "Load",
                "Processes that run or wait, over one and fifteen minutes.",
                "short",
                Query(of(_NODE, "node_load1"), "{{instance}} 1m"),
                Query(of(_NODE, "node_load15"), "{{instance}} 15m"),
            )
        )
        .with_panel(
            lines(
                "Network",
                "Bytes a second that came in and went out, loopback aside.",
                "Bps",
                Query(rate(of(_NODE, "node_network_receive_bytes_total", network), "instance"), "{{instance}} in"),
                Query(rate(of(_NODE, "node_network_transmit_bytes_total", network), "instance"), "{{instance}} out"),
            )
        )
        .with_panel(
            lines(
                "Disk in use",
                "Share of the time in which the disk was busy.",
                "percentunit",
                Query(
                    f"rate({of(_NODE, 'node_disk_io_time_seconds_total')}[$__rate_interval])", "{{instance}} {{device}}"
                ),
                high=1.0,
            )
        )
    )


def _containers(board: dashboard.Dashboard) -> dashboard.Dashboard:
    return (
        board.with_row(dashboard.Row("Containers"))
        .with_panel(
            lines(
                "CPU of containers",
                "CPUs that each container uses; the ten busiest.",
                "short",
                Query(
                    f"topk(10, {rate(of(_CADVISOR, 'container_cpu_usage_seconds_total', _NAMED), 'name')})", "{{name}}"
                ),
            )
        )
        .with_panel(
            lines(
                "Memory of containers",
                "Working set of each container; the ten largest.",
                "bytes",
                Query(
                    f"topk(10, sum by (name) ({of(_CADVISOR, 'container_memory_working_set_bytes', _NAMED)}))",
                    "{{name}}",
                ),
            )
        )
        .with_panel(
            lines(
                "Network of containers",
                "Bytes a second that containers received; the ten with most.",
                "Bps",
                Query(
                    f"topk(10, {rate(of(_CADVISOR, 'container_network_receive_bytes_total', _NAMED), 'name')})",
                    "{{name}}",
                ),
            )
        )
    )


def _postgres(board: dashboard.Dashboard) -> dashboard.Dashboard:
    return (
        board.with_row(dashboard.Row("PostgreSQL"))
        .with_panel(
            lines(
                "Connections",
                "By state, and how many are allowed.",
                "short",
                Query(f"sum by (state) ({of(_POSTGRES, 'pg_stat_activity_count')})", "{{state}}"),
                Query(f"max({of(_POSTGRES, 'pg_settings_max_connections')})", "allowed"),
            )
        )
        .with_panel(
            lines(
                "Transactions",
                "Transactions a second, committed and rolled back.",
                "ops",
                Query(rate(of(_POSTGRES, "pg_stat_database_xact_commit")), "committed"),
                Query(rate(of(_POSTGRES, "pg_stat_database_xact_rollback")), "rolled back"),
            )
        )
        .with_panel(
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
            )
        )
        .with_panel(
            lines(
                "Replication lag",
                "How far the replica is behind. Above 30 s DatabaseReplicationLag fires.",
                "s",
                Query(of(_POSTGRES, "pg_replication_lag_seconds"), "{{instance}}"),
                limits=((30, RED),),
            )
        )
        .with_panel(
            lines(
                "Deadlocks and waiting locks",
                "Deadlocks a minute, and locks that somebody waits for.",
                "short",
                Query(f"60 * {rate(of(_POSTGRES, 'pg_stat_database_deadlocks'))}", "deadlocks a minute"),
                Query(f"max({of(_POSTGRES, 'cryb_db_locks_waiting_count')})", "waiting locks"),
            )
        )
        .with_panel(
            lines(
                "Database size",
                "Bytes on disk.",
                "bytes",
                Query(f"max by (datname) ({of(_POSTGRES, 'pg_database_size_bytes')})", "{{datname}}"),
                low=None,
            )
        )
    )


def _hit_ratio() -> str:
    hits, misses = of(_REDIS, "redis_keyspace_hits_total"), of(_REDIS, "redis_keyspace_misses_total")
    return f"{rate(hits)} / ({rate(hits)} + {rate(misses)})"


def _redis(board: dashboard.Dashboard) -> dashboard.Dashboard:
    return (
        board.with_row(dashboard.Row("Redis and search"))
        .with_panel(
            lines(
                "Cache hit ratio",
                "Share of look-ups that Redis answered from its keys.",
                "percentunit",
                Query(_hit_ratio(), "hits"),
                low=None,
                high=1.0,
            )
        )
        .with_panel(
            lines(
                "Redis memory",
                "Share of the memory that Redis may use. Above 90 % RedisMemoryHigh fires.",
                "percentunit",
                Query(
                    f"{of(_REDIS, 'redis_memory_used_bytes')} / {of(_REDIS, 'redis_memory_max_bytes')}", "{{instance}}"
                ),
                high=1.0,
                limits=((0.9, RED),),
            )
        )
        .with_panel(
            lines(
                "Redis commands",
                "Commands a second, and keys thrown out for want of memory.",
                "ops",
                Query(rate(of(_REDIS, "redis_commands_processed_total")), "commands"),
                Query(rate(of(_REDIS, "redis_evicted_keys_total")), "evicted keys"),
            )
        )
        .with_panel(
            lines(
                "Redis clients",
                "Connections to Redis.",
                "short",
                Query(of(_REDIS, "redis_connected_clients"), "{{instance}}"),
            )
        )
        .with_panel(
            lines(
                "Search queries",
                "Queries a second that Elasticsearch answered.",
                "ops",
                Query(rate(of(_SEARCH, "elasticsearch_indices_search_query_total")), "queries"),
            )
        )
        .with_panel(
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
            )
        )
    )


def _edge(board: dashboard.Dashboard) -> dashboard.Dashboard:
    return (
        board.with_row(dashboard.Row("Edge, storage and queues"))
        .with_panel(
            lines(
                "Reverse proxy",
                "Requests a second through nginx, and connections that are open.",
                "short",
                Query(rate(of(_NGINX, "nginx_http_requests_total")), "requests a second"),
                Query(f"sum({of(_NGINX, 'nginx_connections_active')})", "open connections"),
            )
        )
        .with_panel(
            lines(
                "Probes",
                "How long a request from outside takes.",
                "s",
                Query(of(_PROBES, "probe_duration_seconds"), "{{instance}}"),
            )
        )
        .with_panel(
            lines(
                "Certificates",
                "How long each certificate is still valid. Under 14 days CertificateExpiring fires.",
                "s",
                Query(f"{of(_PROBES, 'probe_ssl_earliest_cert_expiry')} - time()", "{{instance}}"),
                limits=((float("-inf"), RED), (14 * 86400, GREEN)),
            )
        )
        .with_panel(
            lines(
                "Waiting jobs",
                "Jobs that wait in each queue. Growing for 15 minutes QueueBacklog fires.",
                "short",
                Query(f"max by (queue) ({of(_API, 'queue_depth', _WAITING)})", "{{queue}}"),
            )
        )
        .with_panel(
            lines(
                "Failed jobs",
                "Jobs a second that failed, by queue.",
                "ops",
                Query(rate(of(_API, "queue_job_errors_total"), "queue"), "{{queue}}"),
            )
        )
        .with_panel(
            lines(
                "Object storage",
                "Share of the usable space in use.",
                "percentunit",
                Query(
                    f"1 - {of(_STORE, 'minio_cluster_capacity_usable_free_bytes')} / "
                    f"{of(_STORE, 'minio_cluster_capacity_usable_total_bytes')}",
                    "{{instance}}",
                ),
                high=1.0,
                limits=_USAGE,
            )
        )
    )


def _watchers(board: dashboard.Dashboard) -> dashboard.Dashboard:
    return (
        board.with_row(dashboard.Row("Monitoring itself"))
        .with_panel(
            lines(
                "Series",
                "Series in the head of Prometheus.",
                "short",
                Query(of(_PROMETHEUS, "prometheus_tsdb_head_series"), "{{instance}}"),
            )
        )
        .with_panel(
            lines(
                "Rule evaluation",
                "How long each rule group takes; the five slowest.",
                "s",
                Query(f"topk(5, {of(_PROMETHEUS, 'prometheus_rule_group_last_duration_seconds')})", "{{rule_group}}"),
            )
        )
        .with_panel(
            lines(
                "Notifications",
                "Notifications that Alertmanager sent within the last hour, and the share that failed.",
                "short",
                Query(
                    f"sum by (integration) (increase({of(_ALERTMANAGER, 'alertmanager_notifications_total')}[1h]))",
                    "{{integration}}",
                ),
            )
        )
        .with_panel(
            lines(
                "Failed notifications",
                "Share of notifications that did not arrive.",
                "percentunit",
                Query(
                    ratio(
                        of(_ALERTMANAGER, "alertmanager_notifications_failed_total"),
                        of(_ALERTMANAGER, "alertmanager_notifications_total"),
                    ),
                    "failed",
                ),
                high=1.0,
            )
        )
    )
