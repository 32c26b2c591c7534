"""The reference API as an ASGI application: the way of one request through its parts.

    match the route → sleep (latency) → fail (http_errors) → who asks → rate limit → 401 → handler → count, log, send

Faults come right after the route is known, so that a fault's share is a share of all requests to it, and a request
that fails has changed nothing. Every request is counted once, when its answer is known and before it is sent, so a
client that has its answer finds it in `/metrics`. A request that is cut off by an outage gets no answer and no count.
"""

from __future__ import annotations

import re
import sys
import traceback
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from starlette.middleware.gzip import GZipMiddleware
from starlette.types import Message, Receive, Scope, Send

from simulator.api.access_log import AccessLog
from simulator.api.database import Database
from simulator.api.deliveries import Deliveries
from simulator.api.endpoints import ENDPOINTS
from simulator.api.exchange import Exchange, Failure, Reply, encode_failure, encode_reply, unknown_route
from simulator.api.faults import Faults, Sleep, real_sleep
from simulator.api.limits import RateLimiter
from simulator.api.metrics import ApiMetrics, Extra
from simulator.api.people import People
from simulator.api.platform import Platform
from simulator.api.realtime.service import RealtimeApp, is_realtime
from simulator.api.reports import Reports
from simulator.api.routing import Endpoint, Router
from simulator.api.seeding import GROUPS, seed_store
from simulator.api.sockets.fanout import Fanout
from simulator.api.store import Store
from simulator.api.tokens import TokenRefused, Tokens
from simulator.api.voice.livekit import LiveKit
from simulator.api.voice.service import Voice
from simulator.catalog.accounts import signing_key
from simulator.catalog.catalogue import PLATFORM
from simulator.catalog.jobs import CRYB_API
from simulator.catalog.reshaped import reshapings
from simulator.catalog.routes import Auth
from simulator.clock import Clock, WallClock
from simulator.profile.manifest import Manifest
from simulator.profile.overlaid import catalogue_of

LARGEST_BODY: Final = 50 * 1024 * 1024
LARGEST_FORM: Final = 100 * 1024 * 1024 + 64 * 1024
"""Of multipart: the largest file, and what stands around it."""
COMPRESS_FROM: Final = 1024
_JSON: Final = b"application/json; charset=utf-8"
_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,64}")


class _TooLargeError(Exception):
    """The body is over the limit."""


class _GoneError(Exception):
    """The client left before its request was complete."""


def create_app(
    manifest: Manifest,
    *,
    instance: str = "api-1",
    clock: Clock | None = None,
    sleep: Sleep = real_sleep,
    rate_limits: bool = True,
    log: AccessLog | None = None,
    reports: Reports | None = None,
    extra_exposition: Extra | None = None,
) -> ReferenceApi:
    """One instance of the reference API for a run.

    `extra_exposition` appends further families to `/metrics`; those whose names the API exposes itself are left out.
    The manifest's overlays give both their names.
    """
    clock = clock or WallClock()
    shapes = reshapings(PLATFORM, catalogue_of(manifest.overlays), CRYB_API)
    metrics = ApiMetrics(extra_exposition, shapes, drives=manifest.profile.load.drives)
    faults = Faults(manifest, instance, clock)
    key = signing_key(seed=manifest.seed, run_id=manifest.run_id)
    people = People(pool=manifest.profile.platform.registered_users, key=key, started_ms=manifest.started_ms)
    store = Store(f"{manifest.run_id}/{instance}/{clock.now_ms()}", clock, seeded_groups=GROUPS)
    seed_store(store, people, seed=manifest.seed, started_ms=manifest.started_ms)
    return ReferenceApi(
        Platform(
            instance=instance,
            clock=clock,
            metrics=metrics,
            faults=faults,
            database=Database(faults, metrics, clock, sleep),
            people=people,
            tokens=Tokens(key, clock),
            limiter=RateLimiter(enabled=rate_limits),
            store=store,
            voice=Voice(clock, metrics.voice, LiveKit(key, clock), faults.fork("voice"), faults.crowd),
            fanout=Fanout(metrics.realtime, clock),
            deliveries=Deliveries(faults, metrics, clock),
            log=log,
            reports=reports,
        ),
        sleep,
    )


