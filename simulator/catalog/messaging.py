"""Messages and Socket.IO as the API counts them (contract 5.2)."""

from __future__ import annotations

from typing import Final

from simulator.catalog.families import (
    CausedBy,
    Count,
    Dimension,
    Family,
    Flow,
    Histogram,
    Level,
    constant,
    factors,
    same,
    shares,
)
from simulator.catalog.jobs import CRYB_API
from simulator.telemetry.samples import MetricType

LOAD: Final = "socketio"
"""What the load has to drive for the API to count sockets itself."""
LATENCY_BOUNDS: Final = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 2.0)
EVENT_BOUNDS: Final = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
VOLUME_BOUNDS: Final = (1.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0, 2500.0, 5000.0)

CHANNELS = shares("channel_type", {"text": 70, "dm": 22, "voice": 5, "announcement": 3}, tiny=2)
WRITERS = shares("message_type", {"user": 91, "bot": 6, "system": 3}, tiny=1)
FAILED: Final = {"rate_limited": 1.5e-4, "validation": 1e-4, "database": 5e-5, "timeout": 5e-5, "unknown": 5e-5}
"""Reasons for which messages fail on a good day, as shares of all messages."""

MESSAGES = Flow(
    "messages",
    signal="messages.attempted",
    dimensions=(CHANNELS, WRITERS, shares("_end", {"delivered": 1.0 - sum(FAILED.values()), **FAILED})),
    outcome="_end",
    healthy=("delivered",),
    failures={
        "unknown": "messages.fails_unknown",
        "database": "messages.fails_database",
        "timeout": "messages.fails_timeout",
    },
    spread="messages.delivery",
    bounds=LATENCY_BOUNDS,
)
VOLUMES = Flow("channels.volume", "channels.measured", (CHANNELS,), spread="messages.volume", bounds=VOLUME_BOUNDS)

ATTEMPT_ERRORS: Final = {"auth": 9e-4, "timeout": 4e-4, "transport": 5e-4, "rate_limit": 2e-4}
ATTEMPTS = Flow(
    "socket.attempts",
    signal="socket.attempts",
    dimensions=(shares("error_type", {"": 1.0 - sum(ATTEMPT_ERRORS.values()), **ATTEMPT_ERRORS}),),
    outcome="error_type",
    healthy=("",),
    failures={"transport": "socket.fails_transport", "timeout": "socket.fails_timeout"},
)
EVENTS: Final = (
    (("message:create", "channel"), 24.0),
    (("presence:update", "server"), 20.0),
    (("channel:typing_start", "channel"), 17.0),
    (("message:create", "dm"), 8.0),
    (("heartbeat", "default"), 7.0),
    (("message:reaction_add", "channel"), 6.0),
    (("channel:join", "channel"), 4.0),
    (("server:join", "server"), 3.0),
    (("message:update", "channel"), 3.0),
    (("voice:state_update", "voice"), 3.0),
    (("message:mention", "default"), 2.5),
    (("message:delete", "channel"), 1.5),
)
"""Events by name and class of room, and their weights."""
_ALL = sum(weight for _, weight in EVENTS)
SOCKET_EVENTS = Flow(
    "socket.events",
    "socket.events",
    (Dimension(("event", "room"), tuple((names, weight / _ALL) for names, weight in EVENTS), tiny=2),),
    spread="socket.event",
    bounds=EVENT_BOUNDS,
)

_C, _G, _H = MetricType.COUNTER, MetricType.GAUGE, MetricType.HISTOGRAM

FAMILIES: tuple[Family, ...] = (
    Family(
        CRYB_API,
        "cryb_messages_total",
        _C,
        "Messages sent",
        Count(MESSAGES, same("channel_type", "message_type")),
        caused_by=CausedBy.API,
    ),
    Family(
        CRYB_API,
        "cryb_messages_failed_total",
        _C,
        "Messages that could not be sent",
        Count(MESSAGES, {"channel_type": "channel_type", "reason": "_end"}, where={"_end": tuple(FAILED)}),
        caused_by=CausedBy.API,
    ),
    Family(
        CRYB_API,
        "cryb_message_latency_seconds",
        _H,
        "Time to deliver a message",
        Histogram(MESSAGES, same("channel_type", "message_type"), where={"_end": ("delivered",)}),
        unit="seconds",
        caused_by=CausedBy.API,
    ),
    Family(
        CRYB_API,
        "cryb_message_volume_per_hour",
        _H,
        "Messages of a channel within an hour",
        Histogram(VOLUMES, same("channel_type")),
    ),
    Family(
        CRYB_API,
        "socketio_connected_clients",
        _G,
        "Connected sockets",
        Level("socket.connections_here", noise=0.004, whole=True),
        caused_by=CausedBy.API,
        with_load=LOAD,
    ),
    Family(
        CRYB_API,
        "socketio_connection_attempts_total",
        _C,
        "Attempts to connect",
        Count(ATTEMPTS, {}),
        caused_by=CausedBy.API,
        with_load=LOAD,
    ),
    Family(
        CRYB_API,
        "socketio_connection_errors_total",
        _C,
        "Attempts to connect that failed",
        Count(ATTEMPTS, same("error_type"), where={"error_type": tuple(ATTEMPT_ERRORS)}),
        caused_by=CausedBy.API,
        with_load=LOAD,
    ),
    Family(
        CRYB_API,
        "socketio_messages_total",
        _C,
        "Events over sockets",
        Count(SOCKET_EVENTS, same("event", "room")),
        caused_by=CausedBy.API,
        with_load=LOAD,
    ),
    Family(
        CRYB_API,
        "socketio_message_duration_seconds",
        _H,
        "Time to handle an event",
        Histogram(SOCKET_EVENTS, same("event")),
        unit="seconds",
        caused_by=CausedBy.API,
        with_load=LOAD,
    ),
    Family(
        CRYB_API,
        "socketio_message_queue_size",
        _G,
        "Packets that wait to be sent",
        Level("socket.waiting", noise=0.2, whole=True),
        caused_by=CausedBy.API,
        with_load=LOAD,
    ),
    Family(
        CRYB_API,
        "socketio_rooms_active",
        _G,
        "Rooms that somebody is in",
        Level("socket.rooms", (constant("namespace", "/"),), noise=0.004, whole=True),
        caused_by=CausedBy.API,
        with_load=LOAD,
    ),
    Family(
        CRYB_API,
        "cryb_realtime_connections_total",
        _G,
        "Connected sockets by transport",
        Level(
            "socket.connections_here",
            (factors("type", {"websocket": 0.94, "polling": 0.06}),),
            noise=0.004,
            whole=True,
        ),
        caused_by=CausedBy.API,
        with_load=LOAD,
    ),
)
