"""Redis, with the names, types, help and labels of redis_exporter 1.52 (contract 5.9)."""

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
)
COMMANDS = Flow("redis.commands", "redis.commands", (_COMMANDS,))
BUSY = Flow("redis.busy", "redis.busy_us", (_COMMANDS,), dispersion=40.0)


def _counter(name: str, signal: str) -> Family:
    return Family(REDIS, name, _C, f"{name.removeprefix('redis_')} metric", Count(Flow(name, signal), {}))


def _gauge(name: str, level: Level, text: str = "") -> Family:
    return Family(REDIS, name, _G, text or f"{name.removeprefix('redis_')} metric", level)


FAMILIES: tuple[Family, ...] = (
    _gauge("redis_up", Level("redis.up"), "Information about the Redis instance"),
    _gauge("redis_connected_clients", Level("redis.clients", noise=0.02, whole=True)),
    _gauge("redis_blocked_clients", Level("one", scale=7.0, noise=0.05, whole=True)),
    _gauge("redis_memory_used_bytes", Level("redis.memory_bytes", noise=0.003, whole=True)),
    _gauge("redis_memory_max_bytes", Level("one", scale=float(MAX_MEMORY_BYTES))),
    _gauge("redis_db_keys", Level("redis.keys", (constant("db", "db0"),), whole=True), "Total number of keys by DB"),
    _gauge("redis_slowlog_length", Level("redis.slowlog", whole=True), "Total slowlog"),
    _gauge(
        "redis_instance_info",
        Level(
            "one",
            (
                Dimension(
                    ("role", "redis_version", "redis_mode", "os"),
                    ((("master", "7.0.15", "standalone", "Linux 6.1.0-18-amd64 x86_64"), 1.0),),
                ),
            ),
        ),
        "Information about the Redis instance",
    ),
    Family(
        REDIS,
        "redis_commands_total",
        _C,
        "Total number of calls per command",
        Count(COMMANDS, same("cmd")),
    ),
    Family(
        REDIS,
        "redis_commands_processed_total",
        _C,
        "commands_processed_total metric",
        Count(COMMANDS, {}),
    ),
    Family(
        REDIS,
        "redis_commands_duration_seconds_total",
        _C,
        "Total amount of time in seconds spent per command",
        Count(BUSY, same("cmd"), unit=1e-6),
    ),
    _counter("redis_keyspace_hits_total", "redis.hits"),
    _counter("redis_keyspace_misses_total", "redis.misses"),
    _counter("redis_evicted_keys_total", "redis.evictions"),
    _counter("redis_expired_keys_total", "redis.expirations"),
    _counter("redis_rejected_connections_total", "redis.rejected"),
)
