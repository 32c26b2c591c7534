"""Voice and video as the API counts them (contract 5.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from simulator.catalog.families import (
    CausedBy,
    Count,
    Dimension,
    Family,
    Flow,
    Histogram,
    Level,
    Scores,
    View,
    constant,
    factors,
    same,
    shares,
)
from simulator.catalog.jobs import CRYB_API
from simulator.telemetry.samples import MetricType

PARTICIPANTS_PER_SFU: Final = 500
"""How many participants one LiveKit node has places for. No metric tells it: a rule has to know the number."""
OVERLOAD_FROM: Final = 0.9
"""From this share of its places on, an SFU forwards late and loses packets; when it is full, so much of both."""
OVERLOAD_JITTER_MS: Final = 90.0
OVERLOAD_LOSS: Final = 0.06
POOR_SHARE: Final = 0.0042
"""Share of calls that are poor on a good day: what the E-model makes of the paths below."""


@dataclass(frozen=True)
class Access:
    """How callers of one kind reach the SFU: share of calls; loss ratio and mean packets lost in a row; jitter and
    one-way delay; the share of 30 s reports that see no loss at all. Typical values, none of them measured on CRYB."""

    share: float
    loss: float
    burst: float
    jitter_ms: float
    delay_ms: float
    lossless: float


PATHS: Final[dict[str, Access]] = {
    "wifi": Access(0.45, 0.003, 1.8, 6.0, 36.0, 0.55),
    "ethernet": Access(0.30, 0.001, 1.2, 2.0, 30.0, 0.8),
    "cellular": Access(0.20, 0.007, 2.2, 11.0, 58.0, 0.35),
    "vpn": Access(0.05, 0.003, 1.5, 6.0, 65.0, 0.6),
}

LOSS_BOUNDS: Final = (0.0, 0.1, 0.5, 1.0, 2.0, 5.0, 10.0)
DURATION_BOUNDS: Final = (10.0, 30.0, 60.0, 300.0, 600.0, 1800.0, 3600.0)
BITRATE_BOUNDS: Final = (100.0, 500.0, 1000.0, 2000.0, 5000.0, 10000.0)
SCORE_BOUNDS: Final = (0.0, 2.0, 4.0, 6.0, 8.0, 10.0)

SCORES: Final = {"8.7": 55.0, "8.1": 32.0, "7.2": 11.0, "6.2": 1.6, "4.6": 0.33, "2.9": 0.09}
"""Scores out of ten that calls get, twice their mean opinion, and how often on a good day."""
GOOD_SCORES, BAD_SCORES = ("8.7", "8.1", "7.2"), ("6.2", "4.6", "2.9")

TYPES: Final = {"voice": 0.72, "video": 0.2, "screen_share": 0.08}
_CONNECTIONS = shares("connection_type", {name: path.share for name, path in PATHS.items()}, tiny=1)
_CODECS = Dimension(
    ("type", "codec"),
    (
        (("voice", "opus"), 0.72),
        (("video", "vp8"), 0.11),
        (("screen_share", "vp9"), 0.08),
        (("video", "h264"), 0.05),
        (("video", "vp9"), 0.03),
        (("video", "av1"), 0.01),
    ),
    tiny=2,
)
_PICTURES = Dimension(
    ("codec", "resolution"),
    (
        (("vp8", "720p"), 0.58),
        (("h264", "360p"), 0.26),
        (("vp9", "1080p"), 0.16),
    ),
    tiny=1,
)

CALLS = Flow(
    "voice.calls",
    "voice.calls",
    (shares("type", TYPES, tiny=2), shares("_quality", {"good": 1.0 - POOR_SHARE, "poor": POOR_SHARE})),
    outcome="_quality",
    healthy=("good",),
    failures={"poor": "voice.turns_poor"},
    spread="voice.call",
    bounds=DURATION_BOUNDS,
)
RATINGS = Flow(
    "voice.ratings",
    "voice.calls",
    (_CODECS, shares("_value", SCORES)),
    outcome="_value",
    healthy=GOOD_SCORES,
    failures={score: f"voice.rated_{score}" for score in BAD_SCORES},
)
AUDIO_REPORTS = Flow(
    "voice.audio_reports",
    "voice.reports",
    (constant("codec", "opus"), _CONNECTIONS),
    spread="voice.loss.{connection_type}",
    bounds=LOSS_BOUNDS,
)
VIDEO_REPORTS = Flow(
    "voice.video_reports",
    "voice.video_reports",
    (_PICTURES, _CONNECTIONS),
    spread="voice.loss.{connection_type}",
    bounds=LOSS_BOUNDS,
)
STREAMS = Flow(
    "voice.streams", "voice.video_reports", (_PICTURES,), spread="voice.bitrate.{resolution}", bounds=BITRATE_BOUNDS
)

_C, _G, _H = MetricType.COUNTER, MetricType.GAUGE, MetricType.HISTOGRAM
LOAD: Final = "voice"
"""The load scenario whose calls the API truly sets up; without it, calls are the model's. (Video is the model's.)"""


def _caused_by_api(name: str, kind: MetricType, text: str, view: View, unit: str = "") -> Family:
    return Family(CRYB_API, name, kind, text, view, unit, caused_by=CausedBy.API, with_load=LOAD)


FAMILIES: tuple[Family, ...] = (
    _caused_by_api("cryb_voice_calls_total", _C, "Calls", Count(CALLS, same("type"))),
    _caused_by_api(
        "cryb_voice_calls_poor_quality_total",
        _C,
        "Calls of poor quality",
        Count(CALLS, same("type"), where={"_quality": ("poor",)}),
    ),
    _caused_by_api(
        "cryb_voice_calls_active",
        _G,
        "Calls that go on",
        Level("voice.active_here", (factors("type", TYPES, tiny=2),), noise=0.02, whole=True),
    ),
    _caused_by_api(
        "cryb_voice_call_duration_seconds", _H, "Length of a call", Histogram(CALLS, same("type")), unit="seconds"
    ),
    _caused_by_api(
        "cryb_voice_call_quality_score",
        _H,
        "Quality of a call out of ten",
        Scores(RATINGS, same("type", "codec"), SCORE_BOUNDS),
    ),
    _caused_by_api(
        "cryb_audio_packet_loss_percent",
        _H,
        "Audio packets that a client missed within a report",
        Histogram(AUDIO_REPORTS, same("codec", "connection_type")),
    ),
    Family(
        CRYB_API,
        "cryb_video_packet_loss_percent",
        _H,
        "Video packets that a client missed within a report",
        Histogram(VIDEO_REPORTS, same("codec", "resolution", "connection_type")),
    ),
    Family(
        CRYB_API,
        "cryb_video_stream_bitrate_kbps",
        _H,
        "Bitrate of video streams",
        Histogram(STREAMS, same("resolution", "codec")),
    ),
)
