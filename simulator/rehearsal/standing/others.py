"""Loki, Grafana, Sentry and the API that run: does each take what it is for, and give it back."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Final

import httpx

from simulator.clock import Clock
from simulator.errors import UndeliveredError
from simulator.rehearsal.standing.answers import is_healthy, json_of, refusal
from simulator.sinks.sentry.dsn import Dsn
from simulator.sinks.sentry.push import SentryPush
from simulator.telemetry.checks import Check, State
from simulator.telemetry.errors import ErrorEvent, Origin, Trace

_POLL_SECONDS: Final = 0.5
_CANARY_SECONDS: Final = 20.0
_CANARY: Final = {"service": "crybsim-canary"}


def check_loki(client: httpx.Client, clock: Clock) -> Iterator[Check]:
    """A canary line is written and read back."""
    health = is_healthy(client, "loki", "/ready", "is it started? a Loki is ready half a minute after its start")
    yield health
    if not health.ready:
        return
    text = f"crybsim validate {secrets.token_hex(8)}"
    now_ms = clock.now_ms()
    stream = {"stream": _CANARY, "values": [[str(now_ms * 1_000_000), text]]}
    try:
        client.post("/loki/api/v1/push", json={"streams": [stream]}).raise_for_status()
        deadline = clock.monotonic() + _CANARY_SECONDS
        query = f'{{service="crybsim-canary"}} |= "{text}"'
        span = {"start": str((now_ms - 60_000) * 1_000_000), "end": str((now_ms + 60_000) * 1_000_000)}
        while not json_of(client, "/loki/api/v1/query_range", query=query, **span)["data"]["result"]:
            if clock.monotonic() > deadline:
                found = f"a line that was taken is not found within {_CANARY_SECONDS:.0f} s"
                yield Check("loki", State.BROKEN, found, "look into the ingester's and the querier's log")
                return
            clock.sleep(_POLL_SECONDS)
    except (httpx.HTTPError, KeyError, ValueError) as error:
        yield Check("loki", State.BROKEN, f"takes no line: {refusal(error)}", "limits, a tenant, the disk")
        return
    yield Check("loki", State.OK, "a canary line was written and read back")


def check_grafana(client: httpx.Client, has_token: bool) -> Iterator[Check]:
    """Its data sources, asked by itself; they need a token."""
    health = is_healthy(client, "grafana", "/api/health", "is it started? look into its log; is the URL the right one?")
    yield health
    if not health.ready:
        return
    if not has_token:
        then = "put a service account's token into GRAFANA_TOKEN"
        yield Check("grafana", State.NOTE, "data sources and dashboards were not looked at", then)
        return
    try:
        sources = json_of(client, "/api/datasources")
        if not sources:
            yield Check("data sources", State.MISSING, "there are none", "provisioning/datasources")
        for source in sources:
            yield _source(client, source["uid"], source["name"])
        found = json_of(client, "/api/search", type="dash-db")
        yield Check("dashboards", State.OK if found else State.MISSING, f"{len(found)} dashboards")
    except (httpx.HTTPError, KeyError, TypeError, ValueError) as error:
        yield Check("grafana", State.BROKEN, f"does not tell: {refusal(error)}", "may the token read data sources?")


def _source(client: httpx.Client, uid: str, name: str) -> Check:
    response = client.get(f"/api/datasources/uid/{uid}/health")
    body = response.json() if response.content else {}
    message = refusal(ValueError(str(body.get("message") or response.reason_phrase)))
    if response.is_success and body.get("status", "OK") == "OK":
        return Check("data source", State.OK, f"{name}: {message}")
    if response.status_code == httpx.codes.NOT_FOUND:
        return Check("data source", State.NOTE, f"{name} cannot be asked for its health")
    return Check("data source", State.BROKEN, f"{name}: {message}", "its URL, as seen from Grafana; its network")


def check_sentry(dsn: Dsn, clock: Clock) -> Check:
    """An event is accepted."""
    event = ErrorEvent(
        id=secrets.token_hex(16),
        at_ms=clock.now_ms(),
        level="info",
        message="A test by crybsim validate; nothing is wrong.",
        origin=Origin("crybsim", "validate", "crybsim"),
        trace=Trace(secrets.token_hex(16), secrets.token_hex(8)),
        tags=(),
    )
    told: list[str] = []

    def pause(seconds: float) -> bool:
        clock.sleep(seconds)
        return False

    sink = SentryPush(dsn, clock, pause, patience_seconds=5.0, tell=told.append)
    try:
        sink.write([event])
        totals = sink.totals()
    except UndeliveredError as error:
        return Check("sentry", State.BROKEN, str(error), "does its address answer from here?")
    finally:
        sink.close()
    if sum(totals.sent.values()) == 1:
        return Check("sentry", State.OK, f"{dsn.url} took an event")
    return Check("sentry", State.BROKEN, "; ".join(told) or f"{dsn.url} took no event", "the DSN: its key and project")


def check_api(client: httpx.Client) -> Iterator[Check]:
    """The platform's API, and whether it exposes metrics."""
    health = is_healthy(client, "api", "/health", "is it started? which of its `checks` is not healthy?")
    yield health
    try:
        text = client.get("/metrics").raise_for_status().text
    except httpx.HTTPError as error:
        yield Check("api", State.BROKEN, f"/metrics: {refusal(error)}", "is the metrics plugin on?")
        return
    names = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE ")}
    state = State.OK if names else State.MISSING
    yield Check("api", state, f"/metrics has {len(names)} families", "" if names else "is the metrics plugin on?")
