"""Messages over sockets. They are the store's own: what is written here is read over HTTP, and the other way round."""

from __future__ import annotations

import re
from typing import Final

from simulator.api.dealings import Conversation
from simulator.api.entities import Channel, Message
from simulator.api.limits import Limit
from simulator.api.metrics import ApiMetrics
from simulator.api.moderators import require_not
from simulator.api.people import Person
from simulator.api.platform import Platform
from simulator.api.realtime.channels import Place, kind_of_place, reach, room_of, tell_stopped
from simulator.api.realtime.events import (
    FORBIDDEN,
    INVALID_DATA,
    NOT_FOUND,
    RATE_LIMITED,
    SERVER_ERROR,
    Denied,
    Event,
)
from simulator.api.realtime.payloads import EditMessage, NewMessage, OfMessage, React
from simulator.api.realtime.sessions import Session
from simulator.api.realtime.state import Realtime
from simulator.api.sockets.rooms import CHANNEL, user_room
from simulator.api.store import EMOJI_PER_MESSAGE
from simulator.clock import parse_rfc3339
from simulator.units import DAY, SECOND

MESSAGES: Final = Limit("socket messages", 5, 5 * SECOND)
"""By user and channel."""
EDITABLE_MS: Final = DAY
MOST_MENTIONED: Final = 10
_MENTION: Final = re.compile(r"(?<![A-Za-z0-9_])@([A-Za-z0-9_]{3,32})")


async def create(realtime: Realtime, session: Session, payload: NewMessage) -> dict[str, object]:
    """Write into a channel; everybody in it hears it, the sender too, with the nonce."""
    platform, person = realtime.platform, session.person
    started = platform.clock.monotonic()
    place = reach(platform, person, payload.channel_id)
    if platform.limiter.enabled:
        standing = platform.limiter.count(MESSAGES, f"{person.id} {place.id}", platform.clock.now_ms())
        if standing.retry_after_ms is not None:
            raise Denied(RATE_LIMITED, "You are sending messages too quickly")
    if isinstance(place, Channel):
        server = platform.store.servers.get(place.server_id)
        if server is not None:
            require_not(platform, person, server, "ban", "mute")
    if platform.faults.fails_event():
        raise Denied(SERVER_ERROR, "Failed to send message")
    await platform.database.query("insert", "messages")
    message = _keep(platform, person, place, payload)
    view = {**message.view(), "nonce": payload.nonce}

    async def send() -> None:
        room = room_of(place)
        await realtime.fanout.emit("message:create", view, room)
        await tell_stopped(realtime, session, place.id, room)
        await _mention(realtime, message)

    await platform.deliveries.deliver(channel_type(place), started, send)
    return {"messageId": message.id, "nonce": payload.nonce}


async def edit(realtime: Realtime, session: Session, payload: EditMessage) -> dict[str, object]:
    """Change one's own message, within a day."""
    await realtime.platform.database.query("update", "messages")
    message, place = _find(realtime, session, payload.message_id, own=True)
    if realtime.platform.clock.now_ms() - parse_rfc3339(message.created_at) > EDITABLE_MS:
        raise Denied(FORBIDDEN, "This message is too old to be edited")
    message.edit(payload.content, realtime.platform.store.now())
    await realtime.fanout.emit("message:update", message.view(), room_of(place))
    return {"messageId": message.id}


async def delete(realtime: Realtime, session: Session, payload: OfMessage) -> dict[str, object]:
    """Remove one's own message."""
    platform = realtime.platform
    await platform.database.query("delete", "messages")
    message, place = _find(realtime, session, payload.message_id, own=True)
    if isinstance(place, Channel):
        platform.store.messages.pop(message.id)
        if message.id in place.messages:
            place.messages.remove(message.id)
    else:
        place.messages.remove(message)
    await realtime.fanout.emit("message:delete", {"id": message.id, "channel_id": place.id}, room_of(place))
    return {"messageId": message.id}


