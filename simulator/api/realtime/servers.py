"""Looking at a server: its state, its members."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

from simulator.api.entities import Server
from simulator.api.people import Person
from simulator.api.realtime.events import FORBIDDEN, NOT_FOUND, Denied, Event
from simulator.api.realtime.payloads import OfServer, RequestMembers
from simulator.api.realtime.sessions import Session
from simulator.api.realtime.state import Realtime
from simulator.api.realtime.statuses import OFFLINE
from simulator.api.sockets.rooms import SERVER, server_room

MOST_LOOKED_AT: Final = 2_000
"""Accounts of the pool that one request for members looks through."""


def _server(realtime: Realtime, session: Session, server_id: str) -> Server:
    found = realtime.platform.store.servers.get(server_id)
    if found is None:
        raise Denied(NOT_FOUND, "Server not found")
    if not realtime.platform.store.server_members.has(found, session.person):
        raise Denied(FORBIDDEN, "You are not a member of this server")
    return found


async def join(realtime: Realtime, session: Session, payload: OfServer) -> dict[str, object]:
    """Look at a server; who does already hears it."""
    await realtime.platform.database.query("select", "servers")
    server = _server(realtime, session, payload.server_id)
    room = server_room(server.id)
    await realtime.fanout.enter(session.id, room)
    state = {**server.view(), "channels": [channel.view() for channel in server.channels], "roles": _roles(server)}
    await realtime.fanout.emit("server:state", state, session.id, kind=SERVER)
    await _tell(realtime, session, server.id, realtime.presences.status(session.person.id))
    return {"serverId": server.id}


async def leave(realtime: Realtime, session: Session, payload: OfServer) -> dict[str, object]:
    """Look away."""
    room = server_room(payload.server_id)
    if room not in realtime.fanout.rooms_of(session.id):
        raise Denied(NOT_FOUND, "You have not joined this server")
    await realtime.fanout.leave(session.id, room)
    await realtime.fanout.emit("server:left", {"serverId": payload.server_id}, session.id, kind=SERVER)
    await _tell(realtime, session, payload.server_id, OFFLINE)
    return {"serverId": payload.server_id}


async def request_members(realtime: Realtime, session: Session, payload: RequestMembers) -> None:
    """Members of a server: who is connected first, then the pool's."""
    await realtime.platform.database.query("select", "server_members")
    server = _server(realtime, session, payload.server_id)
    wanted = payload.query.lower()
    members = {
        person.id: {
            "user": person.brief(),
            "nickname": None,
            "joined_at": person.created_at,
            "roles": ["owner"] if person.id == server.owner_id else [],
            "presence": realtime.presences.view(person.id),
        }
        for person in islice(
            (person for person in _candidates(realtime, server) if wanted in person.folded), payload.limit
        )
    }
    chunk = {"server_id": server.id, "members": list(members.values())}
    await realtime.fanout.emit("server:members_chunk", chunk, session.id, kind=SERVER)


def _candidates(realtime: Realtime, server: Server) -> Iterator[Person]:
    platform = realtime.platform
    seen: set[str] = set()
    for session in realtime.sessions:
        if session.person.id not in seen and platform.store.server_members.has(server, session.person):
            seen.add(session.person.id)
            yield session.person
    for number in range(1, min(platform.people.pool, MOST_LOOKED_AT) + 1):
        person = platform.people.by_number(number)
        if person.id not in seen and platform.store.server_members.has(server, person):
            yield person


def _roles(server: Server) -> list[dict[str, object]]:
    return [{"id": server.id, "name": "@everyone", "position": 0}]


async def _tell(realtime: Realtime, session: Session, server_id: str, status: str) -> None:
    told = {"user_id": session.person.id, "status": status, "server_id": server_id}
    await realtime.fanout.emit("presence:update", told, server_room(server_id), skip=session.id)


EVENTS = (
    Event("server:join", OfServer, join, kind=SERVER, variants=("join_server",)),
    Event("server:leave", OfServer, leave, kind=SERVER, variants=("leave_server",)),
    Event("server:request_members", RequestMembers, request_members, kind=SERVER),
)
