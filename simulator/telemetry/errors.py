"""Error events and transactions: what an application reports to Sentry.

Fields are those of Sentry's event payloads (https://develop.sentry.dev/sdk/data-model/event-payloads/), as far as the
platform fills them. Times are milliseconds since the Unix epoch.
"""

from __future__ import annotations

from dataclasses import dataclass

from simulator.telemetry.samples import Labels


@dataclass(frozen=True)
class StackFrame:
    """One call. `line` and `column` count from 1; `in_app` is false inside libraries and the runtime."""

    function: str
    file: str
    line: int
    column: int
    in_app: bool


@dataclass(frozen=True)
class ExceptionRaised:
    """An exception; `frames` has the place where it was thrown first. It was handled by nobody unless `handled`."""

    type: str
    value: str
    frames: tuple[StackFrame, ...]
    handled: bool = False


@dataclass(frozen=True)
class Breadcrumb:
    """Something that happened before the event."""

    at_ms: int
    category: str
    message: str
    level: str = "info"
    data: Labels = ()


@dataclass(frozen=True)
class UserAffected:
    """Who was affected."""

    id: str
    username: str
    email: str


@dataclass(frozen=True)
class RequestHandled:
    """The request in which it happened; `query` is without the question mark."""

    id: str
    method: str
    url: str
    query: str = ""


@dataclass(frozen=True)
class Origin:
    """What sent it: which release of what, where."""

    release: str
    environment: str
    server_name: str


@dataclass(frozen=True)
class Trace:
    """Which trace and span it belongs to, in hexadecimal digits (32 and 16)."""

    trace_id: str
    span_id: str


@dataclass(frozen=True)
class ErrorEvent:
    """An exception or, without one, a message. `id` is 32 hexadecimal digits, `level` one of Sentry's words."""

    id: str
    at_ms: int
    level: str  # fatal, error, warning, info, debug
    message: str
    origin: Origin
    trace: Trace
    tags: Labels
    exception: ExceptionRaised | None = None
    transaction: str = ""
    user: UserAffected | None = None
    request: RequestHandled | None = None
    breadcrumbs: tuple[Breadcrumb, ...] = ()
    extra: Labels = ()


@dataclass(frozen=True)
class Span:
    """A part of a transaction, in microseconds since the Unix epoch."""

    id: str
    op: str
    description: str
    start_us: int
    end_us: int


@dataclass(frozen=True)
class Transaction:
    """One request from its start to its end, in microseconds since the Unix epoch, with its parts."""

    id: str
    name: str
    op: str
    status: str
    start_us: int
    end_us: int
    origin: Origin
    trace: Trace
    tags: Labels
    user: UserAffected | None = None
    request: RequestHandled | None = None
    spans: tuple[Span, ...] = ()
