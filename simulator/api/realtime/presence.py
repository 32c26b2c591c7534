"""Who is there: how presence is told.

Everybody hears of every change (contract, section 3). When many go at once, as in a storm of disconnects, everybody
hearing of each would be work by the square of the users: beyond `EACH` in one tick, the rest goes out as one list.
"""

from __future__ import annotations

from typing import Final

from simulator.api.realtime.events import Event
from simulator.api.realtime.payloads import Identify, Nothing, RequestPresence, UpdatePresence
from simulator.api.realtime.sessions import Session
from simulator.api.realtime.state import Realtime
from simulator.api.realtime.statuses import STATUSES
from simulator.api.sockets.rooms import SERVER

EACH: Final = 10
"""Users whose going is told one by one within a tick of the server."""


async def identify(realtime: Realtime, session: Session, payload: Identify) -> None:
    """Say again who one is, and hear it."""
    status = payload.presence.get("status") if isinstance(payload.presence, dict) else None
    if status in STATUSES:
        await _changed(realtime, session, status, None)
    await realtime.welcome(session)


async def heartbeat(realtime: Realtime, session: Session, _: Nothing) -> None:
    """Be there."""
    realtime.presences.seen(session.person.id)
    await realtime.fanout.emit("heartbeat_ack", None, session.id)


async def ping(realtime: Realtime, session: Session, _: Nothing) -> None:
    """The platform's own ping, beside Engine.IO's."""
    now = realtime.platform.clock.now_ms()
    await realtime.fanout.emit("pong", {"timestamp": now}, session.id)


async def update(realtime: Realtime, session: Session, payload: UpdatePresence) -> None:
    """Be there in another way; everybody hears it."""
    activity = payload.activity.model_dump() if payload.activity else None
    await _changed(realtime, session, payload.status, activity)


async def request(realtime: Realtime, session: Session, payload: RequestPresence) -> None:
    """How others are."""
    found = [realtime.presences.view(user_id) for user_id in payload.user_ids]
    await realtime.fanout.emit("presence:update_bulk", found, session.id)


async def tell_gone(realtime: Realtime) -> None:
    """Tell everybody who has gone since the last tick."""
    going = realtime.presences.gone()
    for user_id in going[:EACH]:
        await realtime.fanout.emit("presence:update", realtime.presences.view(user_id), None, kind=SERVER)
    if len(going) > EACH:
        rest = [realtime.presences.view(user_id) for user_id in going[EACH:]]
        await realtime.fanout.emit("presence:update_bulk", rest, None, kind=SERVER)


async def _changed(realtime: Realtime, session: Session, status: str, activity: dict[str, object] | None) -> None:
    realtime.presences.put(session.person.id, status, session.device, activity)
    await realtime.fanout.emit("presence:update", realtime.presences.view(session.person.id), None, kind=SERVER)


EVENTS = (
    Event("identify", Identify, identify),
    Event("heartbeat", Nothing, heartbeat),
    Event("ping", Nothing, ping),
    Event("presence:update", UpdatePresence, update, kind=SERVER, variants=("update_presence",)),
    Event("presence:request", RequestPresence, request, kind=SERVER),
)
