"""PostgreSQL, with the names, types, help and labels of postgres_exporter 0.12 (contract 5.9).

While the server is gone only `pg_up` and the exporter's own families are left.
"""

from __future__ import annotations

from simulator.catalog.families import Count, Dimension, Family, Flow, Level, View, constant, factors, same, shares
from simulator.catalog.jobs import POSTGRES
from simulator.telemetry.samples import MetricType

MAX_CONNECTIONS = 300
SERVER = constant("server", "cryb-postgres:5432")
_DATABASE = Dimension(("datid", "datname"), ((("16384", "cryb"), 1.0),))
_DB = same("datid", "datname")
_NAME = constant("datname", "cryb")
_C, _G, _U = MetricType.COUNTER, MetricType.GAUGE, MetricType.UNTYPED
_REPLICA = Dimension(
    ("application_name", "client_addr", "server", "slot_name", "state"),
    ((("walreceiver", "10.0.0.12", "cryb-postgres:5432", "replica", "streaming"), 1.0),),
)
_LOCKS = {
    "accesssharelock": 80.0,
    "rowexclusivelock": 18.0,
    "rowsharelock": 2.0,
    "exclusivelock": 0.5,
    "sharelock": 1e-9,
    "accessexclusivelock": 1e-9,
    "sharerowexclusivelock": 1e-9,
    "shareupdateexclusivelock": 1e-9,
    "sireadlock": 1e-9,
}


def _gauge(name: str, text: str, view: View, present: str = "postgres.up") -> Family:
    return Family(POSTGRES, name, _G, text, view, present=present)


def _setting(name: str, text: str, value: float) -> Family:
    return _gauge(f"pg_settings_{name}", text, Level("one", (SERVER,), scale=value))


def _in_state(signal: str, states: dict[str, float], noise: float = 0.0) -> Family:
    level = Level(signal, (_NAME, SERVER, factors("state", states)), noise=noise, whole=True)
    return _gauge("pg_stat_activity_count", "number of connections in this state", level)


def _counter(column: str, text: str, signal: str, dispersion: float = 1.0, unit: float = 1.0) -> Family:
    name = f"pg_stat_database_{column}"
    view = Count(Flow(name, signal, (_DATABASE,), dispersion=dispersion), _DB, unit=unit)
    return Family(POSTGRES, name, _C, text, view, present="postgres.up")


def _writer(column: str, text: str, signal: str, dispersion: float = 1.0, unit: float = 1.0) -> Family:
    name = f"pg_stat_bgwriter_{column}_total"
    return Family(
        POSTGRES, name, _C, text, Count(Flow(name, signal, dispersion=dispersion), {}, unit=unit), present="postgres.up"
    )


