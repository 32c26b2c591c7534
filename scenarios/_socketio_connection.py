"""One WebSocket to the server, read as its bytes come in.

Nobody waits for messages: the event loop calls `on_message` from its own greenlet for each one, so that thousands of
users who only listen cost a socket each and no switch of greenlets. What is called must therefore not block.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

import gevent
import gevent.socket
import gevent.ssl
from gevent.hub import get_hub

from simulator.wire.websocket import FrameReader, Handshake, HandshakeRefusedError, Opcode, WebSocketError, encode_frame

_BUFFER = memoryview(bytearray(1 << 18))  # of all connections of this process: each is read to the end at once
_MOST_UNSENT = 1 << 20
_READ, _WRITE = 1, 2
_NOT_NOW = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class ConnectError(Exception):
    """There is no connection; the text says why, in words that do not vary from one user to the next."""

    def __repr__(self) -> str:
        return str(self)  # in Locust's table of failures


class Connection:
    """A WebSocket. `on_end` is called once, with the reason, when it is over and nobody here had closed it."""

    def __init__(self, on_message: Callable[[bytes], None], on_end: Callable[[str], None]) -> None:
        self._on_message = on_message
        self._on_end = on_end
        self._frames = FrameReader()
        self._socket: gevent.socket.socket | None = None
        self._readable = self._writable = None
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
        loop = get_hub().loop
        self._readable, self._writable = loop.io(opened.fileno(), _READ), loop.io(opened.fileno(), _WRITE)
        self._readable.start(self._read)
        if rest:
            self._take(rest)

    def send(self, text: bytes) -> None:
        """Send one text message; what the kernel does not take now follows by itself."""
        self._send(encode_frame(Opcode.TEXT, text, os.urandom(4)))

    def pause(self) -> None:
        """Stop reading, until the kernel's buffers are full and the server has to wait."""
        if self._readable is not None:
            self._readable.stop()

    def resume(self) -> None:
        """Read on."""
        if self._readable is not None:
            self._readable.start(self._read)

    def close(self) -> None:
        """Say goodbye and hang up."""
        if self._socket is not None:
            self._send(encode_frame(Opcode.CLOSE, (1000).to_bytes(2, "big"), os.urandom(4)))
        self.drop()

    def drop(self) -> None:
        """Hang up without a word, as a phone in a tunnel does."""
        opened, self._socket = self._socket, None
        for watcher in (self._readable, self._writable):
            if watcher is not None:
                watcher.stop()
                watcher.close()
        self._readable = self._writable = None
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

    def _read(self) -> None:
        """Called by the event loop: there is something to read."""
        while self._socket is not None:
            try:
                size = self._socket.recv_into(_BUFFER)
            except _NOT_NOW:
                return
            except OSError as error:
                self._end(_why(error))
                return
            if not size:
                self._end("the server hung up")
                return
            self._take(bytes(_BUFFER[:size]))
            if size < len(_BUFFER) and not isinstance(self._socket, gevent.ssl.SSLSocket):
                return  # TLS may hold back what the kernel no longer tells of

    def _take(self, data: bytes) -> None:
        try:
            messages = self._frames.feed(data)
        except WebSocketError as error:
            self._end(str(error))
            return
        for opcode, payload in messages:
            if opcode == Opcode.TEXT:
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


def _why(error: OSError) -> str:
    """A failure of the network in words that are the same each time."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate was refused: {error.verify_message}"
    return (error.strerror or type(error).__name__).lower()
