"""Service level indicators and traces, as the API measures them itself (contract 5.7)."""

from __future__ import annotations

from typing import Final

from simulator.catalog.families import (
    Count,
    Dimension,
    Family,
    Flow,
    Histogram,
    Level,
    Scores,
    constant,
    same,
    shares,
)
from simulator.catalog.jobs import CRYB_API
from simulator.telemetry.samples import MetricType
from simulator.units import MINUTE

AVAILABILITY_BOUNDS: Final = (0.0, 0.5, 1.0)
FAILING: Final = 2e-4
"""Share of requests that fail with 5xx on a good day."""
LATENCY_BOUNDS: Final = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0)
RATE_BOUNDS: Final = (1.0, 10.0, 50.0, 100.0, 500.0, 1000.0, 5000.0)
SPAN_BOUNDS: Final = (0.001, 0.01, 0.1, 1.0, 10.0)

_SERVICE = constant("service", "api")
_ENDPOINT = constant("endpoint", "all")
_OPERATIONS = Dimension(
    ("operation", "span_kind"),
    (
        (("db.query", "client"), 0.5),
        (("http.request", "server"), 0.17),
        (("cache.get", "client"), 0.17),
        (("message.publish", "producer"), 0.09),
        (("serialize", "internal"), 0.07),
    ),
    tiny=1,
)

AVAILABILITY = Flow(
    "sli.availability",
    "http.served",
    (_SERVICE, _ENDPOINT, shares("_value", {"1": 1.0 - FAILING, "0": FAILING})),
    outcome="_value",
    healthy=("1",),
    failures={"0": "http.failing_share"},
)
LATENCY = Flow(
    "sli.latency",
    "sli.measured",
    (_SERVICE, _ENDPOINT, constant("percentile", "p95")),
    spread="sli.p95",
    bounds=LATENCY_BOUNDS,
)
THROUGHPUT = Flow("sli.throughput", "sli.measured", (_SERVICE, _ENDPOINT), spread="sli.rate", bounds=RATE_BOUNDS)
SPANS = Flow("tracing.spans", "tracing.spans", (_SERVICE, _OPERATIONS), spread="tracing.span", bounds=SPAN_BOUNDS)
TRACE_ERRORS = Flow(
    "tracing.errors", "tracing.errors", (_SERVICE, shares("error_type", {"database": 5, "timeout": 3, "internal": 2}))
)

_C, _G, _H = MetricType.COUNTER, MetricType.GAUGE, MetricType.HISTOGRAM


def _budget(signal: str, slo_type: str) -> Family:
    dimensions = (_SERVICE, constant("slo_type", slo_type), constant("time_window", "30d"))
    view = Level(signal, dimensions, high=1.0, refresh_ms=5 * MINUTE)
    return Family(CRYB_API, "cryb_slo_error_budget_remaining", _G, "Share of the error budget that is left", view)


FAMILIES: tuple[Family, ...] = (
    Family(
        CRYB_API,
        "cryb_sli_availability",
        _H,
        "1 for each request that succeeds, 0 for each that fails",
        Scores(AVAILABILITY, same("service", "endpoint"), AVAILABILITY_BOUNDS),
    ),
    Family(
        CRYB_API,
        "cryb_sli_latency_seconds",
        _H,
        "Quantiles of latency, taken down now and then",
        Histogram(LATENCY, same("service", "endpoint", "percentile")),
        unit="seconds",
    ),
    Family(
        CRYB_API,
        "cryb_sli_throughput_rps",
        _H,
        "Requests a second, taken down now and then",
        Histogram(THROUGHPUT, same("service", "endpoint")),
    ),
    _budget("slo.availability_budget", "availability"),
    _budget("slo.latency_budget", "latency"),
    Family(
        CRYB_API,
        "cryb_tracing_spans_total",
        _C,
        "Spans recorded",
        Count(SPANS, same("service", "operation", "span_kind")),
    ),
    Family(
        CRYB_API,
        "cryb_tracing_span_duration_seconds",
        _H,
        "Length of spans",
        Histogram(SPANS, same("service", "operation", "span_kind")),
        unit="seconds",
    ),
    Family(
        CRYB_API,
        "cryb_tracing_trace_errors_total",
        _C,
        "Traces that end in an error",
        Count(TRACE_ERRORS, same("service", "error_type")),
    ),
    Family(
        CRYB_API,
        "cryb_tracing_active_traces",
        _G,
        "Traces that are being recorded",
        Level("tracing.active", (_SERVICE,), noise=0.1, whole=True),
    ),
)
