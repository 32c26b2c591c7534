"""Voice channels: join, leave, who is there, and what clients tell about their calls (contract, section 4)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from simulator.api.areas.messages import open_channel
from simulator.api.exchange import Body, Exchange, Failure, Form, Reply
from simulator.api.platform import Platform
from simulator.api.routing import serve
from simulator.api.sockets.rooms import VOICE, server_room
from simulator.api.voice.livekit import Grant, host_name, url
from simulator.api.voice.quality import Sample
from simulator.api.voice.rooms import Participant, Room
from simulator.api.voice.service import FullError, UnavailableError
from simulator.clock import rfc3339

PACKETS_PER_SECOND = 50
"""Of audio, in frames of 20 ms."""
CAPABILITIES = {"audio": True, "video": True, "screenShare": True}


class Join(Body):
    """POST /voice/channels/:channelId/join."""

    mute: bool = False
    deaf: bool = False
    video: bool = False
    screen_share: bool = False
    quality: Literal["auto", "low", "medium", "high"] = "auto"
    bandwidth: int | None = Field(default=None, ge=50, le=5000)


class State(Body):
    """PATCH /voice/state."""

    mute: bool | None = None
    deaf: bool | None = None
    self_mute: bool | None = None
    self_deaf: bool | None = None
    self_video: bool | None = None
    self_stream: bool | None = None


class TokenQuery(Body):
    """GET /voice/token."""

    room_name: str | None = Field(default=None, max_length=200)


class AudioReport(Body):
    """Of one report: packets lost since the last one, jitter and one-way latency in ms.

    `packetsReceived` and `mosScore` are ours; without the first, 50 packets a second are taken to have been due.
    """

    bitrate: float | None = Field(default=None, ge=0)
    packets_lost: int = Field(default=0, ge=0)
    packets_received: int | None = Field(default=None, ge=0)
    jitter: float | None = Field(default=None, ge=0)
    latency: float | None = Field(default=None, ge=0)
    mos_score: float | None = Field(default=None, ge=0, le=5)


class VideoReport(Body):
    """Taken as it comes: nothing here sends video."""

    resolution: str | None = Field(default=None, max_length=20)
    frame_rate: float | None = Field(default=None, ge=0)
    bitrate: float | None = Field(default=None, ge=0)
    packets_lost: int = Field(default=0, ge=0)
    jitter: float | None = Field(default=None, ge=0)


class ConnectionReport(Body):
    """The way there and back, in ms and kbit/s."""

    rtt: float | None = Field(default=None, ge=0)
    bandwidth: float | None = Field(default=None, ge=0)
    connection_type: str = Field(default="unknown", max_length=40)


class Quality(Body):
    """What a report is about."""

    audio: AudioReport | None = None
    video: VideoReport | None = None
    connection: ConnectionReport = ConnectionReport()


class QualityReport(Body):
    """POST /voice/quality/report."""

    room_name: str = Field(min_length=1, max_length=200)
    quality: Quality


async def join(platform: Platform, exchange: Exchange) -> Reply:
    """Enter a voice channel: a token for LiveKit, and a seat at the media relay."""
    body = exchange.read(Join)
    channel = open_channel(platform, exchange, exchange.values[0])
    await platform.database.query("select", "channels")
    try:
        room = platform.voice.room_of(channel)
    except ValueError as error:
        raise Failure(400, "BAD_REQUEST", str(error)) from None
    await platform.database.query("insert", "voice_states")
    participant = await enter(platform, exchange, room, video=body.video)
    participant.muted, participant.deafened, participant.self_video = body.mute, body.deaf, body.video
    if body.screen_share:
        platform.voice.share_screen(participant)
    await tell_server(platform, participant, "voiceStateUpdate")
    return Reply(
        {
            "voiceState": participant.view(),
            "liveKitToken": platform.voice.token(participant),
            **place(platform, exchange, participant),
            "participantInfo": {"identity": participant.identity, "name": participant.person.username},
            "serverInfo": {
                "maxParticipants": room.capacity,
                "currentParticipants": len(room.participants),
                "capabilities": CAPABILITIES,
            },
            "backupUrls": [],
        }
    )


async def leave(platform: Platform, exchange: Exchange) -> Reply:
    """Leave a voice channel."""
    await platform.database.query("delete", "voice_states")
    participant = platform.voice.rooms.of(exchange.caller.id)
    if participant is None or participant.channel_id != exchange.values[0]:
        raise Failure(404, "NOT_FOUND", "You are not in this voice channel")
    platform.voice.leave(participant)
    await tell_server(platform, participant, "voiceStateDelete")
    return Reply({"message": "Left the voice channel"})


async def state(platform: Platform, exchange: Exchange) -> Reply:
    """Mute, deafen, switch the camera on."""
    body = exchange.read(State)
    await platform.database.query("update", "voice_states")
    participant = platform.voice.rooms.of(exchange.caller.id)
    if participant is None:
        raise Failure(404, "NOT_FOUND", "You are in no voice channel")
    change(platform, participant, body)
    await tell_server(platform, participant, "voiceStateUpdate")
    return Reply(participant.view())


async def participants(platform: Platform, exchange: Exchange) -> Reply:
    """Who is in a voice channel."""
    channel = open_channel(platform, exchange, exchange.values[0])
    await platform.database.query("select", "voice_states")
    platform.voice.sweep()
    try:
        found = platform.voice.room_of(channel).participants.values()
    except ValueError:
        found = {}.values()
    shown = [{**one.view(), "user": one.person.brief()} for one in found]
    return Reply({"participants": shown, "count": len(shown)})


async def token(platform: Platform, exchange: Exchange) -> Reply:
    """A token for a room: the one that was asked for, else the caller's own."""
    wanted = exchange.query(TokenQuery).room_name
    if not platform.voice.media.alive:
        raise Failure(503, "SERVICE_UNAVAILABLE", "LiveKit is not available")
    here = platform.voice.rooms.of(exchange.caller.id)
    room = wanted or (here.room.name if here else "")
    grant = Grant(room, room_join=bool(room))
    made = platform.voice.livekit.token(f"user_{exchange.caller.id}", exchange.caller.username, grant)
    return Reply({"token": made, "url": url(exchange.headers.get(b"host")), "roomName": room or None})


