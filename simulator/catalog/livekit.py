"""LiveKit, with the names of its own `pkg/telemetry/prometheus` (contract 5.9).

Where the contract gives labels they are the contract's; where it gives none they, and the buckets, are LiveKit's. The
server leaves its help texts empty; these are ours.
"""

from __future__ import annotations

from typing import Final

from simulator.catalog.families import (
    Count,
    Dimension,
    Family,
    Flow,
    Histogram,
    Level,
    Scores,
    constant,
    factors,
    same,
    shares,
)
from simulator.catalog.jobs import LIVEKIT
from simulator.catalog.voice import BAD_SCORES, GOOD_SCORES, SCORES
from simulator.telemetry.samples import MetricType

JITTER_BOUNDS: Final = (1e3, 1e4, 3e4, 5e4, 7e4, 1e5, 3e5, 6e5, 1e6)
RTT_BOUNDS: Final = (50.0, 100.0, 150.0, 200.0, 250.0, 500.0, 750.0, 1e3, 5e3, 1e4)
ROOM_BOUNDS: Final = (5.0, 10.0, 60.0, 300.0, 600.0, 1800.0, 3600.0, 7200.0, 18000.0, 36000.0)
SCORE_BOUNDS: Final = (1.0, 2.0, 2.5, 3.0, 3.25, 3.5, 3.75, 4.0, 4.25, 4.5)

_NODE = Dimension(("node_id", "node_type"), ((("ND_cryb", "SERVER"), 1.0),))
_NODE_LABELS = ("node_id", "node_type")
_DIRECTION = shares("direction", {"outgoing": 210, "incoming": 85})
_STREAMS = Dimension(
    ("source", "type"),
    ((("MICROPHONE", "AUDIO"), 0.66), (("CAMERA", "VIDEO"), 0.26), (("SCREEN_SHARE", "VIDEO"), 0.08)),
    tiny=1,
)

PACKETS = Flow(
    "livekit.packets",
    "livekit.packets",
    (_NODE, _DIRECTION, shares("type", {"initial": 99.2, "retransmit": 0.8})),
    dispersion=30.0,
)
BYTES = Flow(
    "livekit.bytes",
    "livekit.bytes",
    (_NODE, _DIRECTION, shares("type", {"initial": 99.2, "retransmit": 0.8})),
    dispersion=20000.0,
)
LOST = Flow("livekit.lost", "livekit.packets_lost", (_NODE, _DIRECTION, _STREAMS), dispersion=3.0)
NACKS = Flow("livekit.nacks", "livekit.nacks", (_NODE, _DIRECTION))
PLIS = Flow("livekit.plis", "livekit.plis", (_NODE, _DIRECTION))
JITTERS = Flow(
    "livekit.jitters",
    "livekit.stream_reports",
    (_NODE, _DIRECTION, _STREAMS),
    spread="livekit.jitter",
    bounds=JITTER_BOUNDS,
)
RTTS = Flow(
    "livekit.rtts", "livekit.stream_reports", (_NODE, _DIRECTION, _STREAMS), spread="livekit.rtt", bounds=RTT_BOUNDS
)
ROOMS = Flow("livekit.rooms_ended", "livekit.rooms_ended", (_NODE,), spread="livekit.room", bounds=ROOM_BOUNDS)
QUALITY = Flow(
    "livekit.scores",
    "livekit.scores",
    (_NODE, shares("_value", {f"{float(score) / 2:g}": weight for score, weight in SCORES.items()})),
    outcome="_value",
    healthy=tuple(f"{float(score) / 2:g}" for score in GOOD_SCORES),
    failures={f"{float(score) / 2:g}": f"voice.rated_{score}" for score in BAD_SCORES},
)
JOINS = Flow(
    "livekit.joins",
    "livekit.joins",
    (
        _NODE,
        constant("_init", "rtc_init"),
        constant("_rtc", "rtc_connected"),
        shares("_signal", {"signal_connected": 0.9992, "signal_failed": 0.0008}),
    ),
    outcome="_signal",
    healthy=("signal_connected",),
    failures={"signal_failed": "livekit.refused"},
)

_C, _G, _H = MetricType.COUNTER, MetricType.GAUGE, MetricType.HISTOGRAM


def _gauge(name: str, text: str, signal: str, *more: Dimension) -> Family:
    return Family(LIVEKIT, name, _G, text, Level(signal, (_NODE, *more), noise=0.01, whole=True))


def _counter(name: str, text: str, flow: Flow, *labels: str) -> Family:
    return Family(LIVEKIT, name, _C, text, Count(flow, same(*_NODE_LABELS, *labels)))


def _joined(state: str, **where: str) -> Family:
    view = Count(
        JOINS, {**same(*_NODE_LABELS), "state": state}, where={name: (value,) for name, value in where.items()}
    )
    return Family(LIVEKIT, "livekit_participant_join_total", _C, "Attempts to join, by how far they came", view)


FAMILIES: tuple[Family, ...] = (
    _gauge("livekit_room_total", "Rooms", "livekit.rooms"),
    _gauge("livekit_participant_total", "Participants", "livekit.participants"),
    _joined("_signal", _signal="signal_connected"),
    _joined("_signal", _signal="signal_failed"),
    _joined("_init", _signal="signal_connected"),
    _joined("_rtc", _signal="signal_connected"),
    _gauge(
        "livekit_track_published_total",
        "Tracks published",
        "livekit.participants",
        factors("kind", {"AUDIO": 0.94, "VIDEO": 0.31}),
    ),
    _gauge(
        "livekit_track_subscribed_total",
        "Tracks subscribed",
        "livekit.participants",
        factors("kind", {"AUDIO": 2.3, "VIDEO": 0.72}),
    ),
    _counter("livekit_packet_total", "Packets", PACKETS, "direction", "type"),
    _counter("livekit_packet_bytes", "Bytes of packets", BYTES, "direction", "type"),
    _counter("livekit_packet_loss_total", "Packets lost", LOST, "direction", "source", "type"),
    _counter("livekit_nack_total", "Packets asked for again", NACKS, "direction"),
    _counter("livekit_pli_total", "Whole pictures asked for", PLIS, "direction"),
    Family(
        LIVEKIT,
        "livekit_rtt_ms",
        _H,
        "Round trip time",
        Histogram(RTTS, same(*_NODE_LABELS, "direction", "source", "type")),
    ),
    Family(
        LIVEKIT,
        "livekit_jitter_us",
        _H,
        "Jitter",
        Histogram(JITTERS, same(*_NODE_LABELS, "direction", "source", "type")),
    ),
    Family(
        LIVEKIT,
        "livekit_room_duration_seconds",
        _H,
        "Life of a room",
        Histogram(ROOMS, same(*_NODE_LABELS)),
        unit="seconds",
    ),
    Family(
        LIVEKIT,
        "livekit_quality_score",
        _H,
        "Quality of connections, as a mean opinion",
        Scores(QUALITY, same(*_NODE_LABELS), SCORE_BOUNDS),
    ),
)
