"""Rooms, calls and screen shares that belong to no channel's daily life (contract, section 4)."""

from __future__ import annotations

import secrets
from typing import Literal

from pydantic import Field

from simulator.api.areas.voice import CAPABILITIES, enter, place
from simulator.api.entities import VOICE_TYPES
from simulator.api.exchange import Body, Exchange, Failure, Reply
from simulator.api.people import Person
from simulator.api.platform import Platform
from simulator.api.routing import serve
from simulator.api.voice.livekit import Grant, url
from simulator.api.voice.rooms import CALL_CAPACITY, CUSTOM_CAPACITY, Kind, Participant, Room, room_name

Quality = Literal["auto", "low", "medium", "high", "ultra"]


class NewRoom(Body):
    """POST /voice/rooms."""

    name: str = Field(min_length=1, max_length=100)
    description: str | None = Field(default=None, max_length=1000)
    is_private: bool = False
    max_participants: int = Field(default=CUSTOM_CAPACITY, ge=2, le=50)


class NewCall(Body):
    """POST /voice/video/call."""

    target_user_id: str | None = None
    channel_id: str | None = None
    call_type: Literal["direct", "group", "channel"] = "direct"
    video_enabled: bool = True
    audio_enabled: bool = True
    screen_share: bool = False
    quality: Quality = "auto"


class JoinCall(Body):
    """POST /voice/video/join/:callId."""

    video_enabled: bool = True
    audio_enabled: bool = True


class ShareStart(Body):
    """POST /voice/screen-share/start."""

    room_name: str = Field(min_length=1, max_length=200)
    quality: Quality = "auto"
    frame_rate: int = Field(default=15, ge=5, le=30)
    audio: bool = False


class ShareStop(Body):
    """POST /voice/screen-share/stop."""

    room_name: str = Field(min_length=1, max_length=200)
    screen_share_identity: str = Field(min_length=1, max_length=200)


async def create_room(platform: Platform, exchange: Exchange) -> Reply:
    """A room of one's own. Its maker is not in it before joining."""
    body = exchange.read(NewRoom)
    await platform.database.query("insert", "voice_rooms")
    voice, caller = platform.voice, exchange.caller
    room = voice.rooms.open(
        Room(
            Kind.CUSTOM,
            voice.unique("room", caller.id),
            body.max_participants,
            voice.now_ms(),
            body.name,
            body.description,
            body.is_private,
            caller.id,
        )
    )
    identity = f"user_{caller.id}"
    return Reply(
        {
            "room": room.view(),
            "token": voice.livekit.token(identity, caller.username, Grant(room.name)),
            "liveKitUrl": url(exchange.headers.get(b"host")),
            "roomName": room.name,
            "participantInfo": {"identity": identity, "name": caller.username},
            "capabilities": CAPABILITIES,
        },
        status=201,
    )


async def join_room(platform: Platform, exchange: Exchange) -> Reply:
    """Enter a custom room; a private one is for who knows its id."""
    await platform.database.query("select", "voice_rooms")
    room = platform.voice.rooms.find(room_name(Kind.CUSTOM, exchange.values[0]))
    if room is None:
        raise Failure(404, "NOT_FOUND", "Room not found")
    participant = await enter(platform, exchange, room, video=False)
    return Reply(
        {
            "roomId": room.id,
            "token": platform.voice.token(participant),
            **place(platform, exchange, participant),
            "roomInfo": room.view(),
        }
    )


async def call(platform: Platform, exchange: Exchange) -> Reply:
    """Call a user, a group or a channel. The caller is in the call at once."""
    body = exchange.read(NewCall)
    await platform.database.query("insert", "voice_calls")
    target = _target(platform, exchange, body)
    voice = platform.voice
    room = Room(
        Kind.CALL,
        voice.unique("call", secrets.token_hex(4)),
        CALL_CAPACITY[body.call_type],
        voice.now_ms(),
        owner_id=exchange.caller.id,
        call_type=body.call_type,
        invited=frozenset({target.id}) if target else None,
        settings={
            "videoEnabled": body.video_enabled,
            "audioEnabled": body.audio_enabled,
            "screenShare": body.screen_share,
            "quality": body.quality,
        },
    )
    if body.channel_id is not None:
        channel = platform.store.channels.get(body.channel_id)
        room.server_id = channel.server_id if channel else None
    voice.rooms.open(room)
    participant = await enter(platform, exchange, room, video=body.video_enabled)
    participant.self_video = body.video_enabled
    if target is not None:
        kind = "VIDEO_CALL" if body.video_enabled else "VOICE_CALL"
        platform.notify(target, kind, "Incoming call", f"{exchange.caller.username} is calling")
    return Reply({**_told(platform, exchange, participant), "capabilities": CAPABILITIES}, status=201)


