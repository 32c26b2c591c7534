"""What a request returns: FastHttpUser's response, with its parts worked out only when someone looks at them."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from typing import Any

import brotli
from geventhttpclient.header import Headers
from locust.contrib.fasthttp import FastRequest, FastResponse, ResponseContextManager

from ._reading import fields_of

Asked = tuple[str, str, Any, Any]  # method, URL, headers, body


class Answer(FastResponse):
    """A response that has arrived whole, or as much of it as came; `status_code` is 0 when nothing did."""

    status_code = 0  # type: ignore[assignment]
    error: Exception | None = None
    _elapsed: float | None = None
    _history: Any = ()
    compressed = ""
    """How the body still is, by its Content-Encoding; nothing once somebody looked at it."""
    _known: Headers | None = None

    def __init__(self, asked: Asked, status: int, head: bytes | None, body: bytes, elapsed: float | None) -> None:
        self._asked = asked
        self.status_code = status
        self._head = head
        self._body = body
        self._elapsed = elapsed
        self._response = None

    @property
    def headers(self) -> Headers | None:  # type: ignore[override]
        """Header lines by name, whatever its case; None without a response."""
        if self._known is None and self._head is not None:
            known = self._known = Headers()
            for name, value in fields_of(self._head):
                known.add(name.decode("latin-1"), value.decode("latin-1"))
        return self._known

    @property
    def content(self) -> bytes | None:  # type: ignore[override]
        """The body, uncompressed; None without a response. Raises zlib.error, brotli.error or ValueError."""
        if self.compressed:
            self._body = _uncompressed(self._body, self.compressed) if self._body else b""
            self.compressed = ""
        return None if self._head is None else self._body

    def json(self) -> Any:
        """The body as JSON. Raises json.JSONDecodeError."""
        if self.encoding is None and self.content:
            try:
                return json.loads(self.content)
            except UnicodeDecodeError:
                pass
        return json.loads(self.text)  # type: ignore[arg-type]

    @property
    def url(self) -> str:
        """Where the response came from, after redirects."""
        return self._asked[1]

    @property
    def history(self) -> Any:
        """The responses that redirected here, oldest first."""
        return list(self._history)

    @property
    def request(self) -> FastRequest:  # type: ignore[override]
        """The request that was answered."""
        method, url, headers, body = self._asked
        return FastRequest(url, method=method, headers=Headers(headers), payload=body)

    def iter_content(self, chunk_size: int = 1024, decode_content: bool = True) -> Iterator[Any]:
        """The body in pieces, as text where it is UTF-8 and `decode_content` asks for it."""
        body = self.content or b""
        for start in range(0, len(body), chunk_size):
            piece: bytes = body[start : start + chunk_size]
            try:
                yield piece.decode() if decode_content else piece
            except UnicodeDecodeError:
                yield piece

    def release(self) -> None:
        """Nothing is held."""


class CaughtAnswer(Answer, ResponseContextManager):
    """The same under `catch_response`: the with-block says whether it was a success."""

    _catch_response = True

    def __init__(self, request_event: Any, *parts: Any) -> None:
        super().__init__(*parts)
        self._request_event = request_event
        self.request_meta: dict[str, Any]


def _uncompressed(body: bytes, encoding: str) -> bytes:
    match encoding:
        case "identity":
            return body
        case "gzip":
            return zlib.decompress(body, 16 + zlib.MAX_WBITS)
        case "br":
            return bytes(brotli.decompress(body))
        case "deflate":
            try:
                return zlib.decompress(body, -zlib.MAX_WBITS)  # without zlib's frame, as some servers mean it
            except zlib.error:
                return zlib.decompress(body)
    raise ValueError(f"Unknown content encoding: {encoding}")
