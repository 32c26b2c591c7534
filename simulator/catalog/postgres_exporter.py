"""PostgreSQL, with the names, types, help and labels of postgres_exporter 0.12 (contract 5.9)."""

from __future__ import annotations

from simulator.catalog.families import Count, Dimension, Family, Flow, Level, constant, factors, same, shares
from simulator.catalog.jobs import POSTGRES
from simulator.telemetry.samples import MetricType

MAX_CONNECTIONS = 300
_DATABASE = Dimension(("datid", "datname"), ((("16384", "cryb"), 1.0),))
_DB = same("datid", "datname")
_C, _G = MetricType.COUNTER, MetricType.GAUGE


def _counter(column: str, text: str, signal: str, dispersion: float = 1.0) -> Family:
    name = f"pg_stat_database_{column}"
    return Family(POSTGRES, name, _C, text, Count(Flow(name, signal, (_DATABASE,), dispersion=dispersion), _DB))


FAMILIES: tuple[Family, ...] = (
    Family(
        POSTGRES,
        "pg_up",
        _G,
        "Whether the last scrape of metrics from PostgreSQL was able to connect to the server (1 for yes, 0 for no).",
        Level("postgres.up"),
    ),
    Family(
        POSTGRES,
        "pg_settings_max_connections",
        _G,
        "Server Parameter: max_connections",
        Level("one", (constant("server", "cryb-postgres:5432"),), scale=float(MAX_CONNECTIONS)),
    ),
    Family(
        POSTGRES,
        "pg_stat_activity_count",
        _G,
        "number of connections in this state",
        Level("postgres.active", (constant("datname", "cryb"), constant("state", "active")), noise=0.1, whole=True),
    ),
    Family(
        POSTGRES,
        "pg_stat_activity_count",
        _G,
        "number of connections in this state",
        Level("postgres.idle", (constant("datname", "cryb"), constant("state", "idle")), noise=0.03, whole=True),
    ),
    Family(
        POSTGRES,
        "pg_stat_activity_count",
        _G,
        "number of connections in this state",
        Level(
            "postgres.active",
            (
                constant("datname", "cryb"),
                factors(
                    "state",
                    {
                        "idle in transaction": 0.04,
                        "idle in transaction (aborted)": 0.0,
                        "fastpath function call": 0.0,
                        "disabled": 0.0,
                    },
                ),
            ),
            whole=True,
        ),
    ),
    Family(
        POSTGRES,
        "pg_stat_activity_max_tx_duration",
        _G,
        "max duration in seconds any active transaction has been running",
        Level("postgres.longest_transaction", (constant("datname", "cryb"), constant("state", "active")), noise=0.3),
    ),
    Family(
        POSTGRES,
        "pg_database_size_bytes",
        _G,
        "Disk space used by the database",
        Level("postgres.size_bytes", (constant("datname", "cryb"),), whole=True),
        unit="bytes",
    ),
    Family(
        POSTGRES,
        "pg_stat_database_numbackends",
        _G,
        "Number of backends currently connected to this database. This is the only column in this view that returns a "
        "value reflecting current state; all other columns return the accumulated values since the last reset.",
        Level("postgres.backends", (_DATABASE,), noise=0.03, whole=True),
    ),
    _counter("xact_commit", "Number of transactions in this database that have been committed", "postgres.commits"),
    _counter(
        "xact_rollback", "Number of transactions in this database that have been rolled back", "postgres.rollbacks"
    ),
    _counter(
        "blks_hit",
        "Number of times disk blocks were found already in the buffer cache, so that a read was not necessary (this "
        "only includes hits in the PostgreSQL buffer cache, not the operating system's file system cache)",
        "postgres.blocks_hit",
        dispersion=60.0,
    ),
    _counter("blks_read", "Number of disk blocks read in this database", "postgres.blocks_read", dispersion=8.0),
    _counter("tup_returned", "Number of rows returned by queries in this database", "postgres.rows_returned", 400.0),
    _counter("tup_fetched", "Number of rows fetched by queries in this database", "postgres.rows_fetched", 20.0),
    _counter("tup_inserted", "Number of rows inserted by queries in this database", "postgres.rows_inserted"),
    _counter("tup_updated", "Number of rows updated by queries in this database", "postgres.rows_updated"),
    _counter("tup_deleted", "Number of rows deleted by queries in this database", "postgres.rows_deleted"),
    _counter("deadlocks", "Number of deadlocks detected in this database", "postgres.deadlocks"),
    Family(
        POSTGRES,
        "pg_locks_count",
        _G,
        "Number of locks",
        Level(
            "postgres.active",
            (
                constant("datname", "cryb"),
                shares(
                    "mode",
                    {
                        "accesssharelock": 80.0,
                        "rowexclusivelock": 18.0,
                        "rowsharelock": 2.0,
                        "exclusivelock": 0.5,
                        "sharelock": 1e-9,
                        "accessexclusivelock": 1e-9,
                    },
                ),
            ),
            scale=2.0,
            noise=0.1,
            whole=True,
        ),
    ),
)
