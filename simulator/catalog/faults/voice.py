"""Faults of voice and video."""

from __future__ import annotations

from simulator.catalog.faults.kinds import FaultKind, Parameter

_LIVE = "the media relay does it to the packets of that share of rooms; the model shows it in the families that it owns"
_CALLS = "share of calls that are affected"
_POOR = ("MOS falls", "poor calls rise", "engagement falls")

KINDS: tuple[FaultKind, ...] = (
    FaultKind(
        name="voice_packet_loss",
        summary="packets of calls are lost, in bursts",
        service="livekit",
        intensity=_CALLS,
        scopes=("instance", "region"),
        effects=("packet loss rises", *_POOR),
        live=_LIVE,
        parameters=(
            Parameter("loss", "factor", 0.12, 0.001, 0.9, "share of an affected call's packets that are lost"),
            Parameter("burst", "factor", 3.0, 1.0, 50.0, "packets lost in a row, on average"),
        ),
    ),
    FaultKind(
        name="voice_jitter",
        summary="packets of calls arrive unevenly, so that the jitter buffer waits longer and still drops some",
        service="livekit",
        intensity=_CALLS,
        scopes=("instance", "region"),
        effects=("jitter rises", *_POOR),
        live=_LIVE,
        parameters=(Parameter("jitter", "duration", 100, 1, 1000, "jitter added to an affected call (RFC 3550)"),),
    ),
    FaultKind(
        name="voice_delay",
        summary="calls are routed a long way round",
        service="livekit",
        intensity=_CALLS,
        scopes=("instance", "region"),
        effects=("round trip time rises", *_POOR),
        live=_LIVE,
        parameters=(Parameter("delay", "duration", 450, 1, 5000, "one-way delay added to an affected call"),),
    ),
    FaultKind(
        name="sfu_capacity",
        summary="voice rooms fill up: a crowd, or sessions that are never closed",
        service="livekit",
        intensity="share of the SFU's free places that are taken",
        scopes=("instance",),
        effects=(
            "participants rise towards the SFU's capacity",
            "above 90 % of it, jitter and packet loss rise and calls become poor",
            "at the limit, joins are refused",
            "engagement falls",
        ),
        live="the API refuses joins, the media relay loses and delays packets; the model shows the families it owns",
    ),
)
