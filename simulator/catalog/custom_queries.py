"""The platform's own queries in postgres_exporter (contract 5.8): a gauge is named after its query and its column."""

from __future__ import annotations

from simulator.catalog.database import TABLES
from simulator.catalog.families import Dimension, Family, Level, factors, shares, zipf
from simulator.catalog.jobs import POSTGRES
from simulator.catalog.postgres_exporter import SERVER
from simulator.telemetry.samples import MetricType

UPLOAD_BYTES = 480e3
_FILE_TYPES = shares("file_type", {"image": 68, "video": 14, "document": 9, "audio": 6, "other": 3})
_CHANNELS = zipf("channel_id", tuple(f"channel-{number:02}" for number in range(1, 11)), tiny=3)
_HYPERTABLES = {"messages": 0.62, "analytics_events": 0.3, "audit_log": 0.08}


def _query(name: str, text: str, signal: str, *dimensions: Dimension, scale: float = 1.0) -> Family:
    level = Level(signal, (*dimensions, SERVER), scale=scale, whole=True)
    return Family(POSTGRES, f"cryb_{name}", MetricType.GAUGE, text, level, present="postgres.up")


FAMILIES: tuple[Family, ...] = (
    _query("users_total_count", "Accounts", "users.total"),
    _query("users_active_24h_count", "Users active in the last day", "users.daily"),
    _query("users_new_24h_count", "Accounts created in the last day", "users.registered_day"),
    _query(
        "users_by_status_count", "Accounts by status", "users.online", factors("status", {"online": 0.8, "idle": 0.2})
    ),
    _query("users_by_status_count", "Accounts by status", "stored.offline_users", factors("status", {"offline": 1.0})),
    _query("messages_total_count", "Messages", "messages.total"),
    _query("messages_24h_count", "Messages of the last day", "messages.daily"),
    _query(
        "messages_by_channel_count",
        "Messages of the last day in the busiest channels",
        "messages.daily",
        _CHANNELS,
        scale=0.2,
    ),
    _query("messages_failed_24h_count", "Messages of the last day that failed", "stored.daily_failed_messages"),
    _query("calls_active_count", "Calls that go on", "voice.participants", scale=0.5),
    _query("calls_total_24h_count", "Calls of the last day", "stored.daily_calls", scale=0.5),
    _query(
        "calls_duration_avg_avg_duration", "Mean duration of the last day's calls, in seconds", "stored.call_seconds"
    ),
    _query("calls_quality_poor_count", "Calls of the last day with poor quality", "stored.daily_poor_calls"),
    _query("servers_total_count", "Servers", "users.total", scale=0.018),
    _query("servers_active_24h_count", "Servers active in the last day", "users.daily", scale=0.025),
    _query("channels_total_count", "Channels", "users.total", scale=0.064),
    _query(
        "channels_by_type_count",
        "Channels by type",
        "users.total",
        shares("type", {"text": 74, "voice": 21, "announcement": 5}),
        scale=0.064,
    ),
    _query("db_slow_queries_count", "Queries that have run for more than a second", "postgres.slow_queries"),
    _query(
        "db_connections_by_state_count", "Connections by state", "postgres.active", factors("state", {"active": 1.0})
    ),
    _query("db_connections_by_state_count", "Connections by state", "postgres.idle", factors("state", {"idle": 1.0})),
    _query(
        "db_connections_by_state_count",
        "Connections by state",
        "postgres.idle_in_transaction",
        factors("state", {"idle in transaction": 1.0}),
    ),
    _query("db_locks_waiting_count", "Locks that are waited for", "postgres.locks_waiting"),
    _query(
        "db_table_sizes_size_bytes",
        "Size of the largest tables",
        "postgres.size_bytes",
        Dimension(("table_name",), TABLES.rows, TABLES.tiny),
        scale=0.9,
    ),
    _query("auth_attempts_24h_count", "Logins of the last day", "stored.daily_logins"),
    _query("auth_failures_24h_count", "Failed logins of the last day", "stored.daily_failed_logins"),
    _query(
        "auth_failures_by_ip_count",
        "Failed logins of the last day by address",
        "stored.daily_failed_logins",
        zipf("ip_address", ("203.0.113.7", "198.51.100.23", "192.0.2.99", "203.0.113.180", "198.51.100.4"), 1.2),
        scale=0.3,
    ),
    _query("uploads_24h_count", "Uploads of the last day", "stored.daily_uploads"),
    _query(
        "uploads_size_24h_total_bytes", "Bytes uploaded in the last day", "stored.daily_uploads", scale=UPLOAD_BYTES
    ),
    _query("uploads_by_type_count", "Uploads of the last day by type", "stored.daily_uploads", _FILE_TYPES),
    _query(
        "uploads_by_type_total_bytes",
        "Bytes uploaded in the last day by type",
        "stored.daily_uploads",
        _FILE_TYPES,
        scale=UPLOAD_BYTES,
    ),
    _query("errors_24h_count", "Errors of the last day", "stored.daily_errors"),
    _query(
        "errors_by_type_count",
        "Errors of the last day by type",
        "stored.daily_errors",
        shares("error_type", {"internal": 70, "timeout": 20, "validation": 10}),
    ),
    _query("crashes_24h_count", "Crashes of the last day", "stored.crashes"),
    _query("notifications_sent_24h_count", "Notifications of the last day", "stored.daily_notifications"),
    _query(
        "notifications_failed_24h_count", "Failed notifications of the last day", "stored.daily_failed_notifications"
    ),
    _query(
        "notifications_by_type_count",
        "Notifications of the last day by type",
        "stored.daily_notifications",
        shares("type", {"message": 52, "mention": 24, "reply": 16, "system": 8}),
    ),
    _query("search_queries_24h_count", "Searches of the last day", "stored.daily_searches"),
    _query(
        "search_slow_queries_count",
        "Searches of the last day that took more than a second",
        "stored.daily_slow_searches",
    ),
    _query(
        "hypertable_chunks_chunk_count",
        "Chunks of hypertables",
        "one",
        factors("hypertable_name", {name: round(90 * part) for name, part in _HYPERTABLES.items()}),
    ),
    _query(
        "hypertable_size_total_bytes",
        "Size of hypertables",
        "postgres.size_bytes",
        shares("hypertable_name", _HYPERTABLES),
        scale=0.7,
    ),
)
