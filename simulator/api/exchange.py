"""One request and its answer: what a handler reads, what it returns, and the envelopes around both.

Envelopes are the contract's section 1.3. The platform's areas disagree about them, so a reply and a failure say which
form they take; authentication, rate limits, validation and faults always take the global handler's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import parse_qsl

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails

from simulator.api.people import Person
from simulator.api.tokens import Claims
from simulator.catalog.routes import UNMATCHED, Route
from simulator.clock import rfc3339


class Form(Enum):
    """How a reply or a failure is wrapped."""

    ENVELOPE = auto()  # success: {success, data, meta, timestamp}; failure: the global handler's
    SHORT = auto()  # failure of content routes: {success: false, error}
    BARE = auto()  # servers and notifications: the object itself; failure: {error}


@dataclass(slots=True)
class Reply:
    """What a handler answers. `raw` (with its content type) goes out as it is, without JSON."""

    data: object = None
    status: int = 200
    form: Form = Form.ENVELOPE
    message: str | None = None
    extra: Mapping[str, object] = field(default_factory=dict)  # further fields beside `data`
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    raw: bytes | None = None
    content_type: bytes = b"application/json; charset=utf-8"


class Failure(Exception):  # noqa: N818 - what the client is told, not an error of this program
    """A request that cannot be done: status, the platform's code, and a text for people."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        form: Form = Form.ENVELOPE,
        details: Mapping[str, object] | None = None,
        headers: Sequence[tuple[bytes, bytes]] = (),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.form = form
        self.details = dict(details or {})
        self.headers = list(headers)


class Body(BaseModel):
    """Base of request bodies and queries: camelCase outside, unknown fields ignored as the platform does."""

    model_config = ConfigDict(alias_generator=to_camel, extra="ignore", frozen=True)


class Page(Body):
    """The contract's page style of pagination (section 1.5)."""

    page: int = Field(default=1, ge=1)
    limit: int = Field(default=20, ge=1, le=100)

    @property
    def start(self) -> int:
        return (self.page - 1) * self.limit


M = TypeVar("M", bound=BaseModel)


@dataclass(slots=True)
class Exchange:
    """One request on its way through the API. `started` and durations are seconds of the clock's monotonic time."""

    method: str
    path: str
    query_string: bytes
    headers: Mapping[bytes, bytes]
    body: bytes
    peer: tuple[str, int]
    request_id: str
    started: float
    route: Route | None = None
    values: tuple[str, ...] = ()  # of the pattern's parameters, in order
    claims: Claims | None = None
    person: Person | None = None
    code: str = ""  # of the error envelope, once the request has failed
    reply_headers: list[tuple[bytes, bytes]] = field(default_factory=list)

    @property
    def pattern(self) -> str:
        """The `route` label."""
        return self.route.path if self.route else UNMATCHED

    @property
    def forwarded_for(self) -> str | None:
        """The client's address as the proxy in front tells it; a stand-in believes whoever says so."""
        header = self.headers.get(b"x-forwarded-for")
        return header.partition(b",")[0].strip().decode("latin-1") or None if header else None

    @property
    def address(self) -> str:
        """The client's address."""
        return self.forwarded_for or self.peer[0]

    @property
    def caller(self) -> Person:
        """Who asks; only for handlers of routes that need a bearer token."""
        assert self.person is not None, "the route does not require a user"
        return self.person

    def read(self, model: type[M]) -> M:
        """The JSON body. Raises Failure 400 for a wrong shape, 422 for a value out of bounds."""
        try:
            return model.model_validate_json(self.body or b"{}")
        except ValidationError as error:
            raise invalid(error.errors(include_url=False, include_input=False), in_body=True) from None

    def query(self, model: type[M]) -> M:
        """The query parameters, the last of each name. Raises Failure 422."""
        pairs = dict(parse_qsl(self.query_string.decode("latin-1"), keep_blank_values=True))
        try:
            return model.model_validate(pairs)
        except ValidationError as error:
            raise invalid(error.errors(include_url=False, include_input=False), in_body=False) from None


def invalid(errors: Sequence[ErrorDetails], *, in_body: bool) -> Failure:
    """The failure for a body or query that does not fit.

    The platform has two checks: a JSON schema (is the field there, and of its type: 400) and rules on the values
    (422). A body that fails the first never reaches the second.
    """
    if any(error["type"] == "json_invalid" for error in errors):
        return Failure(400, "BAD_REQUEST", "Body is not valid JSON")
    fields: dict[str, list[str]] = {}
    schema = False
    for error in errors:
        name = ".".join(str(part) for part in error["loc"]) or "body"
        if in_body and (error["type"] == "missing" or error["type"].endswith("_type")):
            schema = True
        fields.setdefault(name, []).append(error["msg"])
    if schema:
        return Failure(400, "REQUEST_VALIDATION_ERROR", "Request validation failed", details={"validation": fields})
    return Failure(422, "VALIDATION_ERROR", "Validation failed", details={"errors": fields})


def encode_reply(reply: Reply, exchange: Exchange, elapsed_ms: float, now_ms: int) -> bytes:
    """The body's bytes."""
    if reply.raw is not None:
        return reply.raw
    if reply.form is not Form.ENVELOPE:
        return orjson.dumps(reply.data)
    found: dict[str, object] = {"success": True, "data": reply.data}
    if reply.message is not None:
        found["message"] = reply.message
    found.update(reply.extra)
    found["meta"] = {"requestId": exchange.request_id, "processingTime": round(elapsed_ms, 3)}
    found["timestamp"] = rfc3339(now_ms)
    return orjson.dumps(found)


def encode_failure(failure: Failure, exchange: Exchange, elapsed_ms: float, now_ms: int) -> bytes:
    """The body's bytes of an error."""
    if failure.form is Form.BARE:
        return orjson.dumps({"error": failure.message})
    if failure.form is Form.SHORT:
        return orjson.dumps({"success": False, "error": failure.message})
    return orjson.dumps(
        {
            "success": False,
            "error": failure.message,
            "code": failure.code,
            "details": {
                "requestId": exchange.request_id,
                "processingTime": round(elapsed_ms, 3),
                **failure.details,
            },
            "timestamp": rfc3339(now_ms),
            "path": exchange.path,
            "method": exchange.method,
            "statusCode": failure.status,
        }
    )


def unknown_route(exchange: Exchange) -> bytes:
    """The body for a path that no route has: a form of its own."""
    return orjson.dumps(
        {
            "success": False,
            "error": HTTPStatus.NOT_FOUND.phrase,
            "message": f"Route {exchange.method}:{exchange.path} not found",
        }
    )


def page_of(items: Sequence[object], total: int, page: Page) -> dict[str, object]:
    """A page in the contract's form: `items` are those of this page already."""
    return {
        "items": items,
        "total": total,
        "page": page.page,
        "pageSize": page.limit,
        "hasMore": page.start + len(items) < total,
    }