async def quality_report(platform: Platform, exchange: Exchange) -> Reply:
    """Take in how the caller's call is."""
    body = exchange.read(QualityReport)
    participant = platform.voice.rooms.of(exchange.caller.id)
    if participant is None or participant.room.name != body.room_name:
        raise Failure(400, "BAD_REQUEST", "You are not in this room")
    platform.voice.report(participant, _sample(body.quality, platform.voice.now_ms() - participant.reported_ms))
    return Reply(
        {"success": True, "message": "Quality report received", "timestamp": rfc3339(platform.clock.now_ms())},
        form=Form.BARE,
    )


async def enter(platform: Platform, exchange: Exchange, room: Room, *, video: bool) -> Participant:
    """Let the caller into a room. Raises Failure 400 when it is full, 503 when nothing would carry media."""
    try:
        return await platform.voice.admit(exchange.caller, room, video=video)
    except FullError as error:
        raise Failure(400, "BAD_REQUEST", str(error)) from None
    except UnavailableError as error:
        raise Failure(503, "SERVICE_UNAVAILABLE", str(error)) from None


async def tell_server(platform: Platform, participant: Participant, event: str) -> None:
    """Tell who looks at the server over a socket what a request has changed."""
    if participant.room.server_id is not None:
        room = server_room(participant.room.server_id)
        await platform.fanout.emit(event, participant.view(), room, kind=VOICE)


def place(platform: Platform, exchange: Exchange, participant: Participant) -> dict[str, object]:
    """Where the media of a room goes: LiveKit as the contract has it, and the relay that really carries it."""
    host = exchange.headers.get(b"host")
    return {
        "liveKitUrl": url(host),
        "roomName": participant.room.name,
        "mediaRelay": platform.voice.media.seat(participant, host_name(host)),
    }


def change(platform: Platform, participant: Participant, body: State) -> None:
    """Set what is told of a voice state."""
    participant.seen_ms = platform.voice.now_ms()
    told = {"muted": body.mute, "deafened": body.deaf, **body.model_dump(exclude={"mute", "deaf"})}
    for name, value in told.items():
        if value is not None:
            setattr(participant, name, value)


def _sample(quality: Quality, since_ms: int) -> Sample:
    audio, connection = quality.audio, quality.connection
    loss = None
    if audio is not None:
        received = audio.packets_received
        due = since_ms * PACKETS_PER_SECOND / 1000 if received is None else audio.packets_lost + received
        loss = min(100.0, 100.0 * audio.packets_lost / due) if due else 0.0
    return Sample(
        loss_percent=loss,
        jitter_ms=audio.jitter if audio else None,
        rtt_ms=connection.rtt,
        one_way_ms=audio.latency if audio else None,
        mos=audio.mos_score if audio else None,
        connection_type=connection.connection_type,
    )


ENDPOINTS = (
    serve("POST", "voice/channels/:channelId/join", join),
    serve("POST", "voice/channels/:channelId/leave", leave),
    serve("PATCH", "voice/state", state),
    serve("GET", "voice/channels/:channelId/participants", participants),
    serve("GET", "voice/token", token),
    serve("POST", "voice/quality/report", quality_report),
)
