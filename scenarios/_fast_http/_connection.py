"""One connection: bytes out and in on gevent's loop, TLS where asked for, a limit for each wait.

gevent's own sockets make a timer for each call and try to read before there is anything to read. Here a request costs
one `send`, one wait and one `recv`: the watcher for "readable" is kept, and the timer runs on and only looks whether
the wait of the moment has become too long.
"""

from __future__ import annotations

import _socket
import errno
import os
import socket
import ssl
from time import perf_counter
from typing import Any

import gevent.socket
from gevent import get_hub, getcurrent

_READ, _WRITE = 1, 2
_ARRIVED = memoryview(bytearray(1 << 18))  # shared: what is read here is parsed before anyone else can read
_UNDER_WAY = (errno.EINPROGRESS, errno.EWOULDBLOCK)
_BIO_BYTES = 1 << 16


class Connection:
    """A connected TCP socket. Every wait ends after `timeout` seconds with TimeoutError.

    `context` asks for TLS, to `host` by name. Raises what the system says: OSError, ssl.SSLError, TimeoutError.
    """

    def __init__(
        self, host: str, port: int, *, connect_timeout: float, timeout: float, context: ssl.SSLContext | None = None
    ) -> None:
        self._hub = get_hub()
        self._timer: Any = None
        self._ticking = False
        self._waiting: Any = None
        self._deadline = 0.0
        self._timeout = connect_timeout
        self._tls: _Tls | None = None
        self._readable: Any = None
        self._open(host, port)
        self._readable = self._hub.loop.io(self._sock.fileno(), _READ)
        try:
            if context is not None:
                self._tls = _Tls(context, host, self)
        except BaseException:
            self.close()
            raise
        self._timeout = timeout
        self.idle_since = 0.0
        """When its last response was complete (perf_counter's seconds); 0 before the first."""

    def send(self, data: bytes) -> None:
        """Send all of it."""
        if self._tls is not None:
            self._tls.send(data)
        else:
            self._send(data)

    def receive(self) -> memoryview:
        """Wait for bytes and give them; nothing at the connection's end. They are valid until anyone else receives."""
        return self._receive() if self._tls is None else self._tls.receive()

    def is_fresh(self) -> bool:
        """Whether an idle connection may be used again: not closed by the other side, and nothing unasked for came."""
        try:
            data = self._sock.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return bool(data) and self._tls is not None and self._tls.is_silent()

    def close(self) -> None:
        """Close it; more than once does no harm."""
        if self._readable is not None:
            self._readable.stop()
            self._readable.close()
            self._readable = None
        if self._timer is not None:
            self._timer.stop()
            self._timer.close()
            self._timer = None
        self._sock.close()

    def _open(self, host: str, port: int) -> None:
        problem: OSError | None = None
        for family, kind, protocol, _, address in _resolve(host, port):
            self._sock = _socket.socket(family, kind, protocol)
            self._sock.setblocking(False)
            try:
                code = self._sock.connect_ex(address)
                if code in _UNDER_WAY:
                    self._wait_writable()
                    code = self._sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if code:
                    raise OSError(code, os.strerror(code))
                self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return
            except OSError as error:
                self.close()
                problem = problem or error
            except BaseException:
                self.close()
                raise
        raise problem or OSError(f"{host}:{port} has no address")

    def _send(self, data: bytes) -> None:
        try:
            sent = self._sock.send(data)
        except BlockingIOError:
            sent = 0
        if sent == len(data):
            return
        rest = memoryview(data)[sent:]
        while rest:
            self._wait_writable()
            try:
                rest = rest[self._sock.send(rest) :]
            except BlockingIOError:
                pass

    def _receive(self) -> memoryview:
        while True:
            self._wait(self._readable)
            try:
                return _ARRIVED[: self._sock.recv_into(_ARRIVED)]
            except BlockingIOError:
                pass

    def _wait_writable(self) -> None:
        writable = self._hub.loop.io(self._sock.fileno(), _WRITE)
        try:
            self._wait(writable)
        finally:
            writable.close()

    def _wait(self, watcher: Any) -> None:
        self._deadline = perf_counter() + self._timeout
        self._waiting = waiting = getcurrent()
        if not self._ticking:
            self._tick(self._timeout)
        watcher.start(waiting.switch, self)
        try:
            while self._hub.switch() is not self:
                pass  # woken by someone else's mistake
        finally:
            watcher.stop()
            self._waiting = None

    def _tick(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.close()
        self._timer = self._hub.loop.timer(seconds)
        self._timer.start(self._look)
        self._ticking = True

    def _look(self) -> None:
        """The timer's: whether the wait of the moment is over. Nobody waiting, it rests until somebody does."""
        self._ticking = False
        if self._waiting is None:
            return
        left = self._deadline - perf_counter()
        if left > 0:
            self._tick(left)
        else:
            self._waiting.throw(TimeoutError("timed out"))


class _Tls:
    """TLS in memory over a connection's own bytes, so that its waits and limits hold here, too."""

    def __init__(self, context: ssl.SSLContext, host: str, connection: Connection) -> None:
        self._connection = connection
        self._arrived, self._leaving = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._arrived, self._leaving, server_hostname=host)
        while not self._done(self._tls.do_handshake):
            self._pull()

    def send(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            sent = 0

            def write() -> None:
                nonlocal sent
                sent = self._tls.write(rest)  # noqa: B023 - called at once

            if not self._done(write):
                self._pull()
            rest = rest[sent:]

    def receive(self) -> memoryview:
        while True:
            if (data := self._read()) is not None:
                return memoryview(data)
            self._pull()

    def is_silent(self) -> bool:
        """Whether what has arrived was the protocol's own (such as session tickets) and no data or end."""
        try:
            self._arrived.write(self._connection._sock.recv(_BIO_BYTES))
            return self._read() is None
        except OSError:
            return False

    def _read(self) -> bytes | None:
        """Data; nothing at the end; None when more has to arrive first."""
        data = b""

        def read() -> None:
            nonlocal data
            data = self._tls.read(_BIO_BYTES)

        try:
            return data if self._done(read) else None
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return b""

    def _done(self, step: Any) -> bool:
        """Take a step and send what it wrote; False when it wants more bytes first."""
        try:
            step()
        except ssl.SSLWantReadError:
            return False
        finally:
            if self._leaving.pending:
                self._connection._send(self._leaving.read())
        return True

    def _pull(self) -> None:
        data = self._connection._receive()
        if data:
            self._arrived.write(data)
        else:
            self._arrived.write_eof()


def _resolve(host: str, port: int) -> Any:
    """Addresses of a host; a number needs no resolver, and so no thread."""
    kind, protocol = socket.SOCK_STREAM, socket.IPPROTO_TCP
    try:
        return _socket.getaddrinfo(host, port, 0, kind, protocol, socket.AI_NUMERICHOST)
    except _socket.gaierror:
        return gevent.socket.getaddrinfo(host, port, 0, kind, protocol)
