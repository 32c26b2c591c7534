"""Envelopes as Sentry's own parser reads them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sentry_sdk.envelope import Envelope, Item

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
from simulator.wire.sentry import encode_event, encode_transaction

AT = 1_767_643_200_123
DSN = "http://public@127.0.0.1:9000/1"
ORIGIN = Origin("cryb-api@1.42.0", "production", "cryb-api-1")
TRACE = Trace("0123456789abcdef0123456789abcdef", "fedcba9876543210")
USER = UserAffected("u-1", "user_000001", "user_000001@users.cryb.example")
REQUEST = RequestHandled("req-1", "GET", "https://api.cryb.ai/api/v1/search", "q=ä")
FRAMES = (
    StackFrame("SearchService.run", "/app/dist/services/search.js", 65, 17, True),
    StackFrame("preHandlerCallback", "/app/node_modules/fastify/lib/handleRequest.js", 137, 37, False),
)
EVENT = ErrorEvent(
    id="a" * 32,
    at_ms=AT,
    level="error",
    message="",
    origin=ORIGIN,
    trace=TRACE,
    tags=(("endpoint", "/api/v1/search"), ("service", "cryb-api")),
    exception=ExceptionRaised("TypeError", 'cannot "read"\nit', FRAMES),
    transaction="GET /api/v1/search",
    user=USER,
    request=REQUEST,
    breadcrumbs=(Breadcrumb(AT - 900, "user.action", "opened /search"), Breadcrumb(AT, "http", "GET", "error")),
    extra=(("requestId", "req-1"),),
)
TRANSACTION = Transaction(
    id="b" * 32,
    name="GET /api/v1/search",
    op="http.server",
    status="ok",
    start_us=AT * 1000 - 52_345,
    end_us=AT * 1000,
    origin=ORIGIN,
    trace=TRACE,
    tags=(("service", "cryb-api"),),
    user=USER,
    request=REQUEST,
    spans=(Span("1" * 16, "db.sql.query", "SELECT 1", AT * 1000 - 50_000, AT * 1000 - 10_000),),
)


def parsed(envelope: bytes) -> tuple[Envelope, Item, dict[str, Any]]:
    """The envelope and its one item, as sentry-sdk reads them."""
    read = Envelope.deserialize(envelope)
    (item,) = read.items
    payload = item.payload.json or json.loads(item.get_bytes())
    return read, item, payload


def test_an_exception() -> None:
    read, item, payload = parsed(encode_event(EVENT, sent_at_ms=AT + 5, dsn=DSN))
    assert read.headers["event_id"] == "a" * 32
    assert read.headers["sent_at"] == "2026-01-05T20:00:00.128Z"
    assert read.headers["dsn"] == DSN
    assert item.type == "event"
    assert item.get_event() is not None
    (raised,) = payload["exception"]["values"]
    assert (raised["type"], raised["value"], raised["mechanism"]["handled"]) == (
        "TypeError",
        'cannot "read"\nit',
        False,
    )
    frames = raised["stacktrace"]["frames"]
    assert [(frame["function"], frame["lineno"], frame["in_app"]) for frame in frames] == [
        ("preHandlerCallback", 137, False),  # oldest call first
        ("SearchService.run", 65, True),
    ]
    assert payload["timestamp"] == pytest.approx(AT / 1000, abs=1e-4)
    assert payload["release"] == "cryb-api@1.42.0"
    assert payload["tags"] == {"endpoint": "/api/v1/search", "service": "cryb-api"}
    assert payload["user"]["email"] == USER.email
    assert payload["contexts"]["trace"] == {"trace_id": TRACE.trace_id, "span_id": TRACE.span_id}
    assert [crumb["category"] for crumb in payload["breadcrumbs"]["values"]] == ["user.action", "http"]
    assert payload["request"] == {"method": "GET", "url": REQUEST.url, "query_string": "q=ä"}
    assert not {"logentry", "message"} & payload.keys()


def test_a_message() -> None:
    message = ErrorEvent("c" * 32, AT, "info", "New user registration", ORIGIN, TRACE, (("source", "web"),))
    read, item, payload = parsed(encode_event(message, sent_at_ms=AT))
    assert "dsn" not in read.headers
    assert item.data_category == "error"  # what a rate limit would count it as
    assert (payload["logentry"], payload["level"]) == ({"formatted": "New user registration"}, "info")
    assert not {"exception", "user", "request", "breadcrumbs"} & payload.keys()


def test_a_transaction() -> None:
    _, item, payload = parsed(encode_transaction(TRANSACTION, sent_at_ms=AT))
    assert item.type == "transaction"
    assert item.data_category == "transaction"
    assert item.get_transaction_event() is not None
    assert payload["type"] == "transaction"
    assert payload["timestamp"] - payload["start_timestamp"] == pytest.approx(0.052345, abs=2e-6)
    trace = payload["contexts"]["trace"]
    assert (trace["op"], trace["status"], trace["span_id"]) == ("http.server", "ok", TRACE.span_id)
    (span,) = payload["spans"]
    assert span["parent_span_id"] == TRACE.span_id
    assert payload["start_timestamp"] <= span["start_timestamp"] <= span["timestamp"] <= payload["timestamp"]


def test_what_the_parser_read_it_writes_again() -> None:
    for envelope in (encode_event(EVENT, sent_at_ms=AT), encode_transaction(TRANSACTION, sent_at_ms=AT)):
        again = Envelope.deserialize(Envelope.deserialize(envelope).serialize())
        assert [item.get_bytes() for item in again.items] == [
            i.get_bytes() for i in Envelope.deserialize(envelope).items
        ]
        assert envelope.count(b"\n") == 3  # header, item header, payload
