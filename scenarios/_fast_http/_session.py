"""`FastSession`: the client of a user, called as FastHttpUser's is, reported to Locust by the same event."""

from __future__ import annotations

import errno
import json as jsonlib
import re
import ssl
from functools import lru_cache
from time import perf_counter, time
from typing import Any
from urllib.parse import urlencode

import brotli
import gevent.ssl
from geventhttpclient.client import IDEMPOTENT_METHODS
from geventhttpclient.header import Headers
from geventhttpclient.useragent import RetriesExceeded
from locust.contrib.fasthttp import (
    FAILURE_EXCEPTIONS,
    FastHttpSession,
    FastRequest,
    LocustBadStatusCode,
    LocustUserAgent,
    insecure_ssl_context_factory,
)

from ._answer import Answer, Asked, CaughtAnswer
from ._cookies import Jar
from ._exchange import Exchanged, exchange
from ._headers import BYTES, FORM, JSON, NOTHING, TEXT, Block, HeaderBlocks, block_of
from ._pool import Pools
from ._target import Target, target_of, target_with

_VALID = LocustUserAgent.valid_response_codes
_REDIRECTS = LocustUserAgent.redirect_response_codes
_FAILURES = (*FAILURE_EXCEPTIONS, brotli.error, ValueError)
_PERHAPS_LATER = {errno.ETIMEDOUT, errno.ENOLINK, errno.ENOENT, errno.EPIPE}
_WITH_LENGTH = {"POST", "PUT", "PATCH"}
_NOTED = re.compile(rb"\n(?:location|set-cookie|content-encoding)\s*:", re.IGNORECASE)
"""Header lines that have to be acted upon. What looks like one in a body costs time and does no harm."""
_MOST_MESSAGES = 100
_LIMITS = {"connection_timeout": 5.0, "network_timeout": 5.0, "concurrency": 1}


class FastSession(FastHttpSession):
    """Sends requests and fires Locust's request event once for each.

    What it does not do itself (streamed answers, uploads of files, proxies) goes FastHttpUser's own way.
    """

    counts_from: float = 0.0
    """perf_counter's instant from which the next request's response time counts, for one that was to begin then."""

    header_line: bytes = b""
    """A header line with its end that the next requests carry beside their other headers; it may differ each time."""

    def __init__(self, base_url: str | None, request_event: Any, user: Any = None, **options: Any) -> None:
        """`options` are those of FastHttpSession, which is not built here: a user should cost little before it acts."""
        self.base_url, self.auth_header = _without_login(base_url)
        self.request_event = request_event
        self.user = user
        self.request_name = None
        self.cookiejar: Jar = Jar()
        shared = options.get("client_pool")
        self._pools = Pools({**_LIMITS, **_connecting(options)}) if shared is None else Pools.of(shared)
        self._options = options
        self._proxied = options.get("proxy_host") is not None
        self._max_redirects = int(options.get("max_redirects", 3))
        self._max_retries = int(options.get("max_retries", 3))
        self._blocks = HeaderBlocks(options.get("headers"), self.auth_header)
        self._messages: dict[tuple[str, Target, Block], bytes] = {}  # those without body and cookies
        self._agent: LocustUserAgent | None = None

    @property
    def client(self) -> LocustUserAgent:  # type: ignore[override]
        """FastHttpUser's own client, for what is left to it; it has this one's cookies."""
        if self._agent is None:
            self._agent = FastHttpSession(self.base_url, self.request_event, self.user, **self._options).client
            self._agent.cookiejar = self.cookiejar
        return self._agent

    def request(  # type: ignore[override]
        self,
        method: str,
        url: str,
        name: str | None = None,
        data: Any = None,
        catch_response: bool = False,
        stream: bool = False,
        headers: dict[str, Any] | None = None,
        auth: tuple[str | bytes, str | bytes] | None = None,
        json: Any = None,
        allow_redirects: bool = True,
        context: dict[str, Any] | None = None,
        params: Any = None,
        **others: Any,
    ) -> Any:
        """Send a request; the parameters are those of Locust's FastHttpSession.request."""
        kind = _kind(data, json) if data or json is not None else NOTHING
        if kind or headers or auth is not None:
            block = self._blocks.of(kind, headers, auth) if kind is not None else None
        else:
            block = self._blocks.plain
        if block is None or stream or others or self._proxied or block.framed:
            if params is not None:
                others["params"] = params
            given = (name, data, catch_response, stream, headers, auth, json, allow_redirects, context or {})
            return super().request(method, url, *given, **others)
        if self.request_name and not name:
            name = self.request_name
        start_time = time()
        if self.user:
            context = {**self.user.context(), **context} if context else {**self.user.context()}
        body = _encoded(jsonlib.dumps(json) if kind is JSON else data) if kind else b""
        began = perf_counter()
        target = target_of(self.base_url, url) if params is None else target_with(self.base_url, url, params)
        answer = self._open(method.upper(), target, block, body, allow_redirects, catch_response)
        exception = answer.error
        length = 0
        if answer.status_code and (exception is None or isinstance(exception, LocustBadStatusCode)):
            try:
                length = len(answer.content or b"")
            except _FAILURES as error:
                exception = error
        meta = {
            "request_type": method,
            "name": name or url,
            "context": context or {},
            "response": answer,
            "exception": exception,
            "start_time": start_time,
            "url": target.url,
            "response_length": length,
            "response_time": (perf_counter() - (self._since(began) if self.counts_from else began)) * 1000,
        }
        if catch_response:
            answer.request_meta = meta
        else:
            self.request_event.fire(**meta)
        return answer

    def close(self) -> None:
        """Close the connections that are kept for later."""
        self._pools.close()
        if self._agent is not None:
            self._agent.close()

    def _open(self, method: str, target: Target, block: Block, body: bytes, follow: bool, catch: bool) -> Any:
        """The answer in the end, after redirects; whatever went wrong is its `error`."""
        first, hops_left = target, self._max_redirects if follow else 0
        history: list[Answer] = []
        while True:
            asked = (method, target.url, block.headers, body)
            began = perf_counter()
            try:
                got = self._exchange(method, target, block, body)
            except _FAILURES as problem:
                return self._failed(asked, _as_reported(problem, first.url, self._max_retries), catch)
            status, head, raw, headed_at, error = got
            elapsed = headed_at - began
            answer: Any
            if catch:
                answer = CaughtAnswer(self.request_event, asked, status, head, raw, elapsed)
            else:
                answer = Answer(asked, status, head, raw, elapsed)
            location = ""
            if _NOTED.search(head):
                headers = answer.headers
                answer.compressed = (headers.getlist("content-encoding") or [""])[0].lower()
                location = headers.get("location")
                if "set-cookie" in headers:
                    self.cookiejar.extract_cookies(answer, answer.request)
            if error is not None:
                answer.error = error
            elif status not in _VALID:
                answer.error = _bad_status(answer)
            elif location and hops_left and status in _REDIRECTS and isinstance(location, str):
                if len(history) == hops_left:
                    limit = RetriesExceeded(first.url, f"Redirection limit reached ({hops_left})")
                    return self._failed(asked, limit, catch)
                history.append(answer)
                try:
                    method, target, block, body = _redirected(asked, status, location)
                except _FAILURES as problem:
                    return self._failed(asked, problem, catch)
                continue
            if history and answer.error is None:
                answer._history = history
            return answer

    def _exchange(self, method: str, target: Target, block: Block, body: bytes) -> Exchanged:
        if body or self.header_line or self.cookiejar._cookies:
            message = self._message(method, target, block, body)
        else:
            key = (method, target, block)
            try:
                message = self._messages[key]
            except KeyError:
                message = self._messages[key] = self._message(method, target, block, body)
                if len(self._messages) > _MOST_MESSAGES:
                    self._messages = {key: message}
        pool = self._pools[target.origin]
        retries = self._max_retries if method in IDEMPOTENT_METHODS else 0
        while True:
            try:
                return exchange(pool, method, message)
            except FAILURE_EXCEPTIONS as error:
                if not retries or not _may_be_better_later(error):
                    raise
                retries -= 1

    def _message(self, method: str, target: Target, block: Block, body: bytes) -> bytes:
        names = block.names
        message = target.head(method, "host" in names) + block.lines + self.header_line
        if self.cookiejar._cookies and "cookie" not in names and (cookie := self.cookiejar.header_for(target.url)):
            message += b"Cookie: %s\r\n" % cookie.encode("latin-1")
        if (body or method in _WITH_LENGTH) and "content-length" not in names:
            return message + b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
        return message + b"\r\n" + body

    def _since(self, began: float) -> float:
        planned, self.counts_from = self.counts_from, 0.0
        return min(planned, began)

    def _failed(self, asked: Asked, error: BaseException, catch: bool) -> Any:
        answer = (
            CaughtAnswer(self.request_event, asked, 0, None, b"", None) if catch else Answer(asked, 0, None, b"", None)
        )
        answer.error = error
        return answer


