"""Voice channels over sockets: join, leave, mute, who speaks (contract, section 4). Media goes elsewhere.

There are two ways to join: `voice:join` tells the server's room, `voice:join_channel` (of clients with WebRTC) tells
those in the channel, and brings what LiveKit and the relay want. Both lead into the same room as the HTTP routes do.
"""

from __future__ import annotations

from typing import Final

from simulator.api.entities import Channel
from simulator.api.realtime.events import FORBIDDEN, Denied, Event
from simulator.api.realtime.payloads import Id, Nothing, OfChannel, Payload
from simulator.api.realtime.sessions import Session
from simulator.api.realtime.state import Realtime
from simulator.api.sockets.rooms import VOICE, livekit_room, server_room, user_room, voice_room
from simulator.api.voice.livekit import host_name, url
from simulator.api.voice.rooms import Participant
from simulator.api.voice.service import FullError, UnavailableError

INVALID_CHANNEL: Final = "INVALID_CHANNEL"
JOIN_FAILED: Final = "JOIN_FAILED"
NOT_IN_VOICE: Final = "NOT_IN_VOICE"
LIVEKIT_UNAVAILABLE: Final = "LIVEKIT_UNAVAILABLE"
ERROR: Final = "voice:error"
CAPABILITIES: Final = {"audio": True, "video": True, "screenShare": True}


class Capabilities(Payload):
    """What a client can do."""

    audio: bool = True
    video: bool = False
    screen_share: bool = False


class JoinChannel(OfChannel):
    """voice:join_channel. (`audioSettings` mean nothing to a server.)"""

    capabilities: Capabilities = Capabilities()


class Flags(Payload):
    """voice:state_update and voice:update_state."""

    muted: bool | None = None
    deafened: bool | None = None
    self_mute: bool | None = None
    self_deaf: bool | None = None
    speaking: bool | None = None
    audio_enabled: bool | None = None
    video_enabled: bool | None = None


class Speaking(Payload):
    """voice:speaking_state."""

    bare = "speaking"
    speaking: bool


class OfParticipant(OfChannel):
    """voice:kick_participant and voice:mute_participant."""

    target_user_id: Id
    reason: str | None = None


async def join(realtime: Realtime, session: Session, payload: OfChannel) -> dict[str, object]:
    """Enter a voice channel; the server's room hears it."""
    participant = await _enter(realtime, session, payload.channel_id, video=False)
    told = {"channel_id": participant.channel_id, "session_id": participant.session_id}
    await realtime.fanout.emit("voice:joined", told, session.id, kind=VOICE)
    await tell_server(realtime, participant, "voice:state_update", participant.view())
    return {"channelId": participant.channel_id, "sessionId": participant.session_id}


async def join_channel(realtime: Realtime, session: Session, payload: JoinChannel) -> dict[str, object]:
    """Enter a voice channel with what its media needs; those in it hear it."""
    participant = await _enter(realtime, session, payload.channel_id, video=payload.capabilities.video)
    voice, room = realtime.platform.voice, participant.room
    host = str((realtime.fanout.server.get_environ(session.id) or {}).get("HTTP_HOST", "")).encode()
    told = {
        "channelId": participant.channel_id,
        "roomName": room.name,
        "liveKitToken": voice.token(participant),
        "liveKitUrl": url(host),
        "mediaRelay": voice.media.seat(participant, host_name(host)),
        "sessionId": participant.session_id,
        "capabilities": payload.capabilities.model_dump(by_alias=True),
        "serverInfo": {
            "maxParticipants": room.capacity,
            "currentParticipants": len(room.participants),
            "capabilities": CAPABILITIES,
        },
    }
    await realtime.fanout.emit("voice:joined", told, session.id, kind=VOICE)
    joined = {**participant.view(), "user": session.person.brief()}
    await tell_room(realtime, participant, "voice:participant_joined", joined, skip=session.id)
    return {"channelId": participant.channel_id, "sessionId": participant.session_id}


async def leave(realtime: Realtime, session: Session, payload: Nothing) -> dict[str, object]:
    """Leave; the server's room hears of a state without a channel."""
    participant = here(realtime, session)
    await _exit(realtime, session, participant)
    return {"channelId": participant.channel_id}


