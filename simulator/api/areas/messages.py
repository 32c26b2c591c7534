"""Messages: reading windows, writing, editing, reacting."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from simulator.api.entities import Channel, Message
from simulator.api.exchange import Body, Exchange, Failure, Form, Page, Reply
from simulator.api.limits import MESSAGING
from simulator.api.metrics import ApiMetrics
from simulator.api.platform import Platform
from simulator.api.routing import serve
from simulator.api.sockets.rooms import channel_room
from simulator.api.store import EMOJI_PER_MESSAGE, window

Content = Annotated[str, StringConstraints(min_length=1, max_length=4000)]


class Attachment(Body):
    """A file beside a message."""

    url: str = Field(max_length=2000)
    filename: str = Field(max_length=255)
    size: int = Field(ge=0)
    content_type: str = Field(max_length=100)


class Embed(Body):
    """A rich block beside a message; what the platform shows of it."""

    title: str | None = Field(default=None, max_length=256)
    description: str | None = Field(default=None, max_length=4096)
    url: str | None = Field(default=None, max_length=2000)


class Posting(Body):
    """What is written into a channel."""

    content: Content
    reply_to_id: str | None = None
    attachments: list[Attachment] = Field(default_factory=list, max_length=10)
    embeds: list[Embed] = Field(default_factory=list, max_length=10)


class AddressedPosting(Posting):
    """POST /messages."""

    channel_id: str


class Edit(Body):
    """PATCH /messages/:messageId."""

    content: Content


class Reaction(Body):
    """POST /messages/:messageId/reactions."""

    emoji: str = Field(min_length=1, max_length=64)


class MessageQuery(Page):
    """Page or window query of a channel's messages."""

    limit: int = Field(default=50, ge=1, le=100)
    before: str | None = None
    after: str | None = None
    around: str | None = None


class ChannelMessageQuery(MessageQuery):
    """GET /messages."""

    channel_id: str


async def messages(platform: Platform, exchange: Exchange) -> Reply:
    """A channel's messages, newest first."""
    query = exchange.query(ChannelMessageQuery)
    return await list_messages(platform, exchange, query.channel_id, query)


async def create(platform: Platform, exchange: Exchange) -> Reply:
    """Write a message."""
    body = exchange.read(AddressedPosting)
    channel = open_channel(platform, exchange, body.channel_id)
    message = await post_message(platform, exchange, channel, body)
    return Reply(message.view(), status=201)


async def message(platform: Platform, exchange: Exchange) -> Reply:
    """One message."""
    await platform.database.query("select", "messages")
    return Reply(_find(platform, exchange).view())


async def edit(platform: Platform, exchange: Exchange) -> Reply:
    """Change one's own message."""
    body = exchange.read(Edit)
    await platform.database.query("update", "messages")
    found = _find(platform, exchange, own=True)
    found.edit(body.content, platform.store.now())
    return Reply(found.view())


async def delete(platform: Platform, exchange: Exchange) -> Reply:
    """Remove one's own message."""
    await platform.database.query("delete", "messages")
    found = _find(platform, exchange, own=True)
    platform.store.messages.pop(found.id)
    channel = platform.store.channels.get(found.channel_id)
    if channel is not None and found.id in channel.messages:
        channel.messages.remove(found.id)
    return Reply(found.view(), message="Message deleted")


async def react(platform: Platform, exchange: Exchange) -> Reply:
    """Put an emoji on a message."""
    body = exchange.read(Reaction)
    found = _find(platform, exchange)
    if body.emoji not in found.reactions and len(found.reactions) >= EMOJI_PER_MESSAGE:
        raise Failure(400, "BAD_REQUEST", "This message has too many different reactions")
    await platform.database.query("insert", "reactions")
    found.reactions[body.emoji] = found.reactions.get(body.emoji, 0) + 1
    platform.metrics.reaction("emoji", "message")
    return Reply({"messageId": found.id, "userId": exchange.caller.id, "emoji": body.emoji})


async def pin(platform: Platform, exchange: Exchange) -> Reply:
    """Pin a message in its channel."""
    return await _pinned(platform, exchange, pinned=True)


async def unpin(platform: Platform, exchange: Exchange) -> Reply:
    """Take it down again."""
    return await _pinned(platform, exchange, pinned=False)


async def _pinned(platform: Platform, exchange: Exchange, *, pinned: bool) -> Reply:
    found = _find(platform, exchange)
    await platform.database.query("update", "messages")
    found.pinned = pinned
    return Reply(found.view())


