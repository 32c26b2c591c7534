"""A Socket.IO client for load: Engine.IO 4, the main namespace, both transports, no greenlet of its own.

    client = SocketIOClient(on_event, on_end)
    client.connect("http://127.0.0.1:3001", token, Transport.WEBSOCKET, seconds=10)
    client.emit("channel:join", {"channelId": "c1"})       what comes back goes to on_event(name, message)

`on_event` gets the event's name and its whole message unread: most events interest nobody, and JSON costs time.
"""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable, Mapping
from enum import StrEnum
from urllib.parse import urlsplit

import gevent
import orjson
from _socketio_connection import ConnectError, Connection
from gevent.event import AsyncResult
from geventhttpclient import HTTPClient

from simulator.wire.socketio import (
    EngineType,
    Packet,
    PacketError,
    PacketType,
    decode_packet,
    decode_payload,
    encode_event,
    encode_packet,
    encode_payload,
    event_name,
)

_PATH = "/socket.io/?EIO=4"
_DEFAULT_PING_SECONDS = (25.0, 20.0)  # interval and time-out of Engine.IO
_MESSAGE = EngineType.MESSAGE.encode()


class Transport(StrEnum):
    """How a client begins: at once with a WebSocket, or by polling, then upgrading to one, as browsers do."""

    WEBSOCKET = "websocket"
    POLLING = "polling"


class RefusedError(ConnectError):
    """The server answered `connect_error`; the text is its message."""