async def leave_channel(realtime: Realtime, session: Session, payload: Nothing) -> dict[str, object]:
    """Leave; those in the channel hear it."""
    participant = here(realtime, session)
    told = {"userId": session.person.id, "channelId": participant.channel_id}
    await tell_room(realtime, participant, "voice:participant_left", told, skip=session.id)
    await _exit(realtime, session, participant)
    return {"channelId": participant.channel_id}


async def state_update(realtime: Realtime, session: Session, payload: Flags) -> None:
    """Mute, deafen; the server's room hears it."""
    participant = here(realtime, session)
    _set(participant, payload)
    await tell_server(realtime, participant, "voice:state_update", participant.view())


async def update_state(realtime: Realtime, session: Session, payload: Flags) -> None:
    """The same from clients with WebRTC, with speaking and tracks; those in the channel hear it."""
    participant = here(realtime, session)
    _set(participant, payload)
    state = payload.model_dump(by_alias=True, exclude_none=True)
    told = {"userId": session.person.id, "channelId": participant.channel_id, "state": state}
    await tell_room(realtime, participant, "voice:state_updated", told)


async def speaking(realtime: Realtime, session: Session, payload: Speaking) -> None:
    """Begin or stop to speak; the others hear of it."""
    participant = here(realtime, session)
    participant.speaking = payload.speaking
    told = {"userId": session.person.id, "speaking": payload.speaking, "channelId": participant.channel_id}
    await tell_room(realtime, participant, "voice:speaking_update", told, skip=session.id)


async def kick(realtime: Realtime, session: Session, payload: OfParticipant) -> None:
    """The server's owner puts somebody out."""
    target = _moderated(realtime, session, payload)
    told = {"channelId": payload.channel_id, "reason": payload.reason, "by": session.person.id}
    await realtime.fanout.emit("voice:kicked", told, user_room(target.person.id), kind=VOICE)
    realtime.platform.voice.leave(target)
    for socket in realtime.sessions.of(target.person.id):
        await _out_of_rooms(realtime, socket.id, target)
    await tell_server(realtime, target, "voice:state_update", _gone(target))


async def mute(realtime: Realtime, session: Session, payload: OfParticipant) -> None:
    """The server's owner mutes somebody."""
    target = _moderated(realtime, session, payload)
    target.muted = True
    told = {"channelId": payload.channel_id, "reason": payload.reason, "by": session.person.id}
    await realtime.fanout.emit("voice:server_muted", told, user_room(target.person.id), kind=VOICE)
    muted = {"channelId": payload.channel_id, "userId": target.person.id, "muted": True}
    await tell_room(realtime, target, "voice:participant_muted", muted)


async def left(realtime: Realtime, session: Session) -> None:
    """Somebody's socket is gone, and with it the call that was made over it.

    Where the API is down it has cut its sockets itself: media goes on, and who comes back is still in.
    """
    participant = realtime.platform.voice.rooms.of(session.person.id)
    if participant is None or participant.socket_id != session.id or realtime.platform.faults.is_down():
        return
    realtime.platform.voice.leave(participant)
    await tell_server(realtime, participant, "voice:state_update", _gone(participant))


def here(realtime: Realtime, session: Session) -> Participant:
    """Where somebody is in voice; they are heard of by that. Raises Denied."""
    participant = realtime.platform.voice.rooms.of(session.person.id)
    if participant is None:
        raise Denied(NOT_IN_VOICE, "You are in no voice channel")
    participant.seen_ms = realtime.platform.clock.now_ms()
    return participant


async def tell_server(realtime: Realtime, participant: Participant, event: str, data: object) -> None:
    """Tell who looks at the server; for a room that is no server's, those in it."""
    server_id = participant.room.server_id
    room = server_room(server_id) if server_id else livekit_room(participant.room.name)
    await realtime.fanout.emit(event, data, room, kind=VOICE)


async def tell_room(
    realtime: Realtime, participant: Participant, event: str, data: object, skip: str | None = None
) -> None:
    """Tell everybody in the room, but for one socket."""
    await realtime.fanout.emit(event, data, livekit_room(participant.room.name), skip=skip, kind=VOICE)


