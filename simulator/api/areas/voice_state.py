"""How voice as a whole is doing, for people who watch it, and LiveKit's webhooks (contract, section 4)."""

from __future__ import annotations

from typing import Literal

from simulator.api.exchange import Body, Exchange, Failure, Form, Reply
from simulator.api.platform import Platform
from simulator.api.routing import serve
from simulator.api.voice.livekit import NotFromLiveKitError
from simulator.catalog.voice import PARTICIPANTS_PER_SFU

VERSION = "1.5.0"
"""What the stand-in says LiveKit is."""


class Webhook(Body):
    """POST /voice/webhook."""

    event: Literal[
        "room_started",
        "room_finished",
        "participant_joined",
        "participant_left",
        "track_published",
        "track_unpublished",
    ]


async def active(platform: Platform, exchange: Exchange) -> Reply:
    """The rooms that somebody is in, and the caller's own voice state."""
    voice = platform.voice
    voice.sweep()
    mine = voice.rooms.of(exchange.caller.id)
    return Reply(
        {
            "activeRooms": [room.view() for room in voice.rooms if room.participants],
            "totalRooms": len(voice.rooms),
            "userVoiceStates": [mine.view()] if mine else [],
        }
    )


async def scale_status(platform: Platform, exchange: Exchange) -> Reply:
    """How full this instance is."""
    return Reply(_scale(platform))


async def health(platform: Platform, exchange: Exchange) -> Reply:
    """503 while nothing carries media."""
    voice = platform.voice
    voice.sweep()
    connected = voice.media.alive
    return Reply(
        {
            "status": "healthy" if connected else "unhealthy",
            "livekit": {"connected": connected, "rooms": voice.rooms.used, "version": VERSION},
            "scale": _scale(platform),
            "errors": {"recentErrorRate": round(voice.recent_error_rate(), 6), "totalErrors": voice.total_errors},
        },
        status=200 if connected else 503,
        form=Form.BARE,
    )


async def webhook(platform: Platform, exchange: Exchange) -> Reply:
    """Take in what LiveKit says, where it was LiveKit; the stand-in knows it already."""
    try:
        platform.voice.livekit.check_webhook(exchange.headers.get(b"authorization"), exchange.body)
    except NotFromLiveKitError as error:
        raise Failure(401, "UNAUTHORIZED", f"Not a webhook of LiveKit: {error}") from None
    exchange.read(Webhook)
    return Reply({"received": True}, form=Form.BARE)


def _scale(platform: Platform) -> dict[str, object]:
    voice = platform.voice
    return {
        "instance": platform.instance,
        "participants": voice.rooms.participants,
        "rooms": voice.rooms.used,
        "maxParticipants": PARTICIPANTS_PER_SFU,
        "callsEnded": voice.calls_ended,
        "poorCalls": dict(voice.poor_reasons),
    }


ENDPOINTS = (
    serve("GET", "voice/calls/active", active),
    serve("GET", "voice/scale/status", scale_status),
    serve("GET", "voice/health", health, limit=None),
    serve("POST", "voice/webhook", webhook, limit=None),
)
