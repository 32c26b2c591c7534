"""What people say to each other, as the business sees it: calls and messages (contract 5.6, and of 5.8 what the
business-metrics exporter has of them)."""

from __future__ import annotations

from simulator.catalog.families import Family, Flow, Histogram, Level, Scores, factors, same, shares
from simulator.catalog.jobs import BUSINESS_METRICS, CRYB_API
from simulator.telemetry.samples import MetricType
from simulator.units import MINUTE

_G, _H = MetricType.GAUGE, MetricType.HISTOGRAM
_5M = 5 * MINUTE
_CALL_SECONDS = {"20": 0.14, "45": 0.12, "180": 0.24, "600": 0.24, "1300": 0.13, "2600": 0.09, "5000": 0.04}

_CALLS = Flow(
    "business.calls",
    signal="voice.calls",
    dimensions=(
        shares("call_type", {"voice": 0.78, "video": 0.22}, tiny=1),
        shares("quality_tier", {"good": 0.85, "fair": 0.14, "poor": 0.01}),
        shares("_value", _CALL_SECONDS),
    ),
    outcome="quality_tier",
    healthy=("good", "fair"),
    failures={"poor": "voice.turns_poor"},
)
_VIDEO_SCORES = Flow(
    "business.video_scores",
    signal="voice.calls",
    dimensions=(
        shares("_part", {"video": 0.22, "other": 0.78}),
        shares("_value", {"9.4": 0.4, "8.6": 0.36, "7.7": 0.16, "6.5": 0.06, "4.8": 0.015, "2.6": 0.005}),
    ),
    outcome="_value",
    healthy=("9.4", "8.6", "7.7", "6.5"),
    failures={"2.6": "voice.turns_poor"},
)
_DELIVERIES = Flow(
    "business.deliveries",
    signal="messages.sent",
    spread="messages.delivery",
    bounds=(0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5),
)


def _daily(name: str, text: str, level: Level) -> Family:
    return Family(BUSINESS_METRICS, f"cryb_business_{name}", _G, text, level)


FAMILIES: tuple[Family, ...] = (
    Family(
        CRYB_API,
        "cryb_voice_call_success_rate",
        _G,
        "Calls that were set up and held, percent",
        Level(
            "voice.success_percent",
            (factors("call_type", {"voice": 1.0, "video": 0.992}),),
            noise=0.001,
            high=100.0,
            refresh_ms=_5M,
        ),
    ),
    Family(
        CRYB_API,
        "cryb_voice_call_duration_business_seconds",
        _H,
        "Length of a call by its quality",
        Scores(_CALLS, same("call_type", "quality_tier"), (30.0, 60.0, 300.0, 900.0, 1800.0, 3600.0)),
        unit="seconds",
    ),
    Family(
        CRYB_API,
        "cryb_video_call_quality_score",
        _H,
        "Quality of a video call, of ten",
        Scores(_VIDEO_SCORES, {}, tuple(float(score) for score in range(1, 11)), where={"_part": ("video",)}),
    ),
    Family(
        CRYB_API,
        "cryb_realtime_message_latency_business_seconds",
        _H,
        "Time to deliver a message",
        Histogram(_DELIVERIES, {}),
        unit="seconds",
    ),
    _daily(
        "message_delivery_rate",
        "Messages delivered, percent",
        Level("messages.delivered_percent", high=100.0, refresh_ms=_5M),
    ),
    _daily("total_messages", "Messages", Level("messages.total", whole=True, refresh_ms=_5M)),
    _daily(
        "daily_messages",
        "Messages of a day",
        Level("messages.daily", (factors("type", {"all": 1.0, "direct": 0.31}),), whole=True, refresh_ms=_5M),
    ),
    _daily("total_voice_calls", "Calls", Level("voice.total_calls", whole=True, refresh_ms=_5M)),
    _daily(
        "daily_voice_minutes", "Minutes of calls in a day", Level("voice.daily_minutes", whole=True, refresh_ms=_5M)
    ),
    _daily(
        "voice_call_quality_score",
        "Quality of calls, of ten",
        Level("voice.mos", scale=2.0, noise=0.002, high=10.0, refresh_ms=_5M),
    ),
)
