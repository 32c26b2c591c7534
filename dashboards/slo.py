"""Service level objectives: indicators, error budget, burn rate, compliance; declared in monitoring/slo."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders import dashboard

from alerting.slo_file import read_slos
from dashboards import frame
from dashboards.frame import Row, filled, row
from dashboards.parts import GREEN, RED, YELLOW, Panel, Query, lines, link_to, meanings, number, share, states, table
from dashboards.selectors import recorded
from simulator.slo import WORKBOOK_ALERTS, BurnAlert
from simulator.units import format_duration

_SLOS: Final = read_slos()
AVAILABILITY: Final = _SLOS.availability.objective.target
LATENCY_SECONDS: Final = _SLOS.latency.seconds
_BUDGET: Final = round(1 - AVAILABILITY, 6)
_BELOW: Final = float("-inf")


def _errors(window: str) -> str:
    return recorded(f"service:http_requests_errors:ratio_rate{window}")


_P95: Final = recorded(_SLOS.latency.service_level)
_REMAINING: Final = f"1 - {_errors('30d')} / {_BUDGET}"


def board() -> dashboard.Dashboard:
    """The dashboard."""
    found = frame.framed(
        frame.SLO,
        "CRYB / SLO",
        f"Whether the API keeps its promises: {AVAILABILITY:.1%} of requests over 30 days, "
        f"p95 below {LATENCY_SECONDS * 1000:.0f} ms.",
        hours=24,
    ).with_variable(frame.environment())
    return filled(found, _compliance(), _budget(), _burn())


def _compliance() -> Row:
    kept = meanings(("1", "kept", GREEN), ("0", "violated", RED))
    return row(
        "Indicators and compliance",
        share(
            "Availability (30 days)",
            f"Share of requests of the last 30 days that did not fail. The objective is {AVAILABILITY:.1%}.",
            Query(f"1 - {_errors('30d')}"),
            limits=((_BELOW, RED), (AVAILABILITY, GREEN)),
            decimals=3,
        ),
        share(
            "Error budget left",
            f"Of the {_BUDGET:.1%} of requests that may fail within 30 days. Below 0 the objective is violated.",
            Query(_REMAINING),
            limits=((_BELOW, RED), (0, YELLOW), (0.25, GREEN)),
        ),
        number(
            "Burn rate (1 hour)",
            "How many times faster than allowed the budget is spent: at 1 it lasts exactly 30 days.",
            "short",
            Query(f"{_errors('1h')} / {_BUDGET}"),
            limits=((1, YELLOW), (14.4, RED)),
            decimals=2,
        ),
        number(
            "Budget lasts for",
            "At the burn rate of the last six hours; at most a year is shown.",
            "s",
            Query(f"clamp(({_REMAINING}) * 30 * 86400 / ({_errors('6h')} / {_BUDGET} > 0), 0, 365 * 86400)"),
            limits=((_BELOW, RED), (86400, YELLOW), (7 * 86400, GREEN)),
        ),
        number(
            "p95 response time",
            f"Over five minutes. The objective is {LATENCY_SECONDS * 1000:.0f} ms.",
            "s",
            Query(_P95),
            limits=((LATENCY_SECONDS, RED),),
        ),
        number(
            "Requests",
            "Requests a second, over one minute.",
            "reqps",
            Query(recorded("service:http_requests:rate1m")),
        ),
        states(
            "Compliance",
            "Whether each objective was kept: availability over 30 days and over one hour, p95 over 5 minutes.",
            Query(f"({_errors('30d')} <= bool {_BUDGET})", "availability, 30 days"),
            Query(f"({_errors('1h')} <= bool {_BUDGET})", "availability, last hour"),
            Query(f"({_P95} <= bool {LATENCY_SECONDS})", "response time"),
            mappings=kept,
        ),
        table(
            "Alerts on objectives",
            "Alerts of category slo that are pending or firing now.",
            "none",
            Query('sum by (alertname, severity, alertstate) (ALERTS{category="slo", environment=~"$environment"})'),
        ),
    )


def _budget() -> Row:
    return row(
        "Error budget",
        lines(
            "Error budget left",
            "Of 30 days. It falls with every failed request and comes back as failures grow older than 30 days.",
            "percentunit",
            Query(_REMAINING, "{{service}}"),
            low=None,
            high=1.0,
            span=12,
            limits=((_BELOW, RED), (0, YELLOW), (0.25, GREEN)),
            links=(link_to("Which requests failed", frame.API),),
        ),
        lines(
            "Failed requests",
            "Share of requests that ended with a 5xx status, by how long it is looked back.",
            "percentunit",
            *(Query(_errors(window), window) for window in ("5m", "1h", "1d", "30d")),
            span=12,
            limits=((_BUDGET, YELLOW),),
        ),
    )


def _burn() -> Row:
    return row(
        "Burn rate",
        *(_burn_rates(alert) for alert in WORKBOOK_ALERTS),
        lines(
            "p95 response time",
            f"Over five minutes; the line is the objective of {LATENCY_SECONDS * 1000:.0f} ms.",
            "s",
            Query(_P95, "{{service}}"),
            span=24,
            limits=((LATENCY_SECONDS, RED),),
            links=(link_to("Which routes are slow", frame.API),),
        ),
    )


def _burn_rates(alert: BurnAlert) -> Panel:
    short, long, limit = format_duration(alert.short_ms), format_duration(alert.long_ms), alert.burn_rate
    return lines(
        f"Burn rate over {long} and {short}",
        f"An alert fires while both are above {limit:g}: the long window shows that it matters, the short one "
        f"that it still goes on.",
        "short",
        Query(f"{_errors(long)} / {_BUDGET}", long),
        Query(f"{_errors(short)} / {_BUDGET}", short),
        span=6,
        limits=((limit, RED),),
    )