async def join_call(platform: Platform, exchange: Exchange) -> Reply:
    """Take part in a call that one was asked to."""
    body = exchange.read(JoinCall)
    await platform.database.query("select", "voice_calls")
    room = platform.voice.rooms.find(room_name(Kind.CALL, exchange.values[0]))
    if room is None:
        raise Failure(404, "NOT_FOUND", "Call not found")
    caller = exchange.caller.id
    asked = room.invited is None or caller in room.invited or caller == room.owner_id
    if room.server_id is not None:
        server = platform.store.servers.get(room.server_id)
        asked = server is not None and platform.store.server_members.has(server, exchange.caller)
    # the contract has no 400 here: a call without a place is one that nobody else is let into
    if not asked or (room.full and caller not in room.participants):
        raise Failure(403, "FORBIDDEN", "You are not part of this call")
    participant = await enter(platform, exchange, room, video=body.video_enabled)
    participant.self_video = body.video_enabled
    told = _told(platform, exchange, participant)
    told.pop("callType"), told.pop("settings")
    others = [one.view() for one in room.participants.values()]
    return Reply({**told, "callInfo": {**room.view(), "callType": room.call_type}, "participants": others})


async def share_start(platform: Platform, exchange: Exchange) -> Reply:
    """Show one's screen in the room that one is in."""
    body = exchange.read(ShareStart)
    participant = _in_room(platform, exchange, body.room_name)
    share = platform.voice.share_screen(participant)
    token = platform.voice.livekit.token(
        share.identity, f"{participant.person.username} (screen)", Grant(body.room_name, can_subscribe=False)
    )
    settings = {"quality": body.quality, "frameRate": body.frame_rate, "audio": body.audio}
    return Reply({"screenShareToken": token, "identity": share.identity, "settings": settings})


async def share_stop(platform: Platform, exchange: Exchange) -> Reply:
    """Stop showing it."""
    body = exchange.read(ShareStop)
    participant = _in_room(platform, exchange, body.room_name)
    share = platform.voice.screens.get(body.screen_share_identity)
    if share is None:
        raise Failure(404, "NOT_FOUND", "Screen share not found")
    if share.participant is not participant:
        raise Failure(403, "FORBIDDEN", "This is somebody else's screen")
    platform.voice.stop_screen(share.identity)
    return Reply({"message": "Screen share stopped"})


def _target(platform: Platform, exchange: Exchange, body: NewCall) -> Person | None:
    """Whom a direct call is for. Raises Failure 400 and 403."""
    if body.call_type == "direct":
        target = platform.people.by_id(body.target_user_id or "")
        if target is None or target is exchange.caller:
            raise Failure(400, "BAD_REQUEST", "A direct call needs a targetUserId that is somebody else's")
        return target
    if body.call_type == "channel":
        channel = platform.store.channels.get(body.channel_id or "")
        server = platform.store.servers.get(channel.server_id) if channel else None
        if channel is None or server is None or channel.type not in VOICE_TYPES:
            raise Failure(400, "BAD_REQUEST", "A channel call needs the channelId of a voice channel")
        if not platform.store.server_members.has(server, exchange.caller):
            raise Failure(403, "FORBIDDEN", "You have no access to this channel")
    return None


def _told(platform: Platform, exchange: Exchange, participant: Participant) -> dict[str, object]:
    room = participant.room
    return {
        "callId": room.id,
        "token": platform.voice.token(participant),
        **place(platform, exchange, participant),
        "callType": room.call_type,
        "settings": room.settings,
    }


def _in_room(platform: Platform, exchange: Exchange, name: str) -> Participant:
    if platform.voice.rooms.find(name) is None:
        raise Failure(404, "NOT_FOUND", "Room not found")
    participant = platform.voice.rooms.of(exchange.caller.id)
    if participant is None or participant.room.name != name:
        raise Failure(403, "FORBIDDEN", "You are not in this room")
    return participant


ENDPOINTS = (
    serve("POST", "voice/rooms", create_room),
    serve("POST", "voice/rooms/:roomId/join", join_room),
    serve("POST", "voice/video/call", call),
    serve("POST", "voice/video/join/:callId", join_call),
    serve("POST", "voice/screen-share/start", share_start),
    serve("POST", "voice/screen-share/stop", share_stop),
)
