"""The real-time layer of one API process: who connects, which event goes to whom, what happens by itself.

    handshake → ready      event → who sent it → latency → payload → handler → acknowledgement → count

A refused event is answered by `error` (or the area's own event), and never closes a socket.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final
from urllib.parse import parse_qs

from pydantic import ValidationError
from socketio.exceptions import ConnectionRefusedError as Refusal
from starlette.types import Message, Receive, Scope, Send

from simulator.api.exchange import Failure
from simulator.api.faults import Sleep
from simulator.api.limits import Limit
from simulator.api.platform import Platform
from simulator.api.realtime.channels import tell_expired
from simulator.api.realtime.direct import enter_all
from simulator.api.realtime.events import (
    FORBIDDEN,
    INVALID_DATA,
    NOT_FOUND,
    RATE_LIMITED,
    SERVER_ERROR,
    Denied,
    Event,
)
from simulator.api.realtime.handshake import (
    EXPIRED,
    STRUCTURE,
    TOO_MANY,
    RefusedError,
    address_of,
    device_of,
    peer_of,
    token_of,
)
from simulator.api.realtime.presence import tell_gone
from simulator.api.realtime.sessions import Peer, Session
from simulator.api.realtime.state import Realtime
from simulator.api.realtime.tables import LEAVING, by_name
from simulator.api.sockets.fanout import PATH
from simulator.api.sockets.packets import UNREADABLE
from simulator.api.sockets.rooms import DEFAULT, user_room
from simulator.api.tokens import Claims, TokenRefused
from simulator.units import MINUTE

CONNECTS: Final = Limit("socket connections", 120, MINUTE)
"""By user."""
UNKNOWN: Final = "unknown"
"""The `event` label of an event that the platform does not know."""
_CODES: Final = {400: INVALID_DATA, 422: INVALID_DATA, 403: FORBIDDEN, 404: NOT_FOUND, 429: RATE_LIMITED}
_SHORT: Final = 16
"""Longer than any Engine.IO packet but a message's."""

Abort = Callable[[Collection[Peer]], None]
"""Cuts the connections whose other ends are these."""


