"""From an event of the platform to its report: exceptions, messages, transactions (contract, section 8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from simulator.catalog.exceptions import FAILURES, UNAVAILABLE, ExceptionGroup
from simulator.catalog.routes import BY_KEY, Route
from simulator.catalog.sentry import PUBLIC_URL, request_tags, span_status, tags_of
from simulator.streams.errors.facts import Happened
from simulator.telemetry.errors import (
    Breadcrumb,
    ErrorEvent,
    ExceptionRaised,
    Origin,
    RequestHandled,
    Span,
    StackFrame,
    Trace,
    Transaction,
    UserAffected,
)
from simulator.telemetry.samples import labels_of
from simulator.units import SECOND

_PAGES: Final = ("/feed", "/servers", "/c/general", "/messages", "/settings", "/search")


def _raised(group: ExceptionGroup) -> ExceptionRaised:
    frames = (StackFrame(f.function, f.file, f.line, f.column, f.in_app) for f in group.frames)
    return ExceptionRaised(group.type, group.message, tuple(frames))


_EXCEPTIONS: Final = tuple(map(_raised, FAILURES))
_UNAVAILABLE: Final = tuple(map(_raised, UNAVAILABLE))


def exception(happened: Happened, origin: Origin) -> ErrorEvent:
    """A request that ended with 5xx."""
    row, facts = happened.row, happened.facts
    groups = _UNAVAILABLE if row["code"] == "503" else _EXCEPTIONS
    raised = groups[int(facts["group"])]
    return ErrorEvent(
        id=facts["id"],
        at_ms=happened.at_ms,
        level="error",
        message="",
        origin=origin,
        trace=_trace(happened),
        tags=tags_of(origin, request_tags(row["route"], row["method"], row["code"])),
        exception=raised,
        transaction=f"{row['method']} {row['route']}",
        user=_user(happened),
        request=_request(happened),
        breadcrumbs=_breadcrumbs(happened, facts["code"] == "DATABASE_ERROR"),
        extra=(("requestId", facts["request"]),),
    )


def message(happened: Happened, origin: Origin, text: str, level: str, tags: Mapping[str, str]) -> ErrorEvent:
    """Something worth knowing that is no error."""
    facts = happened.facts
    return ErrorEvent(
        id=facts["id"],
        at_ms=happened.at_ms,
        level=level,
        message=text,
        origin=origin,
        trace=_trace(happened),
        tags=tags_of(origin, tags),
        user=_user(happened),
        extra=labels_of({"ip": facts["address"], "userAgent": facts["agent"]}),
    )


def transaction(happened: Happened, origin: Origin) -> Transaction:
    """A request from its start to its end."""
    row, facts = happened.row, happened.facts
    end = happened.at_ms * 1000
    start = end - happened.microseconds
    return Transaction(
        id=facts["id"],
        name=f"{row['method']} {row['route']}",
        op="http.server",
        status=span_status(row["code"]),
        start_us=start,
        end_us=end,
        origin=origin,
        trace=_trace(happened),
        tags=tags_of(origin, request_tags(row["route"], row["method"], row["code"])),
        user=_user(happened),
        request=_request(happened),
        spans=_spans(happened, BY_KEY[row["method"], row["route"]], start, end),
    )


def _trace(happened: Happened) -> Trace:
    return Trace(happened.facts["trace"], happened.facts["span"])


def _user(happened: Happened) -> UserAffected:
    return UserAffected(happened.facts["user"], happened.facts["username"], happened.facts["email"])


def _request(happened: Happened) -> RequestHandled:
    path, _, query = happened.facts["url"].partition("?")
    return RequestHandled(happened.facts["request"], happened.row["method"], f"{PUBLIC_URL}{path}", query)


def _breadcrumbs(happened: Happened, database: bool) -> tuple[Breadcrumb, ...]:
    """What the person and the request did before, oldest first."""
    bits = happened.random
    began = happened.at_ms - happened.microseconds // 1000
    found = []
    for step in range(1 + (bits & 3), 0, -1):
        page = _PAGES[(bits >> (8 + 4 * step)) % len(_PAGES)]
        before = began - step * 7 * SECOND - (bits >> (20 + step)) % (5 * SECOND)
        found.append(Breadcrumb(before, "user.action", f"opened {page}"))
    if database:
        text = "Slow database query" if happened.microseconds > SECOND * 1000 else "Database query failed"
        found.append(Breadcrumb(began, "database", text, "warning"))
    row, facts = happened.row, happened.facts
    data = {"method": row["method"], "url": facts["url"], "statusCode": row["code"], "userId": facts["user"]}
    found.append(Breadcrumb(happened.at_ms, "http", f"{row['method']} {facts['url']}", "error", labels_of(data)))
    return tuple(found)


def _spans(happened: Happened, route: Route, start: int, end: int) -> tuple[Span, ...]:
    """The request's parts, one after the other, with a little of its own time before, between and after them."""
    bits = happened.random
    steps = [("middleware.fastify", "authenticate", 8), ("cache.get", f"GET {route.area}:*", 6)]
    if route.database:
        verb = {"GET": "SELECT", "DELETE": "DELETE", "PATCH": "UPDATE"}.get(route.method, "INSERT")
        table = route.area.replace("-", "_")
        steps += [("db.sql.query", f"{verb} … {table}", 24 + (bits >> (8 * n)) % 64) for n in range(1 + (bits & 3))]
    if route.area == "search":
        steps.append(("http.client", "POST /_search", 120))
    steps.append(("serialize", "JSON", 5))
    gap = 2
    unit = (end - start) / (sum(weight for _, _, weight in steps) + gap * (len(steps) + 1))
    at = start + unit * gap
    spans = []
    for number, (op, description, weight) in enumerate(steps, start=1):
        until = at + unit * weight
        span_id = f"{(bits + number * 0x9E3779B97F4A7C15) % (1 << 64):016x}"
        spans.append(Span(span_id, op, description, round(at), round(until)))
        at = until + unit * gap
    return tuple(spans)
