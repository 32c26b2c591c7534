"""Sending events to rooms: each is encoded once, and the same packet goes into every socket's queue.

The library would make a task for each recipient of an event, and look through all rooms whenever somebody leaves. Its
manager of clients is the part that one may replace; this one knows the rooms of each socket.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Collection, Iterator
from typing import Any, Final

import engineio
import socketio
from engineio.async_server import AsyncServer as EngineServer

from simulator.api.sockets.metrics import NAMESPACE, RealtimeMetrics
from simulator.api.sockets.packets import Packet
from simulator.api.sockets.rooms import kind_of
from simulator.clock import Clock

PATH: Final = "/socket.io/"
PING_INTERVAL_SECONDS: Final = 25
PING_TIMEOUT_SECONDS: Final = 20
LARGEST_MESSAGE: Final = 1_000_000
"""Bytes."""


class _Manager(socketio.AsyncManager):  # type: ignore[misc]  # the library has no types
    """Who is connected, and in which rooms."""

    def __init__(self) -> None:
        super().__init__()
        self._rooms_of: dict[str, set[str | None]] = {}

    async def emit(
        self,
        event: str,
        data: object,
        namespace: str,
        room: str | None = None,
        skip_sid: str | Collection[str] | None = None,
        callback: object = None,
        to: str | None = None,
        **_: object,
    ) -> None:
        """Send to a room, to one socket, or to all (None). Acknowledgements by clients are not asked for."""
        skipped = (skip_sid,) if isinstance(skip_sid, str) else skip_sid or ()
        recipients = self.rooms.get(namespace, {}).get(to or room)
        if not recipients:
            return
        text: str = Packet(socketio.packet.EVENT, [event] if data is None else [event, data]).encode()
        packet = engineio.packet.Packet(engineio.packet.MESSAGE, text)
        engine: EngineServer = self.server.eio
        for sid, engine_sid in list(recipients.items()):
            if sid not in skipped:
                await engine.send_packet(engine_sid, packet)  # never waits: the queue has no end

    def basic_enter_room(self, sid: str, namespace: str, room: str | None, eio_sid: str | None = None) -> None:
        super().basic_enter_room(sid, namespace, room, eio_sid=eio_sid)
        self._rooms_of.setdefault(sid, set()).add(room)

    def basic_leave_room(self, sid: str, namespace: str, room: str | None) -> None:
        super().basic_leave_room(sid, namespace, room)
        mine = self._rooms_of.get(sid)
        if mine is not None:
            mine.discard(room)
            if not mine:
                del self._rooms_of[sid]

    def basic_disconnect(self, sid: str, namespace: str, **_: object) -> None:
        for room in list(self._rooms_of.get(sid, ())):
            self.basic_leave_room(sid, namespace, room)
        self.callbacks.pop(sid, None)
        for pending in (self.pending_connect, self.pending_disconnect):
            if sid in pending.get(namespace, ()):
                pending[namespace].remove(sid)
                if not pending[namespace]:
                    del pending[namespace]

    def get_rooms(self, sid: str, namespace: str) -> list[str]:
        return [room for room in self._rooms_of.get(sid, ()) if room is not None]

    def named_rooms(self) -> int:
        """Rooms in use, beside those that each socket has for itself."""
        return sum(1 for room in self.rooms.get(NAMESPACE, ()) if room is not None and ":" in room)


class Fanout:
    """The Socket.IO server, as far as sending goes; who may connect and what events mean, `server` is told later."""

    def __init__(self, metrics: RealtimeMetrics, clock: Clock) -> None:
        self._metrics = metrics
        self._clock = clock
        self._manager = _Manager()
        log = _log()
        self.server: Any = socketio.AsyncServer(
            async_mode="asgi",
            client_manager=self._manager,
            serializer=Packet,
            logger=log,
            engineio_logger=log,
            cors_allowed_origins="*",
            ping_interval=PING_INTERVAL_SECONDS,
            ping_timeout=PING_TIMEOUT_SECONDS,
            max_http_buffer_size=LARGEST_MESSAGE,
        )

    async def emit(
        self, event: str, data: object, room: str | None, *, skip: str | None = None, kind: str | None = None
    ) -> None:
        """Send an event to a room, a socket or (None) everybody, but for one socket.

        `kind` is the `room` label where the room's name does not tell it.
        """
        started = self._clock.monotonic()
        await self._manager.emit(event, data, NAMESPACE, room=room, skip_sid=skip)
        self._metrics.event(event, kind or kind_of(room), self._clock.monotonic() - started)

    async def enter(self, sid: str, room: str) -> None:
        """Let a socket hear what is sent to a room."""
        await self._manager.enter_room(sid, NAMESPACE, room)

    async def leave(self, sid: str, room: str) -> None:
        """And no longer."""
        await self._manager.leave_room(sid, NAMESPACE, room)

    def rooms_of(self, sid: str) -> list[str]:
        """The rooms that a socket is in, its own among them."""
        return self._manager.get_rooms(sid, NAMESPACE)

    def sockets_in(self, room: str | None) -> Iterator[str]:
        """The sockets in a room; of all, with None."""
        yield from list(self._manager.rooms.get(NAMESPACE, {}).get(room, ()))

    def transport(self, sid: str) -> str:
        """`websocket` or `polling`; an empty text once it is gone."""
        engine_sid = self._manager.eio_sid_from_sid(sid, NAMESPACE)
        socket = self.server.eio.sockets.get(engine_sid)
        return "" if socket is None else "websocket" if socket.upgraded else "polling"

    def connected(self) -> dict[str, int]:
        """Sockets by transport."""
        found: dict[str, int] = {}
        for sid in self.sockets_in(None):
            if self._manager.is_connected(sid, NAMESPACE):
                transport = self.transport(sid)
                found[transport] = found.get(transport, 0) + 1
        found.pop("", None)
        return found

    def rooms(self) -> int:
        """Rooms in use, beside those that each socket has for itself."""
        return self._manager.named_rooms()

    def waiting(self) -> int:
        """Packets in queues."""
        return sum(socket.queue.qsize() for socket in self.server.eio.sockets.values())


def _log() -> logging.Logger:
    """What the library logs: of it, only exceptions are ours; the rest is about clients."""
    log = logging.getLogger("crybsim.socketio")
    if not log.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.addFilter(lambda record: bool(record.exc_info))
        log.addHandler(handler)
        log.propagate = False
        log.setLevel(logging.ERROR)
    return log
