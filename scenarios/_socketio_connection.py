"""One WebSocket to the server, read as its bytes come in (`_socketio_reading`).

Nobody waits for messages: the event loop calls `on_message` from its own greenlet for each one, so that thousands of
users who only listen cost a socket each and no switch of greenlets. What is called must therefore not block. Members
of one room get the same bytes: those are taken apart once, and `on_message` gets the same object each time.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from urllib.parse import urlsplit

import gevent
import gevent.socket
import gevent.ssl
from _socketio_reading import Reading
from gevent.hub import get_hub

from simulator.wire.websocket import (
    FrameReader,
    Handshake,
    HandshakeRefusedError,
    Message,
    Opcode,
    WebSocketError,
    encode_frame,
)

_READ_BYTES = 1 << 16
_MOST_UNSENT = 1 << 20
_WRITE = 2
_TEXT = int(Opcode.TEXT)  # a plain number where each message passes
_ALIKE = 64  # messages on their way to the members of their rooms
_NOT_NOW = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class ConnectError(Exception):
    """There is no connection; the text says why, in words that do not vary from one user to the next."""

    def __repr__(self) -> str:
        return str(self)  # in Locust's table of failures


class Connection:
    """A WebSocket. `on_end` is called once, with the reason, when it is over and nobody here had closed it. `inbox`:
    see `_socketio_reading.Source`."""

    def __init__(
        self, on_message: Callable[[bytes], None], on_end: Callable[[str], None], inbox: object | None = None
    ) -> None:
        self.inbox = inbox
        self.alone = True
        self._on_message = on_message
        self._on_end = on_end
        self._frames = FrameReader()
        self._socket: gevent.socket.socket | None = None
        self._secure = False
        self._recv: Callable[[int], bytes] = _nothing
        self._reading: Reading | None = None
        self._writable = None
        self._unsent = b""

    @property
    def is_open(self) -> bool:
        """Whether there is something to send to."""
        return self._socket is not None

    def open(self, base: str, target: str, headers: Mapping[str, str], seconds: float, *, insecure: bool) -> None:
        """Connect to `base`, such as `https://api.example.test`, and agree on a WebSocket. Raises ConnectError."""
        where = urlsplit(base)
        try:
            with gevent.Timeout(seconds, ConnectError("timed out")):
                opened = self._agree(where.hostname or "", where.port, where.scheme in ("https", "wss"), insecure)
                rest = self._shake_hands(opened, where.netloc, where.path.rstrip("/") + target, headers)
        except HandshakeRefusedError as error:
            raise ConnectError(f"the handshake was answered HTTP {error.status}") from error
        except WebSocketError as error:
            raise ConnectError(str(error)) from error
        except OSError as error:
            raise ConnectError(_why(error)) from error
        opened.setblocking(False)
        self._socket = opened
        self._secure = isinstance(opened, gevent.ssl.SSLSocket)
        self._recv = opened.recv if self._secure else partial(os.read, opened.fileno())  # gevent's own costs more
        self.alone = self._secure
        self._reading = Reading(opened.fileno(), self)
        self._writable = get_hub().loop.io(opened.fileno(), _WRITE)
        if rest:
            self.take(rest)

    def send(self, text: bytes) -> None:
        """Send one text message; what the kernel does not take now follows by itself."""
        self._send(encode_frame(Opcode.TEXT, text, os.urandom(4)))

    def pause(self) -> None:
        """Stop reading, until the kernel's buffers are full and the server has to wait."""
        if self._reading is not None:
            self._reading.pause()

    def resume(self) -> None:
        """Read on."""
        if self._reading is not None:
            self._reading.resume()

    def hurry(self, on: bool) -> None:
        """Whether what comes is read at once: somebody waits for an answer. Else it is read with what others get."""
        if self._reading is not None:
            self._reading.hurry(on)

    def close(self) -> None:
        """Say goodbye and hang up."""
        if self._socket is not None:
            self._send(encode_frame(Opcode.CLOSE, (1000).to_bytes(2, "big"), os.urandom(4)))
        self.drop()

    def drop(self) -> None:
        """Hang up without a word, as a phone in a tunnel does."""
        opened, self._socket = self._socket, None
        if self._reading is not None:
            self._reading.close()
            self._writable.stop()
            self._writable.close()
        self._reading = self._writable = None
        if opened is not None:
            opened.close()

    def _agree(self, host: str, port: int | None, secure: bool, insecure: bool) -> gevent.socket.socket:
        opened = gevent.socket.create_connection((host, port or (443 if secure else 80)))
        opened.setsockopt(gevent.socket.IPPROTO_TCP, gevent.socket.TCP_NODELAY, 1)
        if not secure:
            return opened
        context = gevent.ssl.create_default_context()
        if insecure:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context.wrap_socket(opened, server_hostname=host)

    def _shake_hands(self, opened: gevent.socket.socket, host: str, target: str, headers: Mapping[str, str]) -> bytes:
        handshake = Handshake(host, target, headers, os.urandom(16))
        rest = None
        try:
            opened.sendall(handshake.request)
            while rest is None:
                rest = handshake.feed(opened.recv(8192))
        finally:
            if rest is None:
                opened.close()
        return rest

    def _send(self, data: bytes) -> None:
        opened = self._socket
        if opened is None:
            return
        if not self._unsent:
            try:
                sent = opened.send(data)
            except _NOT_NOW:
                sent = 0
            except OSError as error:
                self._end(_why(error))
                return
            if sent == len(data):
                return
            data = data[sent:]
            self._writable.start(self._flush)
        self._unsent += data
        if len(self._unsent) > _MOST_UNSENT:
            self._end("the server does not read")

    def _flush(self) -> None:
        data, self._unsent = self._unsent, b""
        self._writable.stop()
        self._send(data)

    def read(self) -> None:
        """Take in what has come."""
        while data := self.receive():
            self.take(data)
            if not self._secure:  # TLS may hold back what the kernel no longer tells of
                return

    def receive(self) -> bytes:
        """What has come, for `take`; empty where there is nothing."""
        try:
            data = self._recv(_READ_BYTES)
        except _NOT_NOW:
            return b""
        except OSError as error:
            self._end(_why(error))
            return b""
        if not data:
            self._end("the server hung up")
        return data

    def take(self, data: bytes) -> None:
        """Take in what was received."""
        try:
            messages = None if self._frames.open else messages_in(data)
            if messages is None:
                messages = self._frames.feed(data)
        except WebSocketError as error:
            self._end(str(error))
            return
        self.alone = self._secure or self._frames.open
        for opcode, payload in messages:
            if opcode == _TEXT:
                self._on_message(payload)
            elif opcode == Opcode.PING:
                self._send(encode_frame(Opcode.PONG, payload, os.urandom(4)))
            elif opcode == Opcode.CLOSE:
                code = int.from_bytes(payload[:2], "big") if payload else 1005  # RFC 6455, 7.1.5
                self._end(f"the server closed with code {code}")
            if self._socket is None:  # meanwhile
                return

    def _end(self, reason: str) -> None:
        if self._socket is not None:
            self.drop()
            self._on_end(reason)


@lru_cache(_ALIKE)
def messages_in(data: bytes) -> list[Message] | None:
    """The messages that these bytes are; None where they do not end with one. Raises WebSocketError."""
    frames = FrameReader()
    messages = frames.feed(data)
    return None if frames.open else messages


def _nothing(size: int) -> bytes:
    return b""


def _why(error: OSError) -> str:
    """A failure of the network in words that are the same each time."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate was refused: {error.verify_message}"
    return (error.strerror or type(error).__name__).lower()
