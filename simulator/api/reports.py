"""What this process reports to Sentry about the requests that it really had: failures, a share of all as transactions,
registrations, refused logins. Fields and rates are those of the contract's section 8."""

from __future__ import annotations

from bisect import bisect
from itertools import accumulate
from random import Random
from typing import Final, Protocol

from simulator.api.exchange import Exchange
from simulator.catalog.exceptions import FAILURES, UNAVAILABLE, ZIPF_EXPONENT, ExceptionGroup
from simulator.catalog.sentry import (
    PRODUCTION,
    PUBLIC_URL,
    REFUSED,
    REGISTERED,
    TRACES_RATE,
    request_tags,
    span_status,
    tags_of,
)
from simulator.telemetry.errors import (
    Breadcrumb,
    ErrorEvent,
    ExceptionRaised,
    Origin,
    RequestHandled,
    StackFrame,
    Trace,
    Transaction,
    UserAffected,
)
from simulator.telemetry.samples import Labels, labels_of

_REGISTER: Final = ("POST", "/api/v1/auth/register")
_LOGIN: Final = ("POST", "/api/v1/auth/login")


class Outbox(Protocol):
    """Takes reports at once and sends them some time later. Never waits, never fails."""

    def put(self, report: ErrorEvent | Transaction) -> None: ...


class Reports:
    """Makes reports of requests and puts them into an outbox. `seed` decides which exceptions are behind failures."""

    def __init__(self, outbox: Outbox, origin: Origin, seed: str) -> None:
        self._outbox = outbox
        self._origin = origin
        self._random = Random(seed)  # noqa: S311 - draws, no secrets
        self._rate = TRACES_RATE if origin.environment == PRODUCTION else 1.0

    def answered(self, exchange: Exchange, status: int, seconds: float, now_ms: int) -> None:
        """A request was answered with this status, after so long."""
        if exchange.pattern in ("/health", "/metrics"):
            return
        trace = Trace(f"{self._random.getrandbits(128):032x}", f"{self._random.getrandbits(64):016x}")
        asked = (exchange.method, exchange.pattern)
        if status >= 500:
            self._outbox.put(self._failure(exchange, status, now_ms, trace))
        elif asked == _REGISTER and status == 201:
            self._outbox.put(self._message(REGISTERED, exchange, now_ms, trace, source="direct"))
        elif asked == _LOGIN and status in (401, 423):
            self._outbox.put(self._message(REFUSED, exchange, now_ms, trace, reason=exchange.code.lower()))
        if self._random.random() < self._rate:
            self._outbox.put(self._transaction(exchange, status, seconds, now_ms, trace))

    def _failure(self, exchange: Exchange, status: int, now_ms: int, trace: Trace) -> ErrorEvent:
        group = self._behind(UNAVAILABLE if status == 503 else FAILURES, exchange.code)
        frames = (StackFrame(f.function, f.file, f.line, f.column, f.in_app) for f in group.frames)
        data = {"method": exchange.method, "url": exchange.path, "statusCode": str(status)}
        crumb = Breadcrumb(now_ms, "http", f"{exchange.method} {exchange.path}", "error", labels_of(data))
        return ErrorEvent(
            id=self._new_id(),
            at_ms=now_ms,
            level="error",
            message="",
            origin=self._origin,
            trace=trace,
            tags=self._tags(exchange, status),
            exception=ExceptionRaised(group.type, group.message, tuple(frames)),
            transaction=f"{exchange.method} {exchange.pattern}",
            user=_user(exchange),
            request=_request(exchange),
            breadcrumbs=(crumb,),
            extra=(("requestId", exchange.request_id),),
        )

    def _message(
        self, kind: tuple[str, str, str], exchange: Exchange, now_ms: int, trace: Trace, **tags: str
    ) -> ErrorEvent:
        text, level, event_type = kind
        agent = exchange.headers.get(b"user-agent", b"").decode("latin-1")
        return ErrorEvent(
            id=self._new_id(),
            at_ms=now_ms,
            level=level,
            message=text,
            origin=self._origin,
            trace=trace,
            tags=tags_of(self._origin, {"event_type": event_type, **tags}),
            user=_user(exchange),
            extra=labels_of({"ip": exchange.address, "userAgent": agent}),
        )

    def _transaction(self, exchange: Exchange, status: int, seconds: float, now_ms: int, trace: Trace) -> Transaction:
        return Transaction(
            id=self._new_id(),
            name=f"{exchange.method} {exchange.pattern}",
            op="http.server",
            status=span_status(str(status)),
            start_us=now_ms * 1000 - round(seconds * 1e6),
            end_us=now_ms * 1000,
            origin=self._origin,
            trace=trace,
            tags=self._tags(exchange, status),
            user=_user(exchange),
            request=_request(exchange),
        )

    def _tags(self, exchange: Exchange, status: int) -> Labels:
        return tags_of(self._origin, request_tags(exchange.pattern, exchange.method, str(status)))

    def _behind(self, groups: tuple[ExceptionGroup, ...], code: str) -> ExceptionGroup:
        """The exception behind a failure: one that has this code, where there is one, the first ones most often."""
        fitting = [group for group in groups if group.code == code] or groups
        weights = list(accumulate((rank + 1) ** -ZIPF_EXPONENT for rank in range(len(fitting))))
        return fitting[bisect(weights, self._random.random() * weights[-1])]

    def _new_id(self) -> str:
        return f"{self._random.getrandbits(128):032x}"


def _user(exchange: Exchange) -> UserAffected | None:
    person = exchange.person
    return UserAffected(person.id, person.username, person.email or "") if person else None


def _request(exchange: Exchange) -> RequestHandled:
    query = exchange.query_string.decode("latin-1")
    return RequestHandled(exchange.request_id, exchange.method, f"{PUBLIC_URL}{exchange.path}", query)