@lru_cache(maxsize=1_000)
def _without_login(base_url: str | None) -> tuple[str | None, str | None]:
    """A base URL without the credentials in it, and the Authorization header that they make."""
    asked = FastHttpSession(base_url, None, None)
    return asked.base_url, asked.auth_header


def _connecting(options: dict[str, Any]) -> dict[str, Any]:
    """Of a session's options those that are for connections, with Locust's own idea of a context for TLS."""
    insecure = options.get("insecure", True)
    context = options.get("ssl_context_factory") or (
        insecure_ssl_context_factory if insecure else gevent.ssl.create_default_context
    )
    given = {name: options[name] for name in _LIMITS if name in options}
    return {**given, "insecure": insecure, "ssl_context_factory": context}


def _kind(data: Any, json: Any) -> str | None:
    """What is to be sent; None for what only FastHttpUser's own way can send."""
    if not data:
        return NOTHING if json is None else JSON
    if isinstance(data, dict):
        return FORM
    if isinstance(data, str):
        return TEXT
    return BYTES if isinstance(data, (bytes, bytearray)) else None


def _encoded(data: Any) -> bytes:
    if isinstance(data, dict):
        return urlencode(data).encode()
    return data.encode() if isinstance(data, str) else bytes(data)


def _redirected(asked: Asked, status: int, location: str) -> tuple[str, Target, Block, bytes]:
    """The next request of a chain: its method, headers and body by the status, as the user agent of Locust has it."""
    method, url, headers, body = asked
    request = FastRequest(url, method=method, headers=Headers(headers), payload=body)
    request.redirect(status, location)
    return request.method, target_of(None, request.url), block_of(request.headers), request.payload or b""


def _bad_status(answer: Answer) -> Exception:
    error = LocustBadStatusCode(answer.url, code=answer.status_code)
    error.response = answer
    return error


def _may_be_better_later(error: BaseException) -> bool:
    if isinstance(error, (TimeoutError, gevent.Timeout)):
        return True
    if isinstance(error, ssl.SSLError):
        return "read operation timed out" in str(error)
    return isinstance(error, OSError) and error.errno in _PERHAPS_LATER


def _as_reported(error: BaseException, url: str, retries: int) -> BaseException:
    """What could have been tried again is told as `RetriesExceeded`, whether or not it was."""
    return RetriesExceeded(url, retries, original=error) if _may_be_better_later(error) else error
