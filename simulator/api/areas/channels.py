"""Channels by themselves: list, make, look at, read, type."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from simulator.api.areas.messages import MessageQuery, list_messages, open_channel
from simulator.api.entities import Channel, Server
from simulator.api.exchange import Body, Exchange, Failure, Reply
from simulator.api.platform import Platform
from simulator.api.routing import serve
from simulator.api.sockets.rooms import channel_room
from simulator.api.store import CHANNELS_PER_SERVER


class ChannelsQuery(Body):
    """GET /channels."""

    server_id: str


class NewChannel(Body):
    """POST /channels."""

    server_id: str
    name: str = Field(min_length=1, max_length=100)
    type: Literal["TEXT", "VOICE", "ANNOUNCEMENT"] = "TEXT"
    description: str | None = Field(default=None, max_length=1024)
    topic: str | None = Field(default=None, max_length=1024)
    user_limit: int | None = Field(default=None, ge=1, le=100)


class ChannelPatch(Body):
    """PATCH /channels/:channelId."""

    name: str | None = Field(default=None, min_length=1, max_length=100)
    description: str | None = Field(default=None, max_length=1024)
    topic: str | None = Field(default=None, max_length=1024)


async def channels(platform: Platform, exchange: Exchange) -> Reply:
    """The channels of a server that the caller belongs to."""
    query = exchange.query(ChannelsQuery)
    await platform.database.query("select", "channels")
    return Reply([channel.view() for channel in _server(platform, exchange, query.server_id).channels])


async def create(platform: Platform, exchange: Exchange) -> Reply:
    """A new channel, by the server's owner."""
    body = exchange.read(NewChannel)
    server = _server(platform, exchange, body.server_id)
    if server.owner_id != exchange.caller.id:
        raise Failure(403, "FORBIDDEN", "Only the owner may create channels")
    if len(server.channels) >= CHANNELS_PER_SERVER:
        raise Failure(400, "BAD_REQUEST", "This server has too many channels")
    await platform.database.query("insert", "channels")
    channel = add_channel(platform, server, body.name, body.type, body.description)
    channel.topic, channel.user_limit = body.topic, body.user_limit
    return Reply(channel.view(), status=201)


async def channel(platform: Platform, exchange: Exchange) -> Reply:
    """One channel."""
    await platform.database.query("select", "channels")
    return Reply(open_channel(platform, exchange, exchange.values[0]).view())


async def patch(platform: Platform, exchange: Exchange) -> Reply:
    """Change a channel, by the server's owner; what is not given stays."""
    body = exchange.read(ChannelPatch)
    found = _owned(platform, exchange)
    await platform.database.query("update", "channels")
    found.name = body.name or found.name
    found.description = found.description if body.description is None else body.description
    found.topic = found.topic if body.topic is None else body.topic
    return Reply(found.view())


async def delete(platform: Platform, exchange: Exchange) -> Reply:
    """Remove a channel and its messages, by the server's owner."""
    found = _owned(platform, exchange)
    await platform.database.query("delete", "channels")
    server = platform.store.servers.get(found.server_id)
    if server is not None:
        server.channels.remove(found)
    for message_id in found.messages:
        platform.store.messages.pop(message_id)
    platform.store.channels.pop(found.id)
    return Reply(found.view(), message="Channel deleted")


async def messages(platform: Platform, exchange: Exchange) -> Reply:
    """Its messages, newest first."""
    return await list_messages(platform, exchange, exchange.values[0], exchange.query(MessageQuery))


async def typing(platform: Platform, exchange: Exchange) -> Reply:
    """Say that the caller is typing."""
    channel = open_channel(platform, exchange, exchange.values[0])
    told = {"channelId": channel.id, "user": exchange.caller.brief(), "timestamp": platform.store.now()}
    await platform.fanout.emit("typingStart", told, channel_room(channel.id))
    return Reply({"message": "Typing indicator sent"})


def _owned(platform: Platform, exchange: Exchange) -> Channel:
    found = open_channel(platform, exchange, exchange.values[0])
    server = platform.store.servers.get(found.server_id)
    if server is None or server.owner_id != exchange.caller.id:
        raise Failure(403, "FORBIDDEN", "Only the owner may change channels")
    return found


def add_channel(platform: Platform, server: Server, name: str, kind: str, description: str | None = None) -> Channel:
    """Put a new channel into a server."""
    made = Channel(platform.store.new_id(), server.id, name, kind, platform.store.now(), description)
    server.channels.append(made)
    platform.store.channels.put(made.id, made)
    return made


def _server(platform: Platform, exchange: Exchange, server_id: str) -> Server:
    server = platform.store.servers.get(server_id)
    if server is None:
        raise Failure(404, "NOT_FOUND", "Server not found")
    if not platform.store.server_members.has(server, exchange.caller):
        raise Failure(403, "FORBIDDEN", "You are not a member of this server")
    return server


ENDPOINTS = (
    serve("GET", "channels", channels),
    serve("POST", "channels", create),
    serve("GET", "channels/:channelId", channel),
    serve("PATCH", "channels/:channelId", patch),
    serve("DELETE", "channels/:channelId", delete),
    serve("GET", "channels/:channelId/messages", messages),
    serve("POST", "channels/:channelId/typing", typing),
)
