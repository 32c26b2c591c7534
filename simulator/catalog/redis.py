"""Redis, with the names, types, help and labels of redis_exporter 1.52 (contract 5.9).

While the server is gone only `redis_up` and the exporter's own families are left.
"""

from __future__ import annotations

from simulator.catalog.families import Count, Dimension, Family, Flow, Level, constant, same, shares
from simulator.catalog.jobs import REDIS
from simulator.telemetry.samples import MetricType

MAX_MEMORY_BYTES = 2 * 1024**3
MAX_CLIENTS = 10_000
_C, _G = MetricType.COUNTER, MetricType.GAUGE
_COMMANDS = shares(
    "cmd",
    {"get": 52.0, "set": 14.0, "expire": 9.0, "incr": 8.0, "del": 5.0, "hget": 4.0, "publish": 4.0, "ping": 4.0},
    tiny=4,
)
COMMANDS = Flow("redis.commands", "redis.commands", (_COMMANDS,))
BUSY = Flow("redis.busy", "redis.busy_us", (_COMMANDS,), dispersion=40.0)
_CPU = Flow("redis.cpu", "redis.cpu_ms", (shares("mode", {"user": 58.0, "sys": 42.0}),), dispersion=0.0)
_DB = constant("db", "db0")


def _counter(name: str, text: str, signal: str, dispersion: float = 1.0) -> Family:
    return Family(REDIS, name, _C, text, Count(Flow(name, signal, dispersion=dispersion), {}), present="redis.up")


def _gauge(name: str, text: str, level: Level, present: str = "redis.up") -> Family:
    return Family(REDIS, name, _G, text, level, present=present)


def _instance(role: str, present: str) -> Family:
    values = {
        "maxmemory_policy": "allkeys-lru",
        "os": "Linux 6.1.0-18-amd64 x86_64",
        "process_id": "1",
        "redis_build_id": "ae4d7c971a948f0",
        "redis_mode": "standalone",
        "redis_version": "7.0.15",
        "role": role,
        "run_id": "4b02ce618d26c6676cd9a8d95c59ee1d25e7f418",
        "tcp_port": "6379",
    }
    level = Level("one", (Dimension(tuple(values), ((tuple(values.values()), 1.0),)),))
    return _gauge("redis_instance_info", "Information about the Redis instance", level, present)


FAMILIES: tuple[Family, ...] = (
    _gauge("redis_up", "Information about the Redis instance", Level("redis.up"), present=""),
    _gauge(
        "redis_exporter_last_scrape_error",
        "The last scrape error status.",
        Level("redis.gone", (constant("err", ""),)),
        present="",
    ),
    _gauge("redis_connected_clients", "connected_clients metric", Level("redis.clients", noise=0.02, whole=True)),
    _gauge("redis_blocked_clients", "blocked_clients metric", Level("one", scale=7.0, noise=0.05, whole=True)),
    _gauge("redis_config_maxclients", "config_maxclients metric", Level("one", scale=float(MAX_CLIENTS))),
    _gauge("redis_connected_slaves", "connected_slaves metric", Level("redis.replicas")),
    _gauge(
        "redis_memory_used_bytes",
        "memory_used_bytes metric",
        Level("redis.memory_bytes", noise=0.003, high=float(MAX_MEMORY_BYTES), whole=True),
    ),
    _gauge(
        "redis_memory_used_rss_bytes",
        "memory_used_rss_bytes metric",
        Level("redis.memory_bytes", scale=1.09, noise=0.004, whole=True),
    ),
    _gauge("redis_memory_max_bytes", "memory_max_bytes metric", Level("one", scale=float(MAX_MEMORY_BYTES))),
    _gauge("redis_mem_fragmentation_ratio", "mem_fragmentation_ratio metric", Level("one", scale=1.09, noise=0.01)),
    _gauge("redis_db_keys", "Total number of keys by DB", Level("redis.keys", (_DB,), whole=True)),
    _gauge(
        "redis_db_keys_expiring",
        "Total number of expiring keys by DB",
        Level("redis.keys", (_DB,), scale=0.83, whole=True),
    ),
    _gauge("redis_slowlog_length", "Total slowlog", Level("redis.slowlog", whole=True)),
    _gauge("redis_pubsub_channels", "pubsub_channels metric", Level("one", scale=24.0)),
    _gauge("redis_uptime_in_seconds", "uptime_in_seconds metric", Level("instance.age_seconds", whole=True)),
    _gauge(
        "redis_start_time_seconds",
        "Start time of the Redis instance since unix epoch in seconds.",
        Level("instance.started_seconds", whole=True),
    ),
    _gauge("redis_latest_fork_seconds", "latest_fork_seconds metric", Level("one", scale=0.0021)),
    _instance("master", "redis.is_primary"),
    _instance("slave", "redis.is_replica"),
    Family(
        REDIS,
        "redis_commands_total",
        _C,
        "Total number of calls per command",
        Count(COMMANDS, same("cmd")),
        present="redis.up",
    ),
    Family(
        REDIS,
        "redis_commands_processed_total",
        _C,
        "commands_processed_total metric",
        Count(COMMANDS, {}),
        present="redis.up",
    ),
    Family(
        REDIS,
        "redis_commands_duration_seconds_total",
        _C,
        "Total amount of time in seconds spent per command",
        Count(BUSY, same("cmd"), unit=1e-6),
        present="redis.up",
    ),
    Family(
        REDIS,
        "redis_cpu_user_seconds_total",
        _C,
        "cpu_user_seconds_total metric",
        Count(_CPU, {}, where={"mode": ("user",)}, unit=0.001),
        present="redis.up",
    ),
    Family(
        REDIS,
        "redis_cpu_sys_seconds_total",
        _C,
        "cpu_sys_seconds_total metric",
        Count(_CPU, {}, where={"mode": ("sys",)}, unit=0.001),
        present="redis.up",
    ),
    _counter("redis_keyspace_hits_total", "keyspace_hits_total metric", "redis.hits"),
    _counter("redis_keyspace_misses_total", "keyspace_misses_total metric", "redis.misses"),
    _counter("redis_evicted_keys_total", "evicted_keys_total metric", "redis.evictions"),
    _counter("redis_expired_keys_total", "expired_keys_total metric", "redis.expirations"),
    _counter("redis_rejected_connections_total", "rejected_connections_total metric", "redis.rejected"),
    _counter("redis_connections_received_total", "connections_received_total metric", "redis.connections"),
    _counter("redis_net_input_bytes_total", "net_input_bytes_total metric", "redis.received_bytes", 300.0),
    _counter("redis_net_output_bytes_total", "net_output_bytes_total metric", "redis.sent_bytes", 900.0),
)
