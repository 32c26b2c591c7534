"""The part of `crybsim validate` that looks at a stack that runs, by its URLs."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Self

import httpx
import typer

from simulator.cli.emit_sentry import chosen_project
from simulator.clock import Clock
from simulator.engine.panels import read_dashboard
from simulator.errors import InputError, UnobservedError
from simulator.observers import PrometheusApi
from simulator.profile.settings import Settings
from simulator.rehearsal.dashboards.checking import look_at, summary
from simulator.rehearsal.dashboards.looking import Look
from simulator.rehearsal.standing.alertmanager import check_alertmanager
from simulator.rehearsal.standing.others import check_api, check_grafana, check_loki, check_sentry
from simulator.rehearsal.standing.prometheus import check_prometheus
from simulator.telemetry.checks import Check, State
from simulator.transport import TIMEOUT_SECONDS, http_client

GRAFANA_TOKEN: Final = "GRAFANA_TOKEN"  # noqa: S105 - the name of a variable

_QUERY_SECONDS: Final = 300.0

LokiUrlOption = Annotated[
    str | None,
    typer.Option("--loki-url", metavar="URL", help="A Loki: a canary line is written and read back; panels ask it."),
]
GrafanaUrlOption = Annotated[
    str | None,
    typer.Option("--grafana-url", metavar="URL", help=f"A Grafana: its data sources; its token: {GRAFANA_TOKEN}."),
]
ApiUrlOption = Annotated[str | None, typer.Option("--api-url", metavar="URL", help="The platform's API.")]
SentryDsnOption = Annotated[
    str | None,
    typer.Option("--sentry", metavar="DSN", help="A Sentry takes an event; SENTRY_DSN or another variable, or -."),
]
TestNotificationOption = Annotated[
    str | None,
    typer.Option(
        "--test-notification",
        metavar="LABELS",
        help="Send an alert with these labels (severity=critical,team=web) and see whether its receivers take it. "
        "People will hear of it.",
    ),
]


@dataclass(frozen=True)
class Stack:
    """The URLs of a stack that runs."""

    prometheus: str | None = None
    alertmanager: str | None = None
    loki: str | None = None
    grafana: str | None = None
    api: str | None = None
    sentry: str | None = None

    @classmethod
    def named_in(cls, settings: Settings) -> Self:
        """The URLs of crybsim.yaml."""
        return cls(settings.prometheus_url, settings.alertmanager_url, settings.loki_url, settings.grafana_url)

    @property
    def is_given(self) -> bool:
        """Whether there is any."""
        return any((self.prometheus, self.alertmanager, self.loki, self.grafana, self.api, self.sentry))


def check_stack(
    stack: Stack, settings: Settings, clock: Clock, dashboards: Sequence[Path], test_notification: str | None
) -> Iterator[Check]:
    """Component by component. Raises InputError for a URL or host that is not allowed."""
    test_labels = None if test_notification is None else _labels(test_notification)
    if test_labels is not None and stack.alertmanager is None:
        raise InputError("--test-notification needs --alertmanager-url")
    alerts: list[dict[str, str]] = []
    if stack.prometheus:
        with client_for(stack.prometheus, "--prometheus-url", settings) as client:
            yield from check_prometheus(client, clock, dashboards)
            alerts = _alerts(client)
    if dashboards and (stack.prometheus or stack.loki):
        yield from _panels(stack, settings, clock, dashboards)
    if stack.alertmanager:
        with client_for(stack.alertmanager, "--alertmanager-url", settings) as client:
            yield from check_alertmanager(client, clock, alerts, test_labels)
    if stack.loki:
        with client_for(stack.loki, "--loki-url", settings) as client:
            yield from check_loki(client, clock)
    if stack.grafana:
        token = os.environ.get(GRAFANA_TOKEN)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        with client_for(stack.grafana, "--grafana-url", settings, headers) as client:
            yield from check_grafana(client, bool(token))
    if stack.api:
        with client_for(stack.api, "--api-url", settings) as client:
            yield from check_api(client)
    if stack.sentry:
        yield check_sentry(chosen_project(stack.sentry), clock)


def _panels(stack: Stack, settings: Settings, clock: Clock, files: Sequence[Path]) -> Iterator[Check]:
    """Which panels have data. An empty one is worth a look, and may be as it should be."""
    with ExitStack() as clients:
        prometheus, loki = (
            clients.enter_context(client_for(url, flag, settings, timeout=_QUERY_SECONDS)) if url else None
            for url, flag in ((stack.prometheus, "--prometheus-url"), (stack.loki, "--loki-url"))
        )
        dashboards = [read_dashboard(path) for path in files]
        try:
            seen = list(look_at(dashboards, clock.now_ms(), prometheus=prometheus, loki=loki))
        except UnobservedError as error:
            yield Check("panels", State.BROKEN, str(error), "do the servers answer?")
            return
    yield Check("panels", State.OK, summary(seen))
    for panel in seen:
        if panel.look is Look.EMPTY:
            yield Check("panel", State.NOTE, f"{panel.place}: {panel.why}", "as it should be, or its query or data")


def _alerts(client: httpx.Client) -> list[dict[str, str]]:
    """The labels that rules give their alerts, as far as they are no templates."""
    try:
        groups: Sequence[Mapping[str, Any]] = PrometheusApi(client).groups()
    except UnobservedError:
        return []
    return [
        {"alertname": rule["name"], **(rule.get("labels") or {})}
        for group in groups
        for rule in group["rules"]
        if rule["type"] == "alerting"
    ]


def client_for(
    url: str,
    flag: str,
    settings: Settings,
    headers: dict[str, str] | None = None,
    timeout: float = TIMEOUT_SECONDS,
) -> httpx.Client:
    """A client for a URL that a flag gave. Raises InputError for one that is none, or a host that is not allowed."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise InputError(f"{flag} {url}: is not a URL: {error}") from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise InputError(f"{flag} {url}: is not a URL; write one like http://127.0.0.1:9090")
    return http_client(url.rstrip("/"), allowed=settings.allowed_hosts, headers=headers, timeout=timeout)


def _labels(text: str) -> dict[str, str]:
    labels: dict[str, str] = {}
    for part in filter(None, (one.strip() for one in text.split(","))):
        name, equals, value = part.partition("=")
        if not equals or not name.strip():
            raise InputError(f"--test-notification {text}: {part!r} is not a label; write severity=critical,team=web")
        labels[name.strip()] = value.strip().strip('"')
    return labels
