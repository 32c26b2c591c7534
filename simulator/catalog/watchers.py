"""Those who watch: Prometheus, Alertmanager and Grafana about themselves (contract 5.9).

A live run scrapes the real servers; these are for runs in which they are not there. Names, types and help are those of
Prometheus 2.45, Alertmanager 0.26 and Grafana 10.
"""

from __future__ import annotations

from simulator.catalog.families import Count, Dimension, Family, Flow, Histogram, Level, constant, factors, same, shares
from simulator.catalog.jobs import ALERTMANAGER, GRAFANA, PROMETHEUS
from simulator.catalog.standing import summary
from simulator.telemetry.samples import MetricType

_C, _G, _H = MetricType.COUNTER, MetricType.GAUGE, MetricType.HISTOGRAM
_GROUP = constant("rule_group", "/etc/prometheus/rules/platform.yml;platform")
_QUANTILES = {"0.5": 1.0, "0.9": 3.2, "0.99": 9.5}
_INTERVALS = {"0.01": 0.9985, "0.05": 0.9992, "0.5": 1.0, "0.9": 1.0006, "0.99": 1.0015}
_SLICES = {"inner_eval": 0.0011, "prepare_time": 0.0002, "queue_time": 2e-5, "result_sort": 8e-6}
_SCRAPED = {"15s": 15.0, "5s": 5.0, "10s": 10.0, "30s": 30.0}
_INTEGRATIONS = shares("integration", {"slack": 55, "email": 30, "pagerduty": 15})
_GRAFANA_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_PAGES = Flow(
    "grafana.requests",
    "watchers.pages",
    (
        shares(
            "handler", {"/api/ds/query": 62, "/api/dashboards/uid/:uid": 20, "/api/search": 12, "/login": 6}, tiny=1
        ),
        constant("method", "GET"),
        constant("status_code", "200"),
    ),
    spread="grafana.request",
    bounds=_GRAFANA_BOUNDS,
)


def _counter(job: str, name: str, text: str, signal: str, *dimensions: Dimension, unit: float = 1.0) -> Family:
    labels = same(*(label for dimension in dimensions for label in dimension.names))
    return Family(job, name, _C, text, Count(Flow(name, signal, dimensions), labels, unit=unit))


def _gauge(job: str, name: str, text: str, level: Level) -> Family:
    return Family(job, name, _G, text, level)


def _version(job: str, name: str, text: str, version: str, goversion: str) -> Family:
    build = Dimension(
        ("branch", "goarch", "goos", "goversion", "revision", "tags", "version"),
        ((("HEAD", "amd64", "linux", goversion, "0000000", "netgo", version), 1.0),),
    )
    return _gauge(job, name, text, Level("one", (build,)))


_BUILT = (
    "A metric with a constant '1' value labeled by version, revision, branch, goversion from which {} was built, "
    "and the goos and goarch for the build."
)

FAMILIES: tuple[Family, ...] = (
    _version(PROMETHEUS, "prometheus_build_info", _BUILT.format("prometheus"), "2.45.0", "go1.20.5"),
    _gauge(
        PROMETHEUS,
        "prometheus_tsdb_head_series",
        "Total number of series in the head block.",
        Level("prometheus.series", noise=0.003, whole=True),
    ),
    _counter(
        PROMETHEUS,
        "prometheus_tsdb_head_samples_appended_total",
        "Total number of appended samples.",
        "prometheus.samples",
        constant("type", "float"),
    ),
    _counter(
        PROMETHEUS,
        "prometheus_rule_evaluations_total",
        "The total number of rule evaluations.",
        "prometheus.evaluations",
        _GROUP,
    ),
    _counter(
        PROMETHEUS,
        "prometheus_rule_evaluation_failures_total",
        "The total number of rule evaluation failures.",
        "zero",
        _GROUP,
    ),
    _gauge(
        PROMETHEUS,
        "prometheus_rule_group_last_duration_seconds",
        "The duration of the last rule group evaluation.",
        Level("one", (_GROUP,), scale=0.012, noise=0.3),
    ),
    _counter(
        PROMETHEUS,
        "prometheus_notifications_dropped_total",
        "Total number of alerts dropped due to errors when sending to Alertmanager.",
        "zero",
    ),
    _gauge(
        PROMETHEUS,
        "prometheus_config_last_reload_successful",
        "Whether the last configuration reload attempt was successful.",
        Level("one"),
    ),
    *summary(
        PROMETHEUS,
        "prometheus_engine_query_duration_seconds",
        "Query timings",
        Level("one", (factors("quantile", _QUANTILES), factors("slice", _SLICES, tiny=1)), noise=0.2),
        Flow("prometheus.queries", "prometheus.evaluations", (shares("slice", dict.fromkeys(_SLICES, 1.0), tiny=1),)),
        _SLICES,
        "slice",
    ),
    *summary(
        PROMETHEUS,
        "prometheus_target_interval_length_seconds",
        "Actual intervals between scrapes.",
        Level("one", (factors("interval", _SCRAPED, tiny=1), factors("quantile", _INTERVALS))),
        Flow("prometheus.intervals", "standing.evenly", (shares("interval", dict.fromkeys(_SCRAPED, 1.0), tiny=1),)),
        _SCRAPED,
        "interval",
    ),
    _gauge(
        ALERTMANAGER,
        "alertmanager_alerts",
        "How many alerts by state.",
        Level("one", (factors("state", {"active": 1.0, "suppressed": 0.0, "unprocessed": 0.0}),)),
    ),
    _counter(
        ALERTMANAGER,
        "alertmanager_alerts_received_total",
        "The total number of received alerts.",
        "watchers.alerts",
        Dimension(("status", "version"), ((("firing", "v2"), 0.96), (("resolved", "v2"), 0.04))),
    ),
    _counter(
        ALERTMANAGER,
        "alertmanager_notifications_total",
        "The total number of attempted notifications.",
        "watchers.notifications",
        _INTEGRATIONS,
    ),
    _counter(
        ALERTMANAGER,
        "alertmanager_notifications_failed_total",
        "The total number of failed notifications.",
        "zero",
        _INTEGRATIONS,
    ),
    _gauge(
        ALERTMANAGER,
        "alertmanager_config_last_reload_successful",
        "Whether the last configuration reload attempt was successful.",
        Level("one"),
    ),
    _version(ALERTMANAGER, "alertmanager_build_info", _BUILT.format("alertmanager"), "0.26.0", "go1.20.7"),
    Family(
        GRAFANA,
        "grafana_http_request_duration_seconds",
        _H,
        "Histogram of latencies for HTTP requests.",
        Histogram(_PAGES, same("handler", "method", "status_code")),
    ),
    _gauge(GRAFANA, "grafana_stat_totals_dashboard", "total amount of dashboards", Level("one", scale=14.0)),
    _gauge(GRAFANA, "grafana_stat_total_users", "total amount of users", Level("one", scale=23.0)),
    _gauge(
        GRAFANA,
        "grafana_build_info",
        _BUILT.format("Grafana"),
        Level(
            "one",
            (
                Dimension(
                    ("branch", "edition", "goversion", "revision", "version"),
                    ((("HEAD", "oss", "go1.20.8", "0000000", "10.1.0"), 1.0),),
                ),
            ),
        ),
    ),
)
