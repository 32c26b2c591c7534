"""Looking at a channel: its newest messages, who comes and goes, who types."""

from __future__ import annotations

from typing import Final

from simulator.api.dealings import Conversation
from simulator.api.entities import Channel, Message
from simulator.api.people import Person
from simulator.api.platform import Platform
from simulator.api.realtime.events import FORBIDDEN, NOT_FOUND, Denied, Event
from simulator.api.realtime.payloads import OfChannel
from simulator.api.realtime.sessions import Session
from simulator.api.realtime.state import Realtime
from simulator.api.sockets.rooms import CHANNEL, DM, channel_room, dm_room
from simulator.api.store import window
from simulator.clock import rfc3339

SHOWN: Final = 50

Place = Channel | Conversation


def reach(platform: Platform, person: Person, channel_id: str) -> Place:
    """A channel of a server that somebody belongs to, or a conversation of theirs. Raises Denied."""
    channel = platform.store.channels.get(channel_id)
    if channel is not None:
        server = platform.store.servers.get(channel.server_id)
        if server is None or not platform.store.server_members.has(server, person):
            raise Denied(FORBIDDEN, "You have no access to this channel")
        return channel
    conversation = platform.store.dealings.conversations.get(channel_id)
    if conversation is None:
        raise Denied(NOT_FOUND, "Channel not found")
    if all(one.id != person.id for one in conversation.people):
        raise Denied(FORBIDDEN, "You are not part of this conversation")
    return conversation


def room_of(place: Place) -> str:
    """Where a channel's or a conversation's events go."""
    if isinstance(place, Channel):
        return channel_room(place.id)
    if place.type == "DM":
        return dm_room(place.people[0].id, place.people[1].id)
    return f"dm:{place.id}"


def kind_of_place(place: Place) -> str:
    """The `room` label."""
    return CHANNEL if isinstance(place, Channel) else DM


def newest(platform: Platform, place: Place, limit: int = SHOWN) -> list[Message]:
    """The newest messages, newest first."""
    if isinstance(place, Conversation):
        return list(reversed(place.messages))[:limit]
    return window(reversed(place.messages), platform.store.messages)[:limit]


async def join(realtime: Realtime, session: Session, payload: OfChannel) -> dict[str, object]:
    """Look at a channel; who does already hears it."""
    place = reach(realtime.platform, session.person, payload.channel_id)
    await realtime.platform.database.query("select", "messages")
    room = room_of(place)
    await realtime.fanout.enter(session.id, room)
    shown = [message.view() for message in newest(realtime.platform, place)]
    kind = kind_of_place(place)
    await realtime.fanout.emit("channel:messages", {"channel_id": place.id, "messages": shown}, session.id, kind=kind)
    person = session.person
    user = {"id": person.id, "username": person.username, "display_name": person.display_name}
    await realtime.fanout.emit(
        "channel:member_join", {"channel_id": place.id, "user": user}, room, skip=session.id, kind=kind
    )
    return {"channelId": place.id}


async def leave(realtime: Realtime, session: Session, payload: OfChannel) -> dict[str, object]:
    """Look away."""
    place = reach(realtime.platform, session.person, payload.channel_id)
    room = room_of(place)
    if room not in realtime.fanout.rooms_of(session.id):
        raise Denied(NOT_FOUND, "You have not joined this channel")
    for one in realtime.typing.of(session.id):
        if one.channel_id == place.id:
            await tell_stopped(realtime, session, place.id, room)
    await realtime.fanout.leave(session.id, room)
    kind = kind_of_place(place)
    await realtime.fanout.emit("channel:left", {"channelId": place.id}, session.id, kind=kind)
    told = {"channel_id": place.id, "user_id": session.person.id}
    await realtime.fanout.emit("channel:member_leave", told, room, skip=session.id, kind=kind)
    return {"channelId": place.id}


async def typing(realtime: Realtime, session: Session, payload: OfChannel) -> None:
    """Say that one types; the others hear it."""
    place = reach(realtime.platform, session.person, payload.channel_id)
    room = room_of(place)
    realtime.typing.start(place.id, session, room)
    told = {
        "channel_id": place.id,
        "user_id": session.person.id,
        "timestamp": rfc3339(realtime.platform.clock.now_ms()),
    }
    await realtime.fanout.emit("channel:typing_start", told, room, skip=session.id)


async def typing_stop(realtime: Realtime, session: Session, payload: OfChannel) -> None:
    """Say that one has stopped; the others hear it."""
    place = reach(realtime.platform, session.person, payload.channel_id)
    await tell_stopped(realtime, session, place.id, room_of(place))


async def tell_stopped(realtime: Realtime, session: Session, channel_id: str, room: str) -> None:
    """The others hear that somebody types no more."""
    realtime.typing.stop(channel_id, session.person.id)
    told = {"channel_id": channel_id, "user_id": session.person.id}
    await realtime.fanout.emit("channel:typing_stop", told, room, skip=session.id)


async def tell_expired(realtime: Realtime) -> None:
    """Stop what has gone on for ten seconds."""
    for one in realtime.typing.expired():
        told = {"channel_id": one.channel_id, "user_id": one.user_id}
        await realtime.fanout.emit("channel:typing_stop", told, one.room, skip=one.socket_id)


async def left(realtime: Realtime, session: Session) -> None:
    """Somebody's socket is gone."""
    for one in realtime.typing.of(session.id):
        await tell_stopped(realtime, session, one.channel_id, one.room)


EVENTS = (
    Event("channel:join", OfChannel, join, kind=CHANNEL, variants=("join_channel",)),
    Event("channel:leave", OfChannel, leave, kind=CHANNEL, variants=("leave_channel",)),
    Event("channel:typing", OfChannel, typing, kind=CHANNEL, variants=("typing:start",)),
    Event("channel:typing_stop", OfChannel, typing_stop, kind=CHANNEL, variants=("typing:stop",)),
)