class SocketIOClient:
    """One connection at a time. `on_end` is called when the server or the network ended it, with the reason. `inbox`:
    see `_socketio_reading.Source`."""

    def __init__(
        self, on_event: Callable[[bytes, bytes], None], on_end: Callable[[str], None], inbox: object | None = None
    ) -> None:
        self._inbox = inbox
        self._on_event = on_event
        self._on_end = on_end
        self._connection: Connection | None = None
        self._connected: AsyncResult | None = None
        self._upgraded: AsyncResult | None = None
        self._token = ""
        self.ping_seconds, self._ping_timeout = _DEFAULT_PING_SECONDS
        self._ping_due = 0.0
        self.on_ping: Callable[[float], None] = _nobody_asks

    @property
    def connected(self) -> bool:
        """Whether the server has let us in and the connection holds."""
        return self._connection is not None and self._connected is None

    def connect(
        self,
        base: str,
        token: str,
        transport: Transport,
        *,
        seconds: float,
        headers: Mapping[str, str] | None = None,
        insecure: bool = False,
    ) -> None:
        """Connect and authenticate. Raises ConnectError; RefusedError when the server gave a reason."""
        self.close()
        self._token = token
        self._connected = AsyncResult()
        try:
            with gevent.Timeout(seconds, ConnectError("timed out")):
                if transport is Transport.POLLING:
                    self._connect_by_polling(base, headers or {}, seconds, insecure)
                else:
                    self._open(base, f"{_PATH}&transport=websocket", headers or {}, seconds, insecure)
                    self._connected.get()
            if self._connection is None:
                raise ConnectError("ended at once")
        except BaseException:
            self.drop()
            raise
        finally:
            self._connected = self._upgraded = None
        _CONNECTED.add(self)
        _watch_over_pings()

    def emit(self, name: str, *arguments: object) -> None:
        """Send an event. Nothing happens when the connection has ended: `on_end` has told so."""
        if self._connection is not None:
            self._connection.send(encode_event(name, *arguments))

    def pause(self) -> None:
        """Stop reading, as a client does that cannot keep up."""
        if self._connection is not None:
            self._connection.pause()

    def resume(self) -> None:
        """Read on."""
        if self._connection is not None:
            self._connection.resume()

    def hurry(self, on: bool) -> None:
        """Whether what comes is read at once; else it is read with what others get, a millisecond or two later."""
        if self._connection is not None:
            self._connection.hurry(on)

    def close(self) -> None:
        """Leave as a client does: disconnect, then close."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.send(_MESSAGE + encode_packet(Packet(PacketType.DISCONNECT)))
            connection.close()
        _CONNECTED.discard(self)

    def drop(self) -> None:
        """Be gone without a word."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.drop()
        _CONNECTED.discard(self)

    def check_ping(self, now: float) -> None:
        """End the connection when the server's ping is overdue, as the protocol wants it."""
        if self._connection is not None and now > self._ping_due + self._ping_timeout:
            self.drop()
            self._ended("no ping from the server")

    def _open(self, base: str, target: str, headers: Mapping[str, str], seconds: float, insecure: bool) -> None:
        self._connection = Connection(self._received, self._ended, self._inbox)
        self._connection.open(base, target, headers, seconds, insecure=insecure)

    def _connect_by_polling(self, base: str, headers: Mapping[str, str], seconds: float, insecure: bool) -> None:
        assert self._connected is not None
        where = urlsplit(base)
        path = f"{where.path.rstrip('/')}{_PATH}&transport=polling"
        http = HTTPClient.from_url(
            base, concurrency=1, connection_timeout=seconds, network_timeout=seconds, insecure=insecure
        )
        try:
            opened = _poll(http, path, headers)
            session = self._read_open(opened[0]) if opened else ""
            path = f"{path}&sid={session}"
            _poll(http, path, headers, _MESSAGE + self._greeting())
            packets = opened[1:]
            while not self._connected.ready():
                packets = packets or _poll(http, path, headers)
                while packets:
                    self._received(packets.pop(0))
            self._connected.get()
        except OSError as error:
            raise ConnectError((error.strerror or type(error).__name__).lower()) from error
        finally:
            http.close()
        self._upgraded = AsyncResult()
        self._open(base, f"{_PATH}&transport=websocket&sid={session}", headers, seconds, insecure)
        assert self._connection is not None
        self._connection.send(EngineType.PING.encode() + b"probe")
        self._upgraded.get()
        self._connection.send(EngineType.UPGRADE.encode())

    def _greeting(self) -> bytes:
        return encode_packet(Packet(PacketType.CONNECT, {"token": self._token}))

    def _read_open(self, packet: bytes) -> str:
        try:
            told = orjson.loads(packet[1:])
            self.ping_seconds, self._ping_timeout = told["pingInterval"] / 1000, told["pingTimeout"] / 1000
            session = str(told["sid"])
        except (orjson.JSONDecodeError, KeyError, TypeError):
            raise ConnectError("the server's first packet is not that of Engine.IO 4") from None
        self._ping_due = time.monotonic() + self.ping_seconds
        return session

    def _received(self, message: bytes) -> None:
        """Called for every Engine.IO packet."""
        name = event_name(message)
        if name is not None:
            self._on_event(name, message)
            return
        kind = message[:1]
        if kind == b"2":
            self._answer_ping(message)
        elif kind == b"4":
            self._control(message)
        elif kind == b"0":
            try:
                self._read_open(message)
            except ConnectError as error:
                self._fail(error)
                return
            if self._connection is not None:
                self._connection.send(_MESSAGE + self._greeting())
        elif message == b"3probe" and self._upgraded is not None:
            self._upgraded.set()
        elif kind == b"1":
            self.drop()
            self._ended("the server closed the session")

    def _answer_ping(self, message: bytes) -> None:
        now = time.monotonic()
        self.on_ping(now - self._ping_due)
        self._ping_due = now + self.ping_seconds
        if self._connection is not None:
            self._connection.send(b"3" + message[1:])

    def _control(self, message: bytes) -> None:
        """Everything but plain events: being let in, refused or thrown out."""
        try:
            packet = decode_packet(message[1:])
        except PacketError as error:
            self._fail(ConnectError(str(error)))
            return
        waiting = self._connected if self._connected is not None and not self._connected.ready() else None
        if packet.type is PacketType.CONNECT and waiting is not None:
            waiting.set()
        elif packet.type is PacketType.CONNECT_ERROR and waiting is not None:
            told = packet.data.get("message") if isinstance(packet.data, dict) else packet.data
            waiting.set_exception(RefusedError(f"refused: {told}"))
        elif packet.type is PacketType.DISCONNECT:
            self.drop()
            self._ended("the server disconnected us")

    def _fail(self, error: ConnectError) -> None:
        self.drop()
        self._ended(str(error))

    def _ended(self, reason: str) -> None:
        """The connection is over: whoever waits to get in learns it, else the owner."""
        self._connection = None
        _CONNECTED.discard(self)
        waiting = [one for one in (self._connected, self._upgraded) if one is not None and not one.ready()]
        for one in waiting:
            one.set_exception(ConnectError(reason))
        if self._connected is None:
            self._on_end(reason)


def _poll(http: HTTPClient, path: str, headers: Mapping[str, str], packet: bytes | None = None) -> list[bytes]:
    """One request of the polling transport: a POST with a packet, or a GET for those that wait."""
    told = {**headers, "Content-Type": "text/plain;charset=UTF-8"} if packet else dict(headers)
    answer = http.request(
        "POST" if packet else "GET", path, body=encode_payload([packet]) if packet else b"", headers=told
    )
    body = bytes(answer.read())
    if answer.status_code != 200:
        raise ConnectError(f"polling was answered HTTP {answer.status_code}")
    return [] if packet else decode_payload(body)


def _nobody_asks(late_seconds: float) -> None:
    pass


_CONNECTED: weakref.WeakSet[SocketIOClient] = weakref.WeakSet()
_WATCHING: list[gevent.Greenlet] = []


def _watch_over_pings() -> None:
    """One greenlet a process looks after all connections, once a second."""
    if not _WATCHING:
        _WATCHING.append(gevent.spawn(_check_pings))


def _check_pings() -> None:
    while True:
        gevent.sleep(1)
        now = time.monotonic()
        for client in list(_CONNECTED):
            client.check_ping(now)