class RealtimeApp(Realtime):
    """The ASGI callable for `/socket.io/`. `abort` is set by whoever owns the connections."""

    def __init__(self, platform: Platform, sleep: Sleep) -> None:
        super().__init__(platform)
        self.abort: Abort = lambda peers: None
        self._sleep = sleep
        self._events = by_name()
        self._upgraded: dict[str, Peer] = {}  # by engine id, the peer of the websocket that took over from polling
        self._closing = False
        platform.metrics.realtime.observe(
            self.fanout.connected, lambda: self.fanout.waiting() + len(platform.deliveries), self.fanout.rooms
        )
        server = self.fanout.server
        server.on("connect", self._connect)
        server.on("disconnect", self._disconnect)
        server.on("*", self._event)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        engine = self.fanout.server.eio
        engine_id = parse_qs(scope["query_string"].decode("latin-1")).get("sid", [""])[-1]
        socket = engine.sockets.get(engine_id)
        if scope["type"] != "websocket":
            await self.fanout.server.handle_request(scope, receive, send)
            if socket is not None and socket.closed:
                socket.queue.put_nowait(None)  # or a poll that waits goes on waiting
            return
        if socket is not None:
            self._upgraded[engine_id] = scope["client"]

        async def readable() -> Message:
            message = await receive()
            if message["type"] == "websocket.receive" and not _is_packet(message.get("text")):
                return {"type": "websocket.disconnect", "code": 1002}
            return message

        try:
            await self.fanout.server.handle_request(scope, readable, send)
        finally:
            self._upgraded.pop(engine_id, None)

    async def tick(self) -> None:
        """Everything that happens without anybody's doing; to be called some times a second."""
        await self._cut_struck()
        await self.platform.deliveries.tick()
        await tell_expired(self)
        await tell_gone(self)
        self.presences.sweep(session.person.id for session in self.sessions)

    async def drop_all(self) -> None:
        """Every session ends, as when the process does; what waits to be delivered is lost."""
        self._closing = True
        engine = self.fanout.server.eio
        for socket in list(engine.sockets.values()):
            await socket.close(wait=False, abort=True)
            socket.queue.put_nowait(None)  # its writer waits there
        engine.sockets.clear()
        self.presences.gone()
        self.platform.deliveries.drop()
        self._closing = False

    async def close(self) -> None:
        """For good."""
        await self.drop_all()
        await self.fanout.server.shutdown()

    async def refuse(self, session: Session, denied: Denied, *, event: str = "error") -> None:
        """Tell a client that something cannot be done."""
        await self.fanout.emit(event, {"code": denied.code, "message": denied.message}, session.id)

    # -- connecting ----------------------------------------------------------------------------------------------

    async def _connect(self, sid: str, environ: Mapping[str, Any], auth: object = None) -> bool:
        metrics = self.platform.metrics.realtime
        metrics.attempt()
        server = self.fanout.server
        engine_id: str = server.manager.eio_sid_from_sid(sid, "/")
        try:
            session = await self._admit(sid, engine_id, environ, auth)
        except RefusedError as refused:
            metrics.refused(refused.error_type)
            self._log_refusal(environ, refused)
            raise Refusal(refused.message) from None
        if self.platform.faults.cuts(session.person.id):
            metrics.refused("transport")
            await self._cut([session])
            return False
        await self.fanout.enter(sid, user_room(session.person.id))
        await enter_all(self, session)
        if engine_id not in server.eio.sockets or server.eio.sockets[engine_id].closed:
            metrics.refused("timeout")  # it left before it was let in
            return False
        self.presences.put(session.person.id, "online", session.device)
        self.sessions.add(session)
        server.start_background_task(self.welcome, session)  # after the answer to the handshake, which is next
        return True

    async def _admit(self, sid: str, engine_id: str, environ: Mapping[str, Any], auth: object) -> Session:
        platform = self.platform
        delay = platform.faults.event_delay_seconds()
        if delay:
            await self._sleep(delay)
        claims = await self._claims(token_of(environ, auth))
        person = platform.people.from_claims(claims.user_id, claims.email)
        now = platform.clock.now_ms()
        if platform.limiter.enabled and platform.limiter.count(CONNECTS, person.id, now).retry_after_ms is not None:
            raise RefusedError(TOO_MANY, "rate_limit")
        return Session(sid, person, claims, address_of(environ), device_of(environ), engine_id, peer_of(environ), now)

    async def _claims(self, token: str) -> Claims:
        tokens, known = self.platform.tokens, self.platform.tokens.knows(token)
        try:
            claims = tokens.verify(token)
        except TokenRefused as refused:
            words = {"TOKEN_EXPIRED": EXPIRED, "MALFORMED_TOKEN": STRUCTURE}
            raise RefusedError(words.get(refused.code, refused.message)) from None
        self.platform.metrics.cache(hit=known)
        if not known:
            await self.platform.database.query("select", "sessions")
        return claims

    async def _disconnect(self, sid: str, reason: str = "") -> None:
        session = self.sessions.remove(sid)
        if session is None:
            return
        try:
            for hear in LEAVING if not self._closing else ():
                await hear(self, session)
        except Exception:
            traceback.print_exc(file=sys.stderr)
        if not self.sessions.of(session.person.id):
            self.presences.went(session.person.id)

    # -- events --------------------------------------------------------------------------------------------------

    async def _event(self, name: str, sid: str, *arguments: object) -> Mapping[str, object]:
        started = self.platform.clock.monotonic()
        session = self.sessions.get(sid)
        if session is None:
            return {"success": False, "error": "You are not connected"}
        event = self._events.get(name)
        label, kind = (event.name, event.kind) if event is not None else (UNKNOWN, DEFAULT)
        try:
            answer = await self._handle(event, name, session, arguments)
        except Denied as denied:
            await self._refused(event, session, denied)
            return {"success": False, "error": denied.message, "code": denied.code}
        finally:
            self.platform.metrics.realtime.event(label, kind, self.platform.clock.monotonic() - started)
        return {"success": True, **(answer or {})}

    async def _handle(
        self, event: Event | None, name: str, session: Session, arguments: tuple[object, ...]
    ) -> Mapping[str, object] | None:
        if event is None:
            raise Denied(
                INVALID_DATA, "This is no event" if name == UNREADABLE else f"There is no event {name[:100]!r}"
            )
        self.presences.seen(session.person.id)
        delay = self.platform.faults.event_delay_seconds()
        if delay:
            await self._sleep(delay)
        try:
            payload = event.payload.model_validate(arguments[0] if arguments else None)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            field = ".".join(str(part) for part in first["loc"])
            raise Denied(INVALID_DATA, f"{field}: {first['msg']}" if field else first["msg"]) from None
        try:
            return await event.handle(self, session, payload)
        except Failure as failure:
            raise Denied(_CODES.get(failure.status, SERVER_ERROR), failure.message) from None
        except Denied:
            raise
        except Exception:
            traceback.print_exc(file=sys.stderr)
            self.platform.metrics.error("internal_server_error")
            raise Denied(SERVER_ERROR, "Something went wrong") from None

    async def _refused(self, event: Event | None, session: Session, denied: Denied) -> None:
        if event is not None and event.refused is not None:
            event.refused(self.platform.metrics, denied.code)
        if denied.code == RATE_LIMITED and self.platform.log is not None:
            self.platform.log.limited(session.person.id, session.address, self.platform.clock.now_ms())
        await self.refuse(session, denied, event=event.error if event is not None else "error")

    # -- cutting -------------------------------------------------------------------------------------------------

    async def _cut_struck(self) -> None:
        faults = self.platform.faults
        if not faults.cutting:
            return
        struck = [session for session in self.sessions if faults.cuts(session.person.id)]
        if struck:
            await self._cut(struck)

    async def _cut(self, sessions: Collection[Session]) -> None:
        """Hang up without a word."""
        self.abort({self._upgraded.get(session.engine_id, session.peer) for session in sessions})
        engine = self.fanout.server.eio
        for session in sessions:
            socket = engine.sockets.pop(session.engine_id, None)
            if socket is not None:
                await socket.close(wait=False, abort=True)
                socket.queue.put_nowait(None)

    def _log_refusal(self, environ: Mapping[str, Any], refused: RefusedError) -> None:
        log = self.platform.log
        if log is None:
            return
        now = self.platform.clock.now_ms()
        if refused.error_type == "rate_limit":
            log.limited("", address_of(environ), now)
        else:
            log.socket_refused(refused.message, address_of(environ), str(environ.get("HTTP_USER_AGENT", "")), now)


def is_realtime(path: str) -> bool:
    """Whether a request belongs to the real-time layer."""
    return path.startswith(PATH) or path == PATH.rstrip("/")


def _is_packet(text: str | None) -> bool:
    """Whether the library may see a message: what it cannot read, it lets the connection hang on."""
    if not text:
        return False
    if text[0] == "4":
        return len(text) > 1 and text[1] in "0123456"
    return text[0] in "1235" and len(text) <= _SHORT
