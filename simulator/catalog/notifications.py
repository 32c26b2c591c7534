"""Notifications (contract 5.5)."""

from __future__ import annotations

from typing import Final

from simulator.catalog.families import (
    CausedBy,
    Count,
    Dimension,
    Family,
    Flow,
    Histogram,
    Scores,
    same,
    shares,
)
from simulator.catalog.jobs import CRYB_API
from simulator.telemetry.samples import MetricType

LATENCY_BOUNDS: Final = (0.1, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 600.0)
RATE_BOUNDS: Final = (0.0, 0.5, 0.8, 0.9, 0.95, 0.99, 1.0)

# type, channel, priority, how it travels; weight
_KINDS: Final = (
    (("MESSAGE", "websocket", "high", "instant"), 30.0),
    (("MESSAGE", "push", "high", "push"), 17.0),
    (("DM", "push", "high", "push"), 12.0),
    (("MENTION", "in_app", "normal", "instant"), 10.0),
    (("MENTION", "push", "high", "push"), 8.0),
    (("LIKE", "in_app", "low", "instant"), 7.0),
    (("REPLY", "in_app", "normal", "instant"), 11.0),
    (("SYSTEM", "email", "low", "mail"), 1.5),
    (("VOICE_CALL", "push", "high", "push"), 1.0),
)
_ALL = sum(weight for _, weight in _KINDS)
KINDS = Dimension(
    ("type", "channel", "priority", "_way"), tuple((values, weight / _ALL) for values, weight in _KINDS), tiny=1
)
FAILED: Final = {"invalid_token": 1.2e-3, "provider_error": 4e-4, "rate_limited": 2e-4, "timeout": 2e-4}
"""Reasons for which notifications fail on a good day, as shares of all of them."""

NOTIFICATIONS = Flow(
    "notifications",
    "notifications.wanted",
    (KINDS, shares("reason", {"": 1.0 - sum(FAILED.values()), **FAILED})),
    outcome="reason",
    healthy=("",),
    failures={"timeout": "notifications.fails_timeout"},
    spread="notifications.{_way}",
    bounds=LATENCY_BOUNDS,
)
BATCHES = Flow(
    "notifications.batches",
    "notifications.batches",
    (KINDS, shares("_value", {"1": 78, "0.995": 15, "0.97": 5, "0.93": 1.6, "0.85": 0.4})),
    outcome="_value",
    healthy=("1", "0.995", "0.97"),
    failures={"0.85": "notifications.fails_timeout"},
)

_C, _H = MetricType.COUNTER, MetricType.HISTOGRAM

FAMILIES: tuple[Family, ...] = (
    Family(
        CRYB_API,
        "cryb_notifications_sent_total",
        _C,
        "Notifications",
        Count(NOTIFICATIONS, same("type", "channel"), where={"reason": ("",)}),
        caused_by=CausedBy.API,
    ),
    Family(
        CRYB_API,
        "cryb_notifications_failed_total",
        _C,
        "Notifications that never arrived",
        Count(NOTIFICATIONS, same("type", "channel", "reason"), where={"reason": tuple(FAILED)}),
    ),
    Family(
        CRYB_API,
        "cryb_notification_latency_seconds",
        _H,
        "Time until a notification is delivered",
        Histogram(NOTIFICATIONS, same("type", "channel", "priority"), where={"reason": ("",)}),
        unit="seconds",
    ),
    Family(
        CRYB_API,
        "cryb_notification_delivery_rate",
        _H,
        "Share of a batch that is delivered",
        Scores(BATCHES, same("type", "channel"), RATE_BOUNDS),
    ),
)
