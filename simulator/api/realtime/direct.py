"""Direct messages: a conversation of two, which is the one that HTTP knows, too."""

from __future__ import annotations

from simulator.api.dealings import Conversation
from simulator.api.people import Person
from simulator.api.platform import Platform
from simulator.api.realtime.channels import room_of
from simulator.api.realtime.events import FORBIDDEN, NOT_FOUND, Denied, Event
from simulator.api.realtime.payloads import NewDirect
from simulator.api.realtime.sessions import Session
from simulator.api.realtime.state import Realtime
from simulator.api.sockets.rooms import DM


async def create(realtime: Realtime, session: Session, payload: NewDirect) -> dict[str, object]:
    """Begin to write to somebody with whom one shares a server; of two people there is one conversation only."""
    platform, me = realtime.platform, session.person
    other = platform.people.by_id(payload.recipient_id)
    if other is None or other.id == me.id:
        raise Denied(NOT_FOUND, "User not found")
    if not _share_a_server(platform, me, other):
        raise Denied(FORBIDDEN, "You share no server with this user")
    if ("block", other.id, me.id) in platform.store.dealings.relations:
        raise Denied(FORBIDDEN, "This user does not want to hear from you")
    await platform.database.query("insert", "conversations")
    people = (me, other)
    conversation = platform.store.dealings.between(people)
    if conversation is None:
        conversation = Conversation(platform.store.new_id(), "DM", None, people, platform.store.now())
        platform.store.dealings.open(conversation)
    for person in people:
        for one in realtime.sessions.of(person.id):
            await realtime.fanout.enter(one.id, room_of(conversation))
    created = {"channel_id": conversation.id, "recipient_id": other.id}
    await realtime.fanout.emit("dm:created", created, session.id, kind=DM)
    return {"channelId": conversation.id}


async def enter_all(realtime: Realtime, session: Session) -> None:
    """Let a new socket hear the conversations of its user."""
    dealings = realtime.platform.store.dealings
    for conversation in map(dealings.conversations.get, dealings.talks.get(session.person.id) or ()):
        if conversation is not None:
            await realtime.fanout.enter(session.id, room_of(conversation))


def _share_a_server(platform: Platform, one: Person, other: Person) -> bool:
    members = platform.store.server_members
    return any(members.has(server, other) for server in platform.store.servers_of(one))


EVENTS = (Event("dm:create", NewDirect, create, kind=DM),)
