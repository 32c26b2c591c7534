"""The platform's own exporters of the real-time layer: websocket-monitoring and socketio-exporter (contract 5.8)."""

from __future__ import annotations

from typing import Final

from simulator.catalog.families import (
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
from simulator.catalog.jobs import SOCKETIO, WEBSOCKET_MONITORING
from simulator.catalog.messaging import ATTEMPT_ERRORS, EVENT_BOUNDS, EVENTS
from simulator.telemetry.samples import MetricType

LIFE_BOUNDS: Final = (1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 600.0, 1800.0, 3600.0)
ROOM_BOUNDS: Final = (1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0)

_NAMESPACE = constant("namespace", "/")
_TRANSPORT = shares("transport", {"websocket": 91, "polling": 9})
_ROOM_TYPES = shares("room_type", {"channel": 52, "user": 24, "server": 15, "dm": 6, "voice": 3}, tiny=1)
_EVENT_SHARES: Final = {
    event: sum(weight for (name, _), weight in EVENTS if name == event)
    for event in ("message:create", "presence:update", "channel:typing_start", "heartbeat", "message:reaction_add")
}
"""The exporter looks at the events that matter, by their weights among all."""
_EVENTS = shares("event", _EVENT_SHARES, tiny=1)
_ROOMS = {"all": 1.0, "server": 0.98, "channel": 0.86, "default": 1.0, "dm": 0.11, "voice": 0.07}
"""Share of the connections that are in some room of each class."""

ATTEMPTS = Flow(
    "socketio.attempts",
    "socket.attempts",
    (_NAMESPACE, _TRANSPORT, shares("error_type", {"": 1.0 - sum(ATTEMPT_ERRORS.values()), **ATTEMPT_ERRORS})),
    outcome="error_type",
    healthy=("",),
    failures={"transport": "socket.fails_transport", "timeout": "socket.fails_timeout"},
)
MESSAGES = Flow(
    "socketio.messages",
    "socket.events",
    (_NAMESPACE, _EVENTS, shares("direction", {"outbound": 78, "inbound": 22})),
    spread="socket.event",
    bounds=EVENT_BOUNDS,
)
DELIVERIES = Flow(
    "socketio.deliveries",
    "messages.sent",
    (_NAMESPACE, shares("room", {"channel": 72, "dm": 22, "voice": 6}, tiny=1)),
    spread="socket.delivery",
    bounds=EVENT_BOUNDS,
)
LIVES = Flow("socketio.lives", "socket.ended", (_NAMESPACE,), spread="socket.life", bounds=LIFE_BOUNDS)
MOVES = Flow("socketio.moves", "socket.room_moves", (_NAMESPACE, _ROOM_TYPES), spread="socket.room", bounds=ROOM_BOUNDS)
UPGRADES = Flow(
    "socketio.upgrades",
    "socket.upgrades",
    (constant("from_transport", "polling"), constant("to_transport", "websocket")),
)
TRANSPORT_ERRORS = Flow(
    "socketio.transport_errors",
    "socket.transport_errors",
    (
        Dimension(
            ("transport", "error_type"),
            (
                (("websocket", "ping timeout"), 0.55),
                (("websocket", "transport close"), 0.35),
                (("polling", "transport error"), 0.1),
            ),
        ),
    ),
)
FAN_OUTS = Flow(
    "socketio.fan_outs",
    "socket.fan_outs",
    (
        shares("direction", {"received": 60, "published": 40}),
        shares("channel", {"socket.io#/#": 9, "presence": 1}, tiny=1),
    ),
    spread="socket.fan_out",
    bounds=EVENT_BOUNDS,
)
RECONNECTS = Flow("probe.reconnects", "probe.reconnects")

_C, _G, _H = MetricType.COUNTER, MetricType.GAUGE, MetricType.HISTOGRAM


def _counter(name: str, text: str, view: Count) -> Family:
    return Family(SOCKETIO, f"cryb_socketio_{name}", _C, text, view)


def _gauge(name: str, text: str, view: Level) -> Family:
    return Family(SOCKETIO, f"cryb_socketio_{name}", _G, text, view)


def _histogram(name: str, text: str, view: Histogram) -> Family:
    return Family(SOCKETIO, f"cryb_socketio_{name}", _H, text, view)


FAMILIES: tuple[Family, ...] = (
    Family(WEBSOCKET_MONITORING, "websocket_connected", _G, "1 while connected", Level("probe.connected")),
    Family(
        WEBSOCKET_MONITORING,
        "websocket_latency_ms",
        _G,
        "Round trip of a ping in milliseconds",
        Level("probe.latency_ms", noise=0.15),
    ),
    Family(WEBSOCKET_MONITORING, "websocket_reconnects_total", _G, "Reconnections so far", Count(RECONNECTS, {})),
    _gauge(
        "connected_clients",
        "Connected sockets in rooms of a class",
        Level("socket.connections", (_NAMESPACE, factors("room", _ROOMS, tiny=4)), noise=0.004, whole=True),
    ),
    _counter("connection_attempts_total", "Attempts to connect", Count(ATTEMPTS, same("namespace", "transport"))),
    _counter(
        "connection_errors_total",
        "Attempts to connect that failed",
        Count(ATTEMPTS, same("namespace", "error_type"), where={"error_type": tuple(ATTEMPT_ERRORS)}),
    ),
    _histogram("connection_duration_seconds", "Life of a connection", Histogram(LIVES, same("namespace"))),
    _counter("messages_total", "Events over sockets", Count(MESSAGES, same("namespace", "event", "direction"))),
    _histogram(
        "message_processing_duration_seconds",
        "Time to handle an event",
        Histogram(MESSAGES, same("namespace", "event")),
    ),
    _gauge(
        "message_queue_size",
        "Packets that wait to be sent",
        Level("queue.messages.waiting", (_NAMESPACE, constant("queue_type", "outbound")), noise=0.2, whole=True),
    ),
    _histogram(
        "message_delivery_latency_seconds",
        "Time from a message's arrival to its delivery",
        Histogram(DELIVERIES, same("namespace", "room")),
    ),
    _gauge("total_rooms", "Rooms that somebody is in", Level("socket.all_rooms", (_NAMESPACE,), whole=True)),
    _histogram("room_size", "Sockets in a room when one joins", Histogram(MOVES, same("namespace", "room_type"))),
    _counter("room_join_events_total", "Joins of rooms", Count(MOVES, same("namespace", "room_type"))),
    _counter("room_leave_events_total", "Leaves of rooms", Count(MOVES, same("namespace", "room_type"))),
    _histogram("event_latency_seconds", "Time to handle an event", Histogram(MESSAGES, same("namespace", "event"))),
    _gauge(
        "throughput_rate",
        "Events a second",
        Level(
            "socket.events",
            (
                _NAMESPACE,
                factors(
                    "event",
                    {name: weight / sum(_EVENT_SHARES.values()) for name, weight in _EVENT_SHARES.items()},
                    tiny=1,
                ),
            ),
            noise=0.05,
        ),
    ),
    _gauge(
        "error_rate_percentage",
        "Attempts to connect that fail, percent",
        Level("socket.errors_percent", (_NAMESPACE, factors("error_type", {"all": 1.0})), noise=0.05, high=100.0),
    ),
    _counter("transport_upgrades_total", "Upgrades", Count(UPGRADES, same("from_transport", "to_transport"))),
    _counter(
        "transport_errors_total", "Errors of transports", Count(TRANSPORT_ERRORS, same("transport", "error_type"))
    ),
    _counter("pubsub_messages_total", "Messages between instances", Count(FAN_OUTS, same("direction", "channel"))),
    _histogram("pubsub_latency_seconds", "Time of a message between instances", Histogram(FAN_OUTS, same("channel"))),
)
