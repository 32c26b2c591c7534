"""The platform's own small exporters of the database and of errors (contract 5.8)."""

from __future__ import annotations

from simulator.catalog.families import Count, Dimension, Family, Flow, Level, constant, same
from simulator.catalog.jobs import DATABASE_PERFORMANCE, ERROR_TRACKING
from simulator.telemetry.samples import MetricType

_C, _G = MetricType.COUNTER, MetricType.GAUGE


def _database(name: str, text: str, level: Level) -> Family:
    return Family(DATABASE_PERFORMANCE, f"database_{name}", _G, text, level, present="db.up")


_TYPES = ("service", "severity", "type")
_OF_API = Dimension(
    _TYPES,
    (
        (("api", "error", "internal"), 0.7),
        (("api", "error", "timeout"), 0.2),
        (("api", "critical", "unhandled"), 0.1),
    ),
)
_OF_DATABASE = Dimension(_TYPES, ((("database", "error", "query"), 0.8), (("database", "critical", "connection"), 0.2)))
_OF_BROWSERS = Dimension(_TYPES, ((("web", "warning", "network"), 0.6), (("web", "error", "javascript"), 0.4)))


def _errors(signal: str, dimension: Dimension) -> Family:
    flow = Flow(f"application.{signal}", signal, (dimension,))
    return Family(ERROR_TRACKING, "application_errors_total", _C, "Application errors", Count(flow, same(*_TYPES)))


def _rate(service: str, signal: str) -> Family:
    level = Level(signal, (constant("service", service),), noise=0.05)
    return Family(ERROR_TRACKING, "application_error_rate", _G, "Application errors per minute", level)


FAMILIES: tuple[Family, ...] = (
    _database("connections_active", "Active connections", Level("postgres.active", noise=0.1, whole=True)),
    _database("connections_idle", "Idle connections", Level("postgres.idle", noise=0.03, whole=True)),
    _database("connections_total", "Connections", Level("postgres.backends", noise=0.03, whole=True)),
    _database("query_duration_seconds", "Mean time of a query", Level("db.query_seconds", noise=0.08)),
    _database("size_bytes", "Size of the database", Level("postgres.size_bytes", whole=True)),
    _database("tables_total", "Tables", Level("one", scale=64.0)),
    _errors("errors.of_api", _OF_API),
    _errors("errors.of_database", _OF_DATABASE),
    _errors("errors.of_browsers", _OF_BROWSERS),
    _rate("api", "errors.of_api_per_minute"),
    _rate("database", "errors.of_database_per_minute"),
    _rate("web", "errors.of_browsers_per_minute"),
)