FAMILIES: tuple[Family, ...] = (
    _gauge(
        "pg_up",
        ("Whether the last scrape of metrics from PostgreSQL was able to connect to the server (1 for yes, 0 for no)."),
        Level("postgres.up"),
        present="",
    ),
    _gauge(
        "pg_exporter_last_scrape_error",
        ("Whether the last scrape of metrics from PostgreSQL resulted in an error (1 for error, 0 for success)."),
        Level("postgres.gone"),
        present="",
    ),
    _setting("max_connections", "Sets the maximum number of concurrent connections.", float(MAX_CONNECTIONS)),
    _setting("superuser_reserved_connections", "Sets the number of connection slots reserved for superusers.", 3.0),
    _setting(
        "shared_buffers_bytes",
        "Sets the number of shared memory buffers used by the server. [Units converted to bytes.]",
        4294967296.0,
    ),
    _setting(
        "effective_cache_size_bytes",
        ("Sets the planner's assumption about the total size of the data caches. [Units converted to bytes.]"),
        12884901888.0,
    ),
    _setting(
        "work_mem_bytes",
        "Sets the maximum memory to be used for query workspaces. [Units converted to bytes.]",
        16777216.0,
    ),
    _setting(
        "maintenance_work_mem_bytes",
        "Sets the maximum memory to be used for maintenance operations. [Units converted to bytes.]",
        536870912.0,
    ),
    _setting(
        "max_wal_size_bytes", "Sets the WAL size that triggers a checkpoint. [Units converted to bytes.]", 4294967296.0
    ),
    _setting(
        "checkpoint_timeout_seconds",
        "Sets the maximum time between automatic WAL checkpoints. [Units converted to seconds.]",
        300.0,
    ),
    _setting(
        "deadlock_timeout_seconds",
        ("Sets the time to wait on a lock before checking for deadlock. [Units converted to seconds.]"),
        1.0,
    ),
    _setting(
        "random_page_cost", "Sets the planner's estimate of the cost of a nonsequentially fetched disk page.", 1.1
    ),
    _in_state("postgres.active", {"active": 1.0}, noise=0.1),
    _in_state("postgres.idle", {"idle": 1.0}, noise=0.03),
    _in_state("postgres.idle_in_transaction", {"idle in transaction": 1.0}),
    _in_state(
        "postgres.active", {"idle in transaction (aborted)": 0.0, "fastpath function call": 0.0, "disabled": 0.0}
    ),
    _gauge(
        "pg_stat_activity_max_tx_duration",
        "max duration in seconds any active transaction has been running",
        Level("postgres.longest_transaction", (_NAME, SERVER, constant("state", "active")), noise=0.3),
    ),
    _gauge(
        "pg_stat_activity_max_tx_duration",
        "max duration in seconds any active transaction has been running",
        Level("postgres.oldest_idle_seconds", (_NAME, SERVER, constant("state", "idle in transaction"))),
    ),
    _gauge(
        "pg_database_size_bytes", "Disk space used by the database", Level("postgres.size_bytes", (_NAME,), whole=True)
    ),
    _gauge(
        "pg_stat_database_numbackends",
        (
            "Number of backends currently connected to this database. This is the only column in this view that "
            "returns a value reflecting current state; all other columns return the accumulated values since the "
            "last reset."
        ),
        Level("postgres.backends", (_DATABASE,), noise=0.03, whole=True, high=float(MAX_CONNECTIONS)),
    ),
    _counter("xact_commit", "Number of transactions in this database that have been committed", "postgres.commits"),
    _counter(
        "xact_rollback", "Number of transactions in this database that have been rolled back", "postgres.rollbacks"
    ),
    _counter(
        "blks_hit",
        (
            "Number of times disk blocks were found already in the buffer cache, so that a read was not necessary"
            " (this only includes hits in the PostgreSQL buffer cache, not the operating system's file system "
            "cache)"
        ),
        "postgres.blocks_hit",
        60.0,
    ),
    _counter("blks_read", "Number of disk blocks read in this database", "postgres.blocks_read", 8.0),
    _counter("tup_returned", "Number of rows returned by queries in this database", "postgres.rows_returned", 400.0),
    _counter("tup_fetched", "Number of rows fetched by queries in this database", "postgres.rows_fetched", 20.0),
    _counter("tup_inserted", "Number of rows inserted by queries in this database", "postgres.rows_inserted"),
    _counter("tup_updated", "Number of rows updated by queries in this database", "postgres.rows_updated"),
    _counter("tup_deleted", "Number of rows deleted by queries in this database", "postgres.rows_deleted"),
    _counter("deadlocks", "Number of deadlocks detected in this database", "postgres.deadlocks"),
    _counter(
        "conflicts",
        (
            "Number of queries canceled due to conflicts with recovery in this database. (Conflicts occur only on"
            " standby servers; see pg_stat_database_conflicts for details.)"
        ),
        "postgres.conflicts",
    ),
    _counter(
        "temp_bytes",
        (
            "Total amount of data written to temporary files by queries in this database. All temporary files are"
            " counted, regardless of why the temporary file was created, and regardless of the log_temp_files "
            "setting."
        ),
        "postgres.temp_bytes",
        65536.0,
    ),
    _counter(
        "temp_files",
        (
            "Number of temporary files created by queries in this database. All temporary files are counted, "
            "regardless of why the temporary file was created (e.g., sorting or hashing), and regardless of the "
            "log_temp_files setting."
        ),
        "postgres.temp_files",
    ),
    _counter(
        "blk_read_time",
        "Time spent reading data file blocks by backends in this database, in milliseconds",
        "postgres.read_us",
        900.0,
        unit=0.001,
    ),
    _counter(
        "blk_write_time",
        "Time spent writing data file blocks by backends in this database, in milliseconds",
        "postgres.write_us",
        900.0,
        unit=0.001,
    ),
    _writer("buffers_alloc", "Number of buffers allocated", "postgres.buffers_allocated"),
    _writer("buffers_checkpoint", "Number of buffers written during checkpoints", "postgres.buffers_written", 8.0),
    _writer("buffers_clean", "Number of buffers written by the background writer", "zero"),
    _writer("buffers_backend", "Number of buffers written directly by a backend", "postgres.buffers_by_backends"),
    _writer(
        "checkpoints_timed", "Number of scheduled checkpoints that have been performed", "postgres.checkpoints", 0.0
    ),
    _writer("checkpoints_req", "Number of requested checkpoints that have been performed", "zero"),
    _writer(
        "checkpoint_write_time",
        (
            "Total amount of time that has been spent in the portion of checkpoint processing where files are "
            "written to disk, in milliseconds"
        ),
        "postgres.checkpoint_ms",
        50.0,
    ),
    _writer(
        "maxwritten_clean",
        ("Number of times the background writer stopped a cleaning scan because it had written too many buffers"),
        "zero",
    ),
    _gauge(
        "pg_locks_count",
        "Number of locks",
        Level("postgres.active", (_NAME, SERVER, shares("mode", _LOCKS, tiny=3)), scale=2.0, noise=0.1, whole=True),
    ),
    _gauge(
        "pg_replication_lag_seconds",
        "Replication lag behind master in seconds",
        Level("postgres.lag_seconds", noise=0.05),
    ),
    _gauge("pg_replication_is_replica", "Indicates if the server is a replica", Level("postgres.is_replica")),
    _gauge(
        "pg_stat_replication_pg_wal_lsn_diff",
        "Lag in bytes between master and slave",
        Level("postgres.replica_lag_bytes", (_REPLICA,), whole=True),
        present="postgres.has_replica",
    ),
    Family(
        POSTGRES,
        "pg_static",
        _U,
        "Version string as reported by postgres",
        Level("one", (SERVER, constant("short_version", "15.5.0"), constant("version", "PostgreSQL 15.5"))),
        present="postgres.up",
    ),
)
