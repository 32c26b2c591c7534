"""Logs: how much is logged, by whom, and the guide's four questions."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders import dashboard

from dashboards import frame
from dashboards.frame import Row, filled, row
from dashboards.parts import LOKI, Query, lines, log_lines
from dashboards.selectors import ENVIRONMENT

_STREAMS: Final = '{environment=~"$environment", service=~"$service", level=~"$level"}'
_SEARCHED: Final = f"{_STREAMS} |~ `$search`"


def _of(matcher: str) -> str:
    return f"{{{matcher}, {ENVIRONMENT}}}"


def _rate(query: str, by: str = "") -> str:
    return f"sum{f' by ({by})' if by else ''} (rate({query} [$__auto]))"


def board() -> dashboard.Dashboard:
    """The dashboard."""
    found = (
        frame.framed(
            frame.LOGS,
            "CRYB / Logs",
            "What the platform writes down: how much of it, by whom, and the questions that are asked most.",
            hours=1,
            logs=True,
        )
        .with_variable(
            frame.choice(
                "environment",
                "Environment",
                "Label of every stream",
                "label_values(environment)",
                everything=".+",
                loki=True,
            )
        )
        .with_variable(
            frame.choice("service", "Service", "Who wrote it", "label_values(service)", everything=".+", loki=True)
        )
        .with_variable(
            frame.choice(
                "level",
                "Level",
                "Streams of services that know no levels have none, and show while all are chosen",
                "label_values(level)",
                everything=".*",
                loki=True,
            )
        )
        .with_variable(
            dashboard.TextBoxVariable("search")
            .label("Search")
            .description("Regular expression (RE2) that a line has to contain")
            .default_value("")
        )
    )
    return filled(found, _volume(), _guide(), _everything())


def _volume() -> Row:
    return row(
        "How much is logged",
        lines(
            "Lines by level",
            "Log lines a second of the services chosen.",
            "cps",
            Query(_rate(_STREAMS, "level"), "{{level}}"),
            stacked=True,
            source=LOKI,
        ),
        lines(
            "Lines by service",
            "Log lines a second, by who wrote them.",
            "cps",
            Query(_rate(_STREAMS, "service"), "{{service}}"),
            stacked=True,
            source=LOKI,
        ),
        lines(
            "Error lines by service",
            "Ten times more than in the hour before, ErrorLogBurst fires.",
            "cps",
            Query(_rate(_of('level="error"'), "service"), "{{service}}"),
            source=LOKI,
        ),
        lines(
            "API requests with an error status",
            "Requests a second that ended with a status of 400 or more, as the API's log has them.",
            "reqps",
            Query(_rate(_of('service="api", status=~"[45].."'), "status"), "{{status}}"),
            stacked=True,
            source=LOKI,
        ),
        lines(
            "Slow queries",
            "Queries a second that PostgreSQL logged as slow.",
            "ops",
            Query(_rate(_of('service="postgresql"') + ' |= "slow query"'), "slow queries"),
            source=LOKI,
        ),
        lines(
            "Failed logins",
            "Lines of the auth log with `failed`. More than 100 within five minutes, and AuthFailureLogs fires.",
            "ops",
            Query(_rate(_of('service="auth"') + ' |= "failed"'), "failed"),
            source=LOKI,
        ),
    )


def _guide() -> Row:
    return row(
        "Common questions",
        log_lines(
            "Error logs",
            "Every line of level error, with its fields.",
            _of('level="error"') + ' |= "" | json',
            span=12,
        ),
        log_lines(
            "API requests with status codes",
            "Requests that ended with a status of 400 or more.",
            _of('service="api"') + " | json | status >= 400",
            span=12,
        ),
        log_lines(
            "Database slow queries",
            "Queries that took more than a second.",
            _of('service="postgresql"') + ' |= "slow query" | json',
            span=12,
        ),
        log_lines(
            "Security events",
            "What failed in authentication.",
            _of('service="auth"') + ' |= "failed" | json',
            span=12,
        ),
    )


def _everything() -> Row:
    return row(
        "Everything chosen",
        log_lines("Lines", "All lines of the services and levels chosen that match the search.", _SEARCHED, height=14),
    )
