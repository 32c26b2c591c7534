"""A platform on which nearly everything that dashboards show moves within an hour. KPIs are computed at full hours."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from simulator.profile.schema import Profile

_FAULTS: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("http_errors", "5m", "10m", {"intensity": 0.3}),
    ("latency", "5m", "10m", {"intensity": 0.5}),
    ("message_failures", "10m", "10m", {"intensity": 0.2}),
    ("message_latency", "10m", "10m", {}),
    ("websocket_disconnects", "10m", "10m", {"intensity": 0.5}),
    ("voice_packet_loss", "10m", "30m", {}),
    ("payment_failures", "10m", "40m", {}),
    ("queue_backlog", "10m", "20m", {}),
    ("cache_miss_storm", "15m", "10m", {}),
    ("redis_memory", "15m", "20m", {}),
    ("deadlocks", "20m", "10m", {}),
    ("replication_lag", "20m", "10m", {}),
    ("connections_exhausted", "30m", "5m", {}),
    ("certificate_expiry", "35m", "20m", {"parameters": {"remaining": "5m"}}),
    ("database_down", "40m", "3m", {}),
    ("redis_down", "45m", "3m", {}),
    ("outage", "50m", "3m", {"target": {"service": "api"}}),
)


def busy(*, faults: bool = True) -> Profile:
    """The profile, or its twin without faults."""
    return Profile.model_validate(
        {
            "name": "dashboards",
            "description": "Everything that dashboards show moves.",
            "seed": 7,
            "start": datetime(2026, 1, 7, 19, 30, tzinfo=ZoneInfo("Europe/Berlin")),
            "duration": "1h",
            "history": {"length": "8d", "resolution": "5m"},
            "platform": {"size": "tiny", "instances": {"api": 2, "postgres": 2}},
            "traffic": {"peak": "20/s", "shape": "evening", "time_zone": "Europe/Berlin"},
            "faults": [
                {"id": kind.replace("_", "-"), "kind": kind, "at": at, "for": length, **more}
                for kind, at, length, more in _FAULTS
                if faults
            ],
        }
    )
