"""Responses out of the bytes of one connection: llhttp finds where they end, no socket here.

    reader = ResponseReader()
    reader.expect("GET")
    while not reader.complete:
        reader.feed(some bytes, however they were cut)      # at the connection's end: reader.end()
    reader.status, reader.head, reader.body()

Interim responses (1xx) are passed over and trailers dropped. Most header lines are never looked at by anyone, so only
their bytes are kept (`head`); `fields_of` has llhttp take them apart when someone asks. The errors are those that
FastHttpUser reports.
"""

from __future__ import annotations

from geventhttpclient.response import HTTPConnectionClosed, HTTPParseError
from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

Fields = list[tuple[bytes, bytes]]

_SWITCHING_PROTOCOLS = 101


class ResponseReader:
    """One response after another. `expect` begins the next; then `feed` until `complete`, or `end`."""

    def __init__(self) -> None:
        self._spoilt = True  # the parser waits for a body that never comes (HEAD), or gave up
        self.expect("GET")

    def expect(self, method: str) -> None:
        """The next bytes answer a request of this method."""
        if self._spoilt:
            self._parser = HttpResponseParser(self)
            self._spoilt = False
        self._head_only = method == "HEAD"
        self._pieces: list[bytes] = []
        self.status = 0
        self.head = b""
        """The bytes that hold the header lines, and with them what else came along."""
        self.headed = False
        """Whether the final response's status and header lines are known."""
        self.complete = False
        self.reusable = False
        """Whether the connection may carry another request, once `complete`."""

    def feed(self, data: bytes | bytearray | memoryview) -> None:
        """Take bytes that arrived. Raises HTTPParseError for what is no HTTP response."""
        if not self.headed:
            self.head += data
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade:
            self._spoilt, self.complete, self.reusable = True, True, False
        except HttpParserError as error:
            self._spoilt, self.reusable = True, False
            if not (self.complete and self._head_only):  # a body after all: dropped, and the connection with it
                raise HTTPParseError(str(error)) from error

    def end(self) -> None:
        """The connection was closed. Raises HTTPConnectionClosed before the first byte, HTTPParseError in between."""
        self._spoilt = True
        if self.complete:
            return
        self.reusable = False
        if not self.head:
            raise HTTPConnectionClosed("connection closed.")
        if not self.headed:
            raise HTTPParseError("connection closed before end of the headers")
        if any(name.lower() in (b"content-length", b"transfer-encoding") for name, _ in fields_of(self.head)):
            raise HTTPParseError("Incomplete response.")
        self.complete = True

    def body(self) -> bytes:
        """What has arrived of the body, still compressed."""
        return self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)

    # what the parser calls

    def on_message_begin(self) -> None:
        if self.complete:  # more than was asked for: nothing of it counts, whatever it is
            self._spoilt, self.reusable, self._head_only = True, False, True

    def on_headers_complete(self) -> None:
        if self.complete:
            return
        self.status = status = self._parser.get_status_code()
        if status >= 200 or status == _SWITCHING_PROTOCOLS:
            self.headed = True
            if self._head_only:
                self._spoilt = self.complete = True
                self.reusable = self._parser.should_keep_alive()

    def on_body(self, piece: bytes) -> None:
        if self.complete:
            self.reusable = False
        else:
            self._pieces.append(piece)

    def on_message_complete(self) -> None:
        if self.headed and not self.complete:
            self.complete = True
            self.reusable = self._parser.should_keep_alive()


class _FieldReader:
    """Gathers the header lines of the final response."""

    def __init__(self) -> None:
        self.fields: Fields = []
        self.headed = False
        self.parser = HttpResponseParser(self)

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self.headed:
            self.fields.append((name, value))

    def on_headers_complete(self) -> None:
        status = self.parser.get_status_code()
        if status >= 200 or status == _SWITCHING_PROTOCOLS:
            self.headed = True
        elif not self.headed:
            self.fields.clear()


def fields_of(head: bytes) -> Fields:
    """The header lines in their order, names as they were sent, of bytes that a reader took."""
    reader = _FieldReader()
    try:
        reader.parser.feed_data(head)
    except (HttpParserError, HttpParserUpgrade):
        pass  # after the header lines; before their end, a reader would have raised it
    return reader.fields
