"""The emitter's listener: HTTP/1.1 on loopback, where a refusal is a connection that ends without an answer.

An ASGI server always answers something, so the socket is our own here; h11 speaks the protocol.
"""

from __future__ import annotations

import asyncio
import os
import sys
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Final

import h11

from simulator.errors import InputError
from simulator.sinks.scrape import PLAIN_TEXT, Answer, RefusedError, ScrapeRequest

_READ_BYTES: Final = 65_536
_SMALL_BYTES: Final = 1_024  # not worth compressing
_THREADS: Final = 8
_CLIENT_GONE: Final = (ConnectionError, h11.LocalProtocolError)


class ScrapeServer:
    """Serves answers on 127.0.0.1. `answer` may block and is called on threads."""

    def __init__(self, answer: Callable[[ScrapeRequest], Answer]) -> None:
        self._answer = answer
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="scrape")
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.StreamWriter] = set()

    async def start(self, port: int = 0) -> str:
        """Listen; 0 is any free port. Returns the URL. Raises InputError when the port is taken."""
        try:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", port, backlog=512)
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else str(error)  # asyncio writes an essay
            raise InputError(f"port {port} of 127.0.0.1: {reason}; choose another --port") from error
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        """Close the port and every connection."""
        if self._server is not None:
            self._server.close()
            for writer in tuple(self._connections):
                writer.transport.abort()
            await self._server.wait_closed()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(writer)
        try:
            await self._converse(h11.Connection(h11.SERVER), reader, writer)
        except _CLIENT_GONE:
            pass
        except RefusedError:
            writer.transport.abort()
        finally:
            self._connections.discard(writer)
            writer.close()

    async def _converse(
        self, connection: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """One request after the other, until either side is done."""
        while True:
            try:
                request = await _next_request(connection, reader)
            except h11.RemoteProtocolError as error:
                answer = Answer(error.error_status_hint, f"{error}\n".encode())
                await _send(connection, writer, answer, compressed=None)
                return
            if request is None:
                return
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in request.headers}
            compress = "gzip" in headers.get("accept-encoding", "")
            if request.method in (b"GET", b"HEAD"):
                asked = ScrapeRequest(request.target.decode("latin-1"), headers)
                loop = asyncio.get_running_loop()
                answer, compressed = await loop.run_in_executor(self._threads, self._work, asked, compress)
            else:
                answer, compressed = Answer(HTTPStatus.METHOD_NOT_ALLOWED, b"only GET is answered here\n"), None
            await _send(connection, writer, answer, compressed)
            if connection.our_state is not h11.DONE or connection.their_state is not h11.DONE:
                return
            connection.start_next_cycle()

    def _work(self, request: ScrapeRequest, compress: bool) -> tuple[Answer, bytes | None]:
        try:
            answer = self._answer(request)
        except RefusedError:
            raise
        except Exception as error:
            print(f"scrape of {request.target}: {type(error).__name__}: {error}", file=sys.stderr)
            return Answer(HTTPStatus.INTERNAL_SERVER_ERROR, f"{type(error).__name__}: {error}\n".encode()), None
        if not compress or len(answer.body) < _SMALL_BYTES:
            return answer, None
        gzip = zlib.compressobj(level=1, wbits=31)
        return answer, gzip.compress(answer.body) + gzip.flush()


async def _next_request(connection: h11.Connection, reader: asyncio.StreamReader) -> h11.Request | None:
    """The next whole request (a body is read over), or None when the client is gone."""
    request: h11.Request | None = None
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(_READ_BYTES))
        elif isinstance(event, h11.Request):
            request = event
        elif isinstance(event, h11.EndOfMessage):
            return request
        elif isinstance(event, h11.ConnectionClosed) or event is h11.PAUSED:
            return None


async def _send(
    connection: h11.Connection, writer: asyncio.StreamWriter, answer: Answer, compressed: bytes | None
) -> None:
    body = answer.body if compressed is None else compressed
    headers = [("Content-Type", answer.content_type or PLAIN_TEXT), ("Content-Length", str(len(body)))]
    if compressed is not None:
        headers.append(("Content-Encoding", "gzip"))
    response = h11.Response(status_code=answer.status, headers=headers, reason=_reason(answer.status))
    for event in (response, h11.Data(data=body), h11.EndOfMessage()):
        data = connection.send(event)
        if data:
            writer.write(data)
    await writer.drain()


def _reason(status: int) -> bytes:
    try:
        return HTTPStatus(status).phrase.encode()
    except ValueError:
        return b""