def open_channel(
    platform: Platform, exchange: Exchange, channel_id: str, *, form: Form = Form.ENVELOPE, missing: int = 404
) -> Channel:
    """A channel of a server that the caller belongs to. Raises Failure 404 (or `missing`) and 403."""
    channel = platform.store.channels.get(channel_id)
    server = platform.store.servers.get(channel.server_id) if channel else None
    if channel is None or server is None:
        raise Failure(missing, "NOT_FOUND", "Channel not found", form=form)
    if not platform.store.server_members.has(server, exchange.caller):
        raise Failure(403, "FORBIDDEN", "You have no access to this channel", form=form)
    return channel


async def list_messages(platform: Platform, exchange: Exchange, channel_id: str, query: MessageQuery) -> Reply:
    """The messages of a channel that a query asks for."""
    channel = open_channel(platform, exchange, channel_id)
    await platform.database.query("select", "messages")
    found = messages_around(
        platform,
        channel,
        limit=query.limit,
        before=query.before,
        after=query.after,
        around=query.around,
        start=query.start,
    )
    total = len(channel.messages)
    pagination = {
        "total": total,
        "page": query.page,
        "pageSize": query.limit,
        "totalPages": -(-total // query.limit),
        "hasMore": query.start + len(found) < total,
        "hasPrevious": query.page > 1,
    }
    return Reply({"messages": [message.view() for message in found], "pagination": pagination})


def messages_around(
    platform: Platform,
    channel: Channel,
    *,
    limit: int,
    before: str | None = None,
    after: str | None = None,
    around: str | None = None,
    start: int = 0,
) -> list[Message]:
    """Up to `limit` messages, newest first: older than `before`, newer than `after`, on both sides of `around`.

    An id that is not there (any more) gives nothing. Without an id, `start` messages are skipped.
    """
    newest = window(reversed(channel.messages), platform.store.messages)
    anchor = before or after or around
    if anchor is None:
        return newest[start : start + limit]
    place = next((n for n, message in enumerate(newest) if message.id == anchor), None)
    if place is None:
        return []
    if before:
        return newest[place + 1 : place + 1 + limit]
    if after:
        return newest[max(0, place - limit) : place]
    first = max(0, place - limit // 2)
    return newest[first : first + limit]


async def post_message(
    platform: Platform, exchange: Exchange, channel: Channel, body: Posting, event: str = "messageCreate"
) -> Message:
    """Store a message in a channel and deliver it to those who look at it."""
    await platform.database.query("insert", "messages")
    store = platform.store
    message = Message(
        store.new_id(),
        channel.id,
        exchange.caller,
        body.content,
        store.now(),
        reply_to=body.reply_to_id,
        attachments=[attachment.model_dump(by_alias=True) for attachment in body.attachments],
        embeds=[embed.model_dump(by_alias=True) for embed in body.embeds],
    )
    store.messages.put(message.id, message)
    channel.messages.append(message.id)
    told = message.view() if event == "message" else {"message": message.view(), "channelId": channel.id}

    async def send() -> None:
        await platform.fanout.emit(event, told, channel_room(channel.id))

    await platform.deliveries.deliver(channel.metric_type, exchange.started, send)
    return message


def message_refused(metrics: ApiMetrics, status: int) -> None:
    """Count a message that was not sent; the channel's type is not known by then, and most are text."""
    reason = {429: "rate_limited", 400: "validation", 422: "validation", 500: "unknown"}.get(status)
    if reason is not None:
        metrics.message_failed("text", reason)


def _find(platform: Platform, exchange: Exchange, *, own: bool = False) -> Message:
    found = platform.store.messages.get(exchange.values[0])
    if found is None:
        raise Failure(404, "NOT_FOUND", "Message not found")
    open_channel(platform, exchange, found.channel_id)
    if own and found.author.id != exchange.caller.id:
        raise Failure(403, "FORBIDDEN", "Not your message")
    return found


ENDPOINTS = (
    serve("GET", "messages", messages),
    serve("POST", "messages", create, limit=MESSAGING, refused=message_refused),
    serve("GET", "messages/:messageId", message),
    serve("PATCH", "messages/:messageId", edit),
    serve("DELETE", "messages/:messageId", delete),
    serve("POST", "messages/:messageId/reactions", react),
    serve("POST", "messages/:messageId/pin", pin),
    serve("POST", "messages/:messageId/unpin", unpin),
)
