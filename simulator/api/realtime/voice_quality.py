"""What clients tell of their connections over sockets: offers and candidates for each other, states, quality."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from simulator.api.realtime.events import Event
from simulator.api.realtime.payloads import Id, Nothing, Payload
from simulator.api.realtime.sessions import Session
from simulator.api.realtime.state import Realtime
from simulator.api.realtime.voice import ERROR, here, tell_room
from simulator.api.sockets.rooms import VOICE, user_room
from simulator.api.voice.quality import Sample
from simulator.catalog.voice_lines import Reason
from simulator.clock import rfc3339


class Signal(Payload):
    """webrtc:offer, webrtc:answer, webrtc:ice_candidate: handed on as they are."""

    target_user_id: Id
    channel_id: str | None = None
    offer: Any = None
    answer: Any = None
    candidate: Any = None


class ConnectionState(Payload):
    """webrtc:connection_state."""

    bare = "state"
    state: Literal["connecting", "connected", "disconnected", "failed"]
    target_user_id: str | None = None


class QualityReport(Payload):
    """voice:quality_report."""

    jitter: float | None = Field(default=None, ge=0)
    packet_loss: float | None = Field(default=None, ge=0, le=100)
    rtt: float | None = Field(default=None, ge=0)
    audio_level: float | None = Field(default=None, ge=0, le=1)


class QualityAnalytics(QualityReport):
    """voice:quality_analytics: the full sample. What is not named here is not looked at."""

    network_type: str = Field(default="unknown", max_length=40)
    mos_score: float | None = Field(default=None, ge=0, le=5)
    quality_score: float | None = Field(default=None, ge=0, le=5)


class ScreenShare(Payload):
    """screenshare:start."""

    source: Literal["screen", "window", "tab"] = "screen"
    audio: bool = False


async def offer(realtime: Realtime, session: Session, payload: Signal) -> None:
    """Hand an offer to somebody."""
    await _hand_on(realtime, session, "webrtc:offer", payload)


async def answer(realtime: Realtime, session: Session, payload: Signal) -> None:
    """Hand an answer to somebody."""
    await _hand_on(realtime, session, "webrtc:answer", payload)


async def candidate(realtime: Realtime, session: Session, payload: Signal) -> None:
    """Hand an ICE candidate to somebody."""
    await _hand_on(realtime, session, "webrtc:ice_candidate", payload)


async def connection_state(realtime: Realtime, session: Session, payload: ConnectionState) -> None:
    """How somebody's connection is; the others hear it, and one that failed makes the call poor."""
    participant = here(realtime, session)
    if payload.state in ("failed", "disconnected"):
        participant.quality.note(Reason.DISCONNECT)
    told = {"userId": session.person.id, "state": payload.state, "channelId": participant.channel_id}
    await tell_room(realtime, participant, "voice:connection_state_changed", told, skip=session.id)


async def quality_report(realtime: Realtime, session: Session, payload: QualityReport) -> None:
    """Take in how somebody's call is."""
    sample = Sample(loss_percent=payload.packet_loss, jitter_ms=payload.jitter, rtt_ms=payload.rtt)
    realtime.platform.voice.report(here(realtime, session), sample)


async def quality_analytics(realtime: Realtime, session: Session, payload: QualityAnalytics) -> None:
    """The same in full; where it is bad, the client is told."""
    participant = here(realtime, session)
    sample = Sample(
        loss_percent=payload.packet_loss,
        jitter_ms=payload.jitter,
        rtt_ms=payload.rtt,
        mos=payload.mos_score,
        score=payload.quality_score,
        connection_type=payload.network_type,
    )
    now_ms = realtime.platform.clock.now_ms()
    realtime.platform.voice.report(participant, sample)
    common = {"userId": session.person.id, "channelId": participant.channel_id, "timestamp": rfc3339(now_ms)}
    severity = sample.alert()
    if severity is not None:
        told = {**common, "severity": severity, "qualityScore": sample.opinion, "packetLoss": sample.loss_percent}
        await realtime.fanout.emit("voice:quality_alert", told, session.id, kind=VOICE)
    warning = participant.quality.warning(now_ms)
    if warning is not None:
        await realtime.fanout.emit("voice:quality_warning", {**common, **warning}, session.id, kind=VOICE)


async def ping(realtime: Realtime, session: Session, payload: Nothing) -> None:
    """Somebody is still there."""
    participant = realtime.platform.voice.rooms.of(session.person.id)
    now_ms = realtime.platform.clock.now_ms()
    if participant is not None:
        participant.seen_ms = now_ms
    await realtime.fanout.emit("voice:pong", {"timestamp": rfc3339(now_ms)}, session.id, kind=VOICE)


async def share_start(realtime: Realtime, session: Session, payload: ScreenShare) -> None:
    """Show one's screen; the others hear it."""
    participant = here(realtime, session)
    share = realtime.platform.voice.share_screen(participant)
    told = {"channelId": participant.channel_id, "source": payload.source, "identity": share.identity}
    await realtime.fanout.emit("screenshare:start_success", told, session.id, kind=VOICE)
    await tell_room(
        realtime, participant, "screenshare:started", {**told, "userId": session.person.id}, skip=session.id
    )


async def share_stop(realtime: Realtime, session: Session, payload: Nothing) -> None:
    """Stop showing it. Where nothing was shown, nothing happens."""
    participant = here(realtime, session)
    voice = realtime.platform.voice
    for identity in [name for name, one in voice.screens.items() if one.participant is participant]:
        voice.stop_screen(identity)
    told = {"channelId": participant.channel_id}
    await realtime.fanout.emit("screenshare:stop_success", told, session.id, kind=VOICE)
    await tell_room(
        realtime, participant, "screenshare:stopped", {**told, "userId": session.person.id}, skip=session.id
    )


async def _hand_on(realtime: Realtime, session: Session, event: str, payload: Signal) -> None:
    participant = here(realtime, session)
    content = payload.model_dump(by_alias=True, exclude_none=True, exclude={"target_user_id"})
    told = {"channelId": participant.channel_id, **content, "fromUserId": session.person.id}
    await realtime.fanout.emit(event, told, user_room(payload.target_user_id), kind=VOICE)


EVENTS = (
    Event("webrtc:offer", Signal, offer, kind=VOICE, error=ERROR),
    Event("webrtc:answer", Signal, answer, kind=VOICE, error=ERROR),
    Event("webrtc:ice_candidate", Signal, candidate, kind=VOICE, error=ERROR),
    Event("webrtc:connection_state", ConnectionState, connection_state, kind=VOICE, error=ERROR),
    Event("voice:quality_report", QualityReport, quality_report, kind=VOICE, error=ERROR),
    Event("voice:quality_analytics", QualityAnalytics, quality_analytics, kind=VOICE, error=ERROR),
    Event("voice:ping", Nothing, ping, kind=VOICE, error=ERROR),
    Event("screenshare:start", ScreenShare, share_start, kind=VOICE, error=ERROR),
    Event("screenshare:stop", Nothing, share_stop, kind=VOICE, error=ERROR),
)