class ReferenceApi:
    """The ASGI callable. `platform` is what handlers and the admin interface look at."""

    def __init__(self, platform: Platform, sleep: Sleep) -> None:
        self.platform = platform
        self.realtime = RealtimeApp(platform, sleep)
        self._sleep = sleep
        self._router = Router(ENDPOINTS)
        self._requests = 0
        # Level 1: answers are small and the processor is shared with whatever is measured.
        self._compressed = GZipMiddleware(self._serve, minimum_size=COMPRESS_FROM, compresslevel=1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket") and is_realtime(scope["path"]):
            await self.realtime(scope, receive, send)  # beside the HTTP routes: neither counted nor logged as requests
        elif scope["type"] == "http":
            await self._compressed(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        platform = self.platform
        self._requests += 1
        headers = dict(scope["headers"])
        exchange = Exchange(
            method=scope["method"],
            path=scope["path"],
            query_string=scope["query_string"],
            headers=headers,
            body=b"",
            peer=scope["client"] or ("127.0.0.1", 0),
            request_id=self._id_of(headers),
            started=platform.clock.monotonic(),
        )
        endpoint, exchange.values = self._router.match(exchange.method, exchange.path) or (None, ())
        exchange.route = endpoint.route if endpoint else None
        counted = exchange.pattern != "/metrics"
        if counted:
            platform.metrics.in_flight.inc()
        try:
            status, body, reply_headers = await self._answer(exchange, endpoint, receive)
        except _GoneError:
            return
        finally:
            if counted:
                platform.metrics.in_flight.dec()
        seconds = platform.clock.monotonic() - exchange.started
        if counted:
            platform.metrics.request(exchange.method, exchange.pattern, status, seconds, len(exchange.body), len(body))
            if platform.log is not None:
                platform.log.completed(exchange, status, seconds * 1000, platform.clock.now_ms())
            if platform.reports is not None:
                platform.reports.answered(exchange, status, seconds, platform.clock.now_ms())
        reply_headers += [
            (b"content-length", str(len(body)).encode()),
            (b"x-request-id", exchange.request_id.encode()),
            (b"x-response-time", f"{seconds * 1000:.2f}ms".encode()),
        ]
        await send({"type": "http.response.start", "status": status, "headers": reply_headers})
        await send({"type": "http.response.body", "body": body})

    def _id_of(self, headers: Mapping[bytes, bytes]) -> str:
        """The request's id: what the client calls it, where that is fit for a log, else one of our own."""
        given = headers.get(b"x-request-id", b"")
        return given.decode() if _REQUEST_ID.fullmatch(given) else f"req-{self._requests:x}"

    async def _answer(
        self, exchange: Exchange, endpoint: Endpoint | None, receive: Receive
    ) -> tuple[int, bytes, list[tuple[bytes, bytes]]]:
        platform = self.platform
        try:
            try:
                exchange.body = await _read_body(exchange, receive)
            except _TooLargeError:
                raise Failure(413, "BAD_REQUEST", "Request body is too large") from None
            if endpoint is None:
                return 404, unknown_route(exchange), [(b"content-type", _JSON)]
            reply = await self._respond(exchange, endpoint)
        except Failure as failure:
            return self._refuse(exchange, endpoint, failure)
        except _GoneError:
            raise
        except Exception as error:
            traceback.print_exc(file=sys.stderr)
            broken = _internal_error()
            broken.__cause__ = error
            return self._refuse(exchange, endpoint, broken)
        elapsed = (platform.clock.monotonic() - exchange.started) * 1000
        body = encode_reply(reply, exchange, elapsed, platform.clock.now_ms())
        return reply.status, body, [(b"content-type", reply.content_type), *reply.headers, *exchange.reply_headers]

    async def _respond(self, exchange: Exchange, endpoint: Endpoint) -> Reply:
        platform = self.platform
        delay = platform.faults.delay_seconds(endpoint.route)
        if delay:
            await self._sleep(delay)
        if platform.faults.fails(endpoint.route):
            raise _internal_error()
        refused: TokenRefused | None = None
        if endpoint.route.auth is not Auth.NONE:
            try:
                await platform.identify(exchange)
            except TokenRefused as error:
                refused = error
        if endpoint.limit is not None:
            platform.limit(exchange, endpoint.limit)
        if refused is not None and endpoint.route.auth is Auth.BEARER:
            raise Failure(401, refused.code, refused.message)
        return await endpoint.handler(platform, exchange)

    def _refuse(
        self, exchange: Exchange, endpoint: Endpoint | None, failure: Failure
    ) -> tuple[int, bytes, list[tuple[bytes, bytes]]]:
        platform = self.platform
        now = platform.clock.now_ms()
        exchange.code = failure.code
        if endpoint is not None and endpoint.refused is not None:
            endpoint.refused(platform.metrics, failure.status)
        if failure.status >= 500:
            platform.metrics.error(failure.code.lower())
            if platform.log is not None:
                name = type(failure.__cause__).__name__ if failure.__cause__ else "Error"
                platform.log.failed(exchange, name, failure.code, failure.message, now)
        elapsed = (platform.clock.monotonic() - exchange.started) * 1000
        body = encode_failure(failure, exchange, elapsed, now)
        return failure.status, body, [(b"content-type", _JSON), *failure.headers, *exchange.reply_headers]


def _internal_error() -> Failure:
    return Failure(500, "INTERNAL_SERVER_ERROR", HTTPStatus.INTERNAL_SERVER_ERROR.phrase)


async def _read_body(exchange: Exchange, receive: Receive) -> bytes:
    is_form = exchange.headers.get(b"content-type", b"").startswith(b"multipart/form-data")
    largest = LARGEST_FORM if is_form else LARGEST_BODY
    declared = exchange.headers.get(b"content-length", b"0")
    if declared.isdigit() and int(declared) > largest:
        raise _TooLargeError
    parts: list[bytes] = []
    size = 0
    while True:
        message: Message = await receive()
        if message["type"] == "http.disconnect":
            raise _GoneError
        part: bytes = message.get("body", b"")
        size += len(part)
        if size > largest:
            raise _TooLargeError
        if part:
            parts.append(part)
        if not message.get("more_body", False):
            return parts[0] if len(parts) == 1 else b"".join(parts)
