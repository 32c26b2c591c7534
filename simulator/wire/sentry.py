"""Error events and transactions as Sentry envelopes.

An envelope is lines: a header in JSON, then for each item a header in JSON with its length, and its payload
(https://develop.sentry.dev/sdk/data-model/envelopes/). Payloads are those of events
(https://develop.sentry.dev/sdk/data-model/event-payloads/) and transactions
(https://develop.sentry.dev/sdk/data-model/event-payloads/transaction/).
"""

from __future__ import annotations

from typing import Final

import orjson

from simulator.clock import rfc3339
from simulator.telemetry.errors import (
    Breadcrumb,
    ErrorEvent,
    ExceptionRaised,
    Origin,
    RequestHandled,
    Trace,
    Transaction,
    UserAffected,
)

CONTENT_TYPE: Final = "application/x-sentry-envelope"
PLATFORM: Final = "node"
_SDK: Final = {"name": "sentry.javascript.node", "version": "7.114.0"}
"""As the platform's own client calls itself, so that a receiver treats the events as it would the real ones."""
_RUNTIME: Final = {"name": "node", "version": "v20.11.1"}

_Json = dict[str, object]


def encode_event(event: ErrorEvent, *, sent_at_ms: int, dsn: str = "") -> bytes:
    """The envelope of one error event. `dsn` goes into its header where it is given."""
    return _envelope("event", event.id, _event(event), event.trace, sent_at_ms, dsn)


def encode_transaction(transaction: Transaction, *, sent_at_ms: int, dsn: str = "") -> bytes:
    """The envelope of one transaction."""
    payload = _transaction(transaction)
    return _envelope("transaction", transaction.id, payload, transaction.trace, sent_at_ms, dsn)


def _envelope(kind: str, event_id: str, payload: _Json, trace: Trace, sent_at_ms: int, dsn: str) -> bytes:
    body = orjson.dumps(payload)
    header: _Json = {
        "event_id": event_id,
        "sent_at": rfc3339(sent_at_ms),
        "sdk": _SDK,
        "trace": {"trace_id": trace.trace_id},
    }
    if dsn:
        header["dsn"] = dsn
    item = {"type": kind, "length": len(body), "content_type": "application/json"}
    return b"\n".join((orjson.dumps(header), orjson.dumps(item), body, b""))


def _common(event_id: str, origin: Origin, tags: tuple[tuple[str, str], ...]) -> _Json:
    return {
        "event_id": event_id,
        "platform": PLATFORM,
        "sdk": _SDK,
        "release": origin.release,
        "environment": origin.environment,
        "server_name": origin.server_name,
        "tags": dict(tags),
    }


def _event(event: ErrorEvent) -> _Json:
    payload = {
        **_common(event.id, event.origin, event.tags),
        "timestamp": event.at_ms / 1000,
        "level": event.level,
        "contexts": {
            "trace": {"trace_id": event.trace.trace_id, "span_id": event.trace.span_id},
            "runtime": _RUNTIME,
        },
    }
    if event.exception is not None:
        payload["exception"] = {"values": [_exception(event.exception)]}
    if event.message:
        payload["logentry"] = {"formatted": event.message}  # older clients say `message`, which the schema has not
    if event.transaction:
        payload["transaction"] = event.transaction
    if event.user is not None:
        payload["user"] = _user(event.user)
    if event.request is not None:
        payload["request"] = _request(event.request)
    if event.breadcrumbs:
        payload["breadcrumbs"] = {"values": [_breadcrumb(crumb) for crumb in event.breadcrumbs]}
    if event.extra:
        payload["extra"] = dict(event.extra)
    return payload


def _transaction(transaction: Transaction) -> _Json:
    trace_id, span_id = transaction.trace.trace_id, transaction.trace.span_id
    payload = {
        **_common(transaction.id, transaction.origin, transaction.tags),
        "type": "transaction",
        "transaction": transaction.name,
        "transaction_info": {"source": "route"},
        "start_timestamp": transaction.start_us / 1e6,
        "timestamp": transaction.end_us / 1e6,
        "contexts": {
            "trace": {
                "trace_id": trace_id,
                "span_id": span_id,
                "op": transaction.op,
                "status": transaction.status,
            },
            "runtime": _RUNTIME,
        },
        "spans": [
            {
                "trace_id": trace_id,
                "parent_span_id": span_id,
                "span_id": span.id,
                "op": span.op,
                "description": span.description,
                "start_timestamp": span.start_us / 1e6,
                "timestamp": span.end_us / 1e6,
            }
            for span in transaction.spans
        ],
    }
    if transaction.user is not None:
        payload["user"] = _user(transaction.user)
    if transaction.request is not None:
        payload["request"] = _request(transaction.request)
    return payload


def _exception(raised: ExceptionRaised) -> _Json:
    return {
        "type": raised.type,
        "value": raised.value,
        "mechanism": {"type": "middleware", "handled": raised.handled},
        "stacktrace": {
            "frames": [  # oldest call first
                {
                    "function": frame.function,
                    "filename": frame.file,
                    "abs_path": frame.file,
                    "lineno": frame.line,
                    "colno": frame.column,
                    "in_app": frame.in_app,
                }
                for frame in reversed(raised.frames)
            ]
        },
    }


def _user(user: UserAffected) -> _Json:
    return {"id": user.id, "username": user.username, "email": user.email}


def _request(request: RequestHandled) -> _Json:
    return {"method": request.method, "url": request.url, "query_string": request.query}


def _breadcrumb(crumb: Breadcrumb) -> _Json:
    return {
        "type": "http" if crumb.category == "http" else "default",
        "category": crumb.category,
        "message": crumb.message,
        "level": crumb.level,
        "timestamp": crumb.at_ms / 1000,
        "data": dict(crumb.data),
    }
