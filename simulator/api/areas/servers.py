"""Servers and their channels. Replies are bare objects here, and errors too (contract 1.3)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from simulator.api.areas.channels import add_channel
from simulator.api.areas.messages import Posting, message_refused, messages_around, open_channel, post_message
from simulator.api.entities import Server
from simulator.api.exchange import Body, Exchange, Failure, Form, Reply
from simulator.api.limits import MESSAGING
from simulator.api.moderators import require_not
from simulator.api.platform import Platform
from simulator.api.routing import serve
from simulator.api.store import CHANNELS_PER_SERVER


class NewServer(Body):
    """POST /servers."""

    name: str = Field(min_length=1, max_length=100)
    description: str | None = Field(default=None, max_length=1000)
    icon: str | None = Field(default=None, max_length=2000)


class NewChannel(Body):
    """POST /servers/:serverId/channels."""

    name: str = Field(min_length=1, max_length=100)
    type: Literal["TEXT", "VOICE", "ANNOUNCEMENT"] = "TEXT"
    description: str | None = Field(default=None, max_length=1024)


class ChannelWindow(Body):
    """GET /servers/channels/:channelId/messages."""

    limit: int = Field(default=50, ge=1, le=100)
    before: str | None = None


class ChannelPosting(Body):
    """POST /servers/channels/:channelId/messages."""

    content: str = Field(min_length=1, max_length=4000)


def _bare(status: int, message: str) -> Failure:
    return Failure(status, "", message, form=Form.BARE)


def _find(platform: Platform, exchange: Exchange, *, as_member: bool = True) -> Server:
    server = platform.store.servers.get(exchange.values[0])
    if server is None:
        raise _bare(404, "Server not found")
    if as_member and not platform.store.server_members.has(server, exchange.caller):
        raise _bare(403, "You are not a member of this server")
    return server


async def servers(platform: Platform, exchange: Exchange) -> Reply:
    """The servers that the caller belongs to."""
    await platform.database.query("select", "servers")
    found = [server.view() for server in platform.store.servers_of(exchange.caller)]
    return Reply({"servers": found}, form=Form.BARE)


async def create(platform: Platform, exchange: Exchange) -> Reply:
    """A new server with a text and a voice channel, and its maker as the only member."""
    body = exchange.read(NewServer)
    await platform.database.query("insert", "servers")
    await platform.database.query("insert", "channels")
    store = platform.store
    server = Server(store.new_id(), body.name, body.description, body.icon, exchange.caller.id, store.now(), members=0)
    store.servers.put(server.id, server)
    for name, kind in (("general", "TEXT"), ("General", "VOICE")):
        add_channel(platform, server, name, kind)
    store.join(server, exchange.caller)
    platform.metrics.server_membership("join")
    return Reply(
        {"server": {**server.view(), "channels": [channel.view() for channel in server.channels]}}, form=Form.BARE
    )


async def server(platform: Platform, exchange: Exchange) -> Reply:
    """One server with its channels, for members."""
    await platform.database.query("select", "servers")
    found = _find(platform, exchange)
    return Reply(
        {"server": {**found.view(), "channels": [channel.view() for channel in found.channels]}}, form=Form.BARE
    )


async def channels(platform: Platform, exchange: Exchange) -> Reply:
    """A server's channels, for members."""
    await platform.database.query("select", "channels")
    return Reply({"channels": [channel.view() for channel in _find(platform, exchange).channels]}, form=Form.BARE)


async def create_channel(platform: Platform, exchange: Exchange) -> Reply:
    """A new channel, by the server's owner."""
    found = _find(platform, exchange)
    body = exchange.read(NewChannel)
    if found.owner_id != exchange.caller.id:
        raise _bare(403, "Only the owner may create channels")
    if len(found.channels) >= CHANNELS_PER_SERVER:
        raise _bare(400, "This server has too many channels")
    await platform.database.query("insert", "channels")
    channel = add_channel(platform, found, body.name, body.type, body.description)
    return Reply({"channel": channel.view()}, form=Form.BARE)


async def join(platform: Platform, exchange: Exchange) -> Reply:
    """Become a member."""
    await platform.database.query("select", "servers")
    found = _find(platform, exchange, as_member=False)
    if platform.store.server_members.has(found, exchange.caller):
        raise _bare(400, "You are already a member of this server")
    require_not(platform, exchange.caller, found, "ban")
    await platform.database.query("insert", "server_members")
    platform.store.join(found, exchange.caller)
    platform.metrics.server_membership("join")
    return Reply(
        {
            "success": True,
            "member": {"serverId": found.id, "userId": exchange.caller.id, "joinedAt": platform.store.now()},
        },
        form=Form.BARE,
    )


async def leave(platform: Platform, exchange: Exchange) -> Reply:
    """Stop being a member."""
    await platform.database.query("select", "servers")
    found = _find(platform, exchange, as_member=False)
    if not platform.store.server_members.has(found, exchange.caller):
        raise _bare(400, "You are not a member of this server")
    await platform.database.query("delete", "server_members")
    platform.store.server_members.set(found, exchange.caller, member=False)
    platform.metrics.server_membership("leave")
    return Reply({"success": True, "member": None}, form=Form.BARE)


async def channel_messages(platform: Platform, exchange: Exchange) -> Reply:
    """The newest messages of a channel."""
    query = exchange.query(ChannelWindow)
    channel = open_channel(platform, exchange, exchange.values[0], form=Form.BARE, missing=403)
    await platform.database.query("select", "messages")
    found = messages_around(platform, channel, limit=query.limit, before=query.before)
    return Reply({"messages": [message.view() for message in found]}, form=Form.BARE)


async def post_channel_message(platform: Platform, exchange: Exchange) -> Reply:
    """Write into a channel."""
    body = exchange.read(ChannelPosting)
    channel = open_channel(platform, exchange, exchange.values[0], form=Form.BARE, missing=403)
    message = await post_message(platform, exchange, channel, Posting(content=body.content), event="message")
    return Reply({"message": message.view()}, form=Form.BARE)


ENDPOINTS = (
    serve("GET", "servers", servers),
    serve("POST", "servers", create),
    serve("GET", "servers/:serverId", server),
    serve("GET", "servers/:serverId/channels", channels),
    serve("POST", "servers/:serverId/channels", create_channel),
    serve("POST", "servers/:serverId/join", join),
    serve("POST", "servers/:serverId/leave", leave),
    serve("GET", "servers/channels/:channelId/messages", channel_messages),
    serve(
        "POST",
        "servers/channels/:channelId/messages",
        post_channel_message,
        limit=MESSAGING,
        refused=message_refused,
    ),
)