async def _enter(realtime: Realtime, session: Session, channel_id: str, *, video: bool) -> Participant:
    platform = realtime.platform
    channel = _channel(realtime, session, channel_id)
    await platform.database.query("insert", "voice_states")
    try:
        room = platform.voice.room_of(channel)
        before = platform.voice.rooms.of(session.person.id)
        participant = await platform.voice.admit(session.person, room, video=video)
    except ValueError as error:
        raise Denied(INVALID_CHANNEL, str(error)) from None
    except FullError as error:
        raise Denied(JOIN_FAILED, str(error)) from None
    except UnavailableError as error:
        raise Denied(LIVEKIT_UNAVAILABLE, str(error)) from None
    if before is not None and before is not participant:
        await _out_of_rooms(realtime, session.id, before)
        await tell_server(realtime, before, "voice:state_update", _gone(before))
    participant.socket_id = session.id
    await realtime.fanout.enter(session.id, voice_room(channel.id))
    await realtime.fanout.enter(session.id, livekit_room(room.name))
    return participant


async def _exit(realtime: Realtime, session: Session, participant: Participant) -> None:
    realtime.platform.voice.leave(participant)
    await _out_of_rooms(realtime, session.id, participant)
    await realtime.fanout.emit("voice:left", {"channel_id": participant.channel_id}, session.id, kind=VOICE)
    await tell_server(realtime, participant, "voice:state_update", _gone(participant))


async def _out_of_rooms(realtime: Realtime, socket_id: str, participant: Participant) -> None:
    if participant.channel_id is not None:
        await realtime.fanout.leave(socket_id, voice_room(participant.channel_id))
    await realtime.fanout.leave(socket_id, livekit_room(participant.room.name))


def _gone(participant: Participant) -> dict[str, object]:
    return {**participant.view(), "channelId": None, "channel_id": None}


def _channel(realtime: Realtime, session: Session, channel_id: str) -> Channel:
    store = realtime.platform.store
    channel = store.channels.get(channel_id)
    server = store.servers.get(channel.server_id) if channel else None
    if channel is None or server is None:
        raise Denied(INVALID_CHANNEL, "Channel not found")
    if not store.server_members.has(server, session.person):
        raise Denied(FORBIDDEN, "You have no access to this channel")
    return channel


def _moderated(realtime: Realtime, session: Session, payload: OfParticipant) -> Participant:
    """Whom the owner of the channel's server may put out or mute. Raises Denied."""
    channel = _channel(realtime, session, payload.channel_id)
    server = realtime.platform.store.servers.get(channel.server_id)
    if server is None or server.owner_id != session.person.id:
        raise Denied(FORBIDDEN, "Only the server's owner may do that")
    target = realtime.platform.voice.rooms.of(payload.target_user_id)
    if target is None or target.channel_id != channel.id:
        raise Denied(INVALID_CHANNEL, "This user is not in the channel")
    return target


def _set(participant: Participant, flags: Flags) -> None:
    told = flags.model_dump(exclude_none=True, exclude={"audio_enabled", "video_enabled"})
    for name, value in told.items():
        setattr(participant, name, value)
    if flags.audio_enabled is not None:
        participant.self_mute = not flags.audio_enabled
    if flags.video_enabled is not None:
        participant.self_video = flags.video_enabled


EVENTS = (
    Event("voice:join", OfChannel, join, kind=VOICE, error=ERROR),
    Event("voice:join_channel", JoinChannel, join_channel, kind=VOICE, error=ERROR),
    Event("voice:leave", Nothing, leave, kind=VOICE, error=ERROR),
    Event("voice:leave_channel", Nothing, leave_channel, kind=VOICE, error=ERROR),
    Event("voice:state_update", Flags, state_update, kind=VOICE, error=ERROR),
    Event("voice:update_state", Flags, update_state, kind=VOICE, error=ERROR),
    Event("voice:speaking_state", Speaking, speaking, kind=VOICE, error=ERROR),
    Event("voice:kick_participant", OfParticipant, kick, kind=VOICE, error=ERROR),
    Event("voice:mute_participant", OfParticipant, mute, kind=VOICE, error=ERROR),
)