async def react(realtime: Realtime, session: Session, payload: React) -> None:
    """Put an emoji on a message."""
    message, place = _find(realtime, session, payload.message_id)
    if payload.emoji not in message.reactions and len(message.reactions) >= EMOJI_PER_MESSAGE:
        raise Denied(FORBIDDEN, "This message has too many different reactions")
    await realtime.platform.database.query("insert", "reactions")
    message.reactions[payload.emoji] = message.reactions.get(payload.emoji, 0) + 1
    realtime.platform.metrics.reaction("emoji", "message")
    await _tell_reaction(realtime, session, "message:reaction_add", message, place, payload.emoji)


async def unreact(realtime: Realtime, session: Session, payload: React) -> None:
    """Take it off again."""
    message, place = _find(realtime, session, payload.message_id)
    count = message.reactions.get(payload.emoji, 0)
    if not count:
        raise Denied(NOT_FOUND, "There is no such reaction")
    await realtime.platform.database.query("delete", "reactions")
    if count > 1:
        message.reactions[payload.emoji] = count - 1
    else:
        message.reactions.pop(payload.emoji, None)
    await _tell_reaction(realtime, session, "message:reaction_remove", message, place, payload.emoji)


def channel_type(place: Place) -> str:
    """The `channel_type` label."""
    return place.metric_type if isinstance(place, Channel) else "dm"


def refused(metrics: ApiMetrics, code: str) -> None:
    """Count a message that was not sent; the channel's type is not known by then, and most are text."""
    reason = {RATE_LIMITED: "rate_limited", INVALID_DATA: "validation", SERVER_ERROR: "unknown"}.get(code)
    if reason is not None:
        metrics.message_failed("text", reason)


def _keep(platform: Platform, person: Person, place: Place, payload: NewMessage) -> Message:
    store = platform.store
    message = Message(
        store.new_id(),
        place.id,
        person,
        payload.content,
        store.now(),
        reply_to=payload.reply_to,
        attachments=[attachment.model_dump(by_alias=True) for attachment in payload.attachments],
        embeds=[embed.model_dump(by_alias=True) for embed in payload.embeds],
    )
    if isinstance(place, Channel):
        store.messages.put(message.id, message)
        place.messages.append(message.id)
    else:
        place.messages.append(message)
    return message


async def _mention(realtime: Realtime, message: Message) -> None:
    if "@" not in message.content:
        return
    platform, author = realtime.platform, message.author
    names = list(dict.fromkeys(_MENTION.findall(message.content)))[:MOST_MENTIONED]
    told = {"message_id": message.id, "channel_id": message.channel_id, "author": author.brief()}
    for name in names:
        person = platform.people.by_login(name)
        if person is not None and person.id != author.id:
            platform.notify(person, "mention", f"{author.display_name} mentioned you", message.content[:100])
            await realtime.fanout.emit("message:mention", told, user_room(person.id))


async def _tell_reaction(
    realtime: Realtime, session: Session, event: str, message: Message, place: Place, emoji: str
) -> None:
    told = {"message_id": message.id, "user_id": session.person.id, "emoji": emoji, "channel_id": place.id}
    await realtime.fanout.emit(event, told, room_of(place), kind=kind_of_place(place))


def _find(realtime: Realtime, session: Session, message_id: str, *, own: bool = False) -> tuple[Message, Place]:
    platform = realtime.platform
    message = platform.store.messages.get(message_id) or _direct(platform, session.person, message_id)
    if message is None:
        raise Denied(NOT_FOUND, "Message not found")
    place = reach(platform, session.person, message.channel_id)
    if own and message.author.id != session.person.id:
        raise Denied(FORBIDDEN, "Not your message")
    return message, place


def _direct(platform: Platform, person: Person, message_id: str) -> Message | None:
    dealings = platform.store.dealings
    found: Conversation | None
    for found in map(dealings.conversations.get, dealings.talks.get(person.id) or ()):
        for message in found.messages if found is not None else ():
            if message.id == message_id:
                return message
    return None


EVENTS = (
    Event(
        "message:create",
        NewMessage,
        create,
        kind=CHANNEL,
        variants=("message:send", "send_message"),
        refused=refused,
    ),
    Event("message:edit", EditMessage, edit, kind=CHANNEL),
    Event("message:delete", OfMessage, delete, kind=CHANNEL),
    Event("message:react", React, react, kind=CHANNEL),
    Event("message:unreact", React, unreact, kind=CHANNEL),
)
