"""API performance: requests, errors, latency, the database behind them, the real-time layer, the processes."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders import dashboard

from dashboards import frame
from dashboards.frame import Row, filled, row
from dashboards.parts import GREEN, RED, UP, YELLOW, Query, durations, lines, link_to, meanings, number, share, states
from dashboards.selectors import ROUTE, of, quantile, rate, ratio

_JOB: Final = "cryb-api"
_P95_LIMITS: Final = ((0.5, YELLOW), (1.0, RED))
_ERROR_LIMITS: Final = ((0.001, YELLOW), (0.05, RED))


def _requests(*matchers: str) -> str:
    return of(_JOB, "http_requests_total", ROUTE, *matchers)


_DURATIONS: Final = of(_JOB, "http_request_duration_seconds_bucket", ROUTE)
_FAILED: Final = _requests('code=~"5.."')
_QUERIES: Final = of(_JOB, "cryb_db_query_duration_seconds_bucket")


def board() -> dashboard.Dashboard:
    """The dashboard."""
    found = (
        frame.framed(
            frame.API,
            "CRYB / API performance",
            "How much the API is asked, how much of it fails, how long answers take, and what is behind them.",
            hours=3,
        )
        .with_variable(frame.environment())
        .with_variable(
            frame.choice(
                "instance",
                "Instance",
                "Instances of the API",
                f'label_values(up{{job="{_JOB}"}}, instance)',
                everything=".+",
            )
        )
        .with_variable(
            frame.choice(
                "route",
                "Route",
                "Route patterns of the HTTP metrics; the panels of database, Socket.IO and process are not cut by it",
                f'label_values(http_requests_total{{job="{_JOB}"}}, route)',
            )
        )
    )
    return filled(found, _traffic(), _latency(), _database(), _realtime(), _process())


def _traffic() -> Row:
    to_logs = link_to("Error lines of these minutes", frame.LOGS, "&var-service=api&var-level=error")
    return row(
        "Requests and errors",
        number("Requests", "Requests a second, all routes chosen.", "reqps", Query(rate(_requests()))),
        share(
            "Error ratio",
            "Share of requests that ended with a 5xx status. Above 5 % HighErrorRate fires.",
            Query(ratio(_FAILED, _requests())),
            limits=_ERROR_LIMITS,
            decimals=2,
        ),
        number(
            "p95 response time",
            "95 % of the answers are at least as fast. The objective is 500 ms.",
            "s",
            Query(quantile(0.95, _DURATIONS)),
            limits=_P95_LIMITS,
        ),
        share(
            "Instances up",
            "Share of the API's instances that answer their scrapes.",
            Query(f"avg({of(_JOB, 'up')})"),
            limits=((float("-inf"), RED), (0.5, YELLOW), (1.0, GREEN)),
            decimals=None,
        ),
        number(
            "In flight",
            "Requests that are being worked on.",
            "short",
            Query(f"sum({of(_JOB, 'http_requests_in_flight')})"),
        ),
        share(
            "Throttled",
            "Share of requests that rate limits refused (429).",
            Query(ratio(_requests('code="429"'), _requests())),
            limits=((0.01, YELLOW), (0.1, RED)),
            decimals=2,
        ),
        lines(
            "Request rate by status",
            "Requests a second, by the status they ended with.",
            "reqps",
            Query(rate(_requests(), "code"), "{{code}}"),
            stacked=True,
            span=12,
        ),
        lines(
            "Error ratio",
            "5xx over all requests, and 4xx beside it: clients' mistakes, refusals and rate limits.",
            "percentunit",
            Query(ratio(_FAILED, _requests()), "5xx"),
            Query(ratio(_requests('code=~"4.."'), _requests()), "4xx"),
            span=12,
            limits=((0.05, RED),),
            links=(to_logs,),
        ),
        lines(
            "Busiest routes",
            "The ten routes with most requests.",
            "reqps",
            Query(f"topk(10, {rate(_requests(), 'method, route')})", "{{method}} {{route}}"),
            span=12,
        ),
        lines(
            "Failing routes",
            "5xx a second of the ten routes with most of them.",
            "reqps",
            Query(f"topk(10, {rate(_FAILED, 'method, route')})", "{{method}} {{route}}"),
            span=12,
            links=(to_logs,),
        ),
        states(
            "Instances",
            "Whether each instance answers its scrapes.",
            Query(of(_JOB, "up"), "{{instance}}"),
            mappings=meanings(*UP),
            span=24,
        ),
    )


def _latency() -> Row:
    return row(
        "Response time",
        lines(
            "Response time percentiles",
            "Over all routes chosen. Lines: the objective (500 ms), and where ResponseTimeDegraded begins (1 s).",
            "s",
            *(Query(quantile(share, _DURATIONS), f"p{round(share * 100)}") for share in (0.5, 0.9, 0.95, 0.99)),
            span=12,
            limits=_P95_LIMITS,
        ),
        lines(
            "Slowest routes (p95)",
            "The ten routes whose 95th percentile is highest.",
            "s",
            Query(f"topk(10, {quantile(0.95, _DURATIONS, 'method, route')})", "{{method}} {{route}}"),
            span=12,
            limits=_P95_LIMITS,
        ),
        durations(
            "Requests by duration",
            "How many requests a second fell into each bucket of the histogram.",
            f"sum by (le) (rate({_DURATIONS}[$__rate_interval]))",
        ),
        lines(
            "Response size (p95)",
            "95 % of the answers are at most this large.",
            "bytes",
            Query(quantile(0.95, of(_JOB, "http_response_size_bytes_bucket", ROUTE)), "responses"),
            Query(quantile(0.95, of(_JOB, "http_request_size_bytes_bucket", ROUTE)), "requests"),
            span=12,
        ),
    )


def _database() -> Row:
    return row(
        "Database",
        lines(
            "Queries",
            "Queries a second that the API sent, by operation.",
            "ops",
            Query(rate(of(_JOB, "cryb_db_queries_total"), "operation"), "{{operation}}"),
            stacked=True,
        ),
        lines(
            "Query time (p95)",
            "95 % of the queries are at least as fast. Above 1 s DatabaseSlowQueries fires.",
            "s",
            Query(quantile(0.95, _QUERIES, "operation"), "{{operation}}"),
            limits=((1.0, RED),),
        ),
        lines(
            "Slow and failed queries",
            "Queries that took more than a second, and those that failed, a second.",
            "ops",
            Query(rate(of(_JOB, "cryb_db_slow_queries_total")), "slow"),
            Query(rate(of(_JOB, "cryb_db_errors_total"), "error_type"), "{{error_type}}"),
        ),
        lines(
            "Slowest tables (p95)",
            "The five tables whose queries take longest.",
            "s",
            Query(f"topk(5, {quantile(0.95, _QUERIES, 'table')})", "{{table}}"),
        ),
        lines(
            "Connections",
            "Connections of the API's pools that are in use.",
            "short",
            Query(f"sum by (instance) ({of(_JOB, 'cryb_db_connections_active')})", "{{instance}}"),
        ),
        lines(
            "Pool in use",
            "Share of each pool's connections that is in use.",
            "percentunit",
            Query(
                f"max by (instance, pool) ({of(_JOB, 'cryb_db_connection_pool_utilization')})",
                "{{instance}} {{pool}}",
            ),
            high=1.0,
            limits=((0.9, RED),),
        ),
    )


def _realtime() -> Row:
    return row(
        "Socket.IO and messages",
        lines(
            "Connected clients",
            "Sockets that are open. SocketDisconnectStorm fires when 30 % are lost within five minutes.",
            "short",
            Query(f"sum({of(_JOB, 'socketio_connected_clients')})", "clients"),
        ),
        lines(
            "Connection attempts and errors",
            "Attempts to connect a second, and those that failed, by reason.",
            "ops",
            Query(rate(of(_JOB, "socketio_connection_attempts_total")), "attempts"),
            Query(rate(of(_JOB, "socketio_connection_errors_total"), "error_type"), "{{error_type}}"),
        ),
        lines(
            "Socket events",
            "Events a second, by kind.",
            "ops",
            Query(rate(of(_JOB, "socketio_messages_total"), "event"), "{{event}}"),
            stacked=True,
        ),
        lines(
            "Time in event handlers (p95)",
            "95 % of a kind's events are handled at least as fast.",
            "s",
            Query(quantile(0.95, of(_JOB, "socketio_message_duration_seconds_bucket"), "event"), "{{event}}"),
        ),
        lines(
            "Message latency",
            "From sending to delivery. Above 1 s (p95) MessageLatencyHigh fires.",
            "s",
            *(
                Query(quantile(share, of(_JOB, "cryb_message_latency_seconds_bucket")), f"p{round(share * 100)}")
                for share in (0.5, 0.95, 0.99)
            ),
            limits=((1.0, RED),),
        ),
        lines(
            "Undelivered messages",
            "Share of messages that were not delivered. Above 2 % MessageDeliveryFailures fires.",
            "percentunit",
            Query(ratio(of(_JOB, "cryb_messages_failed_total"), of(_JOB, "cryb_messages_total")), "failed"),
            limits=((0.02, RED),),
        ),
        lines(
            "Waiting socket events",
            "Events that wait to be sent to clients.",
            "short",
            Query(f"sum by (instance) ({of(_JOB, 'socketio_message_queue_size')})", "{{instance}}"),
        ),
        lines(
            "Rooms",
            "Rooms with somebody in them.",
            "short",
            Query(f"sum({of(_JOB, 'socketio_rooms_active')})", "rooms"),
        ),
        lines(
            "Cache hit ratio",
            "Share of look-ups that the API's caches answered. Below 80 % CacheHitRatioLow fires.",
            "percentunit",
            Query(
                f"{rate(of(_JOB, 'cryb_cache_hits_total'), 'cache_type')} / "
                f"({rate(of(_JOB, 'cryb_cache_hits_total'), 'cache_type')} + "
                f"{rate(of(_JOB, 'cryb_cache_misses_total'), 'cache_type')})",
                "{{cache_type}}",
            ),
            high=1.0,
        ),
    )


def _process() -> Row:
    return row(
        "Processes",
        lines(
            "CPU",
            "CPU seconds a second of each process; Node uses little more than one.",
            "percentunit",
            Query(f"rate({of(_JOB, 'cryb_nodejs_process_cpu_seconds_total')}[$__rate_interval])", "{{instance}}"),
        ),
        lines(
            "Memory",
            "Resident memory, and the heap in use.",
            "bytes",
            Query(of(_JOB, "cryb_nodejs_process_resident_memory_bytes"), "{{instance}} resident"),
            Query(of(_JOB, "cryb_nodejs_nodejs_heap_size_used_bytes"), "{{instance}} heap"),
        ),
        lines(
            "Event loop lag",
            "How late timers run: at 100 ms every request waits as long.",
            "s",
            Query(of(_JOB, "cryb_nodejs_nodejs_eventloop_lag_p99_seconds"), "{{instance}} p99"),
            Query(of(_JOB, "cryb_nodejs_nodejs_eventloop_lag_p50_seconds"), "{{instance}} p50"),
            limits=((0.1, RED),),
        ),
    )
