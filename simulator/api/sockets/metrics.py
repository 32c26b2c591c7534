"""What the API counts of sockets (contract 5.2), where the load connects any.

An event that came in counts once, and so does one that was sent, to however many sockets. Each is timed: what came in
until it was dealt with, what was sent until every socket's queue had it. So the histogram's count is the counter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from simulator.catalog.messaging import ATTEMPT_ERRORS, EVENT_BOUNDS
from simulator.catalog.reshaped import Shape

TRANSPORTS: Final = ("websocket", "polling")
NAMESPACE: Final = "/"


class RealtimeMetrics:
    """Counts attempts to connect, and events; looks at connections and rooms when it is asked."""

    def __init__(self, registry: CollectorRegistry, shapes: Mapping[str, Shape | None]) -> None:
        """`shapes` are those that overlays give to families of these names."""
        shape = shapes.get("socketio_message_duration_seconds")
        self._attempts = Counter("socketio_connection_attempts_total", "Attempts to connect", registry=registry)
        self._errors = Counter(
            "socketio_connection_errors_total", "Attempts to connect that failed", ("error_type",), registry=registry
        )
        self._events = Counter(
            "socketio_messages_total", "Events over sockets, in and out", ("event", "room"), registry=registry
        )
        self._duration = Histogram(
            "socketio_message_duration_seconds",
            "Time to handle an event, or to hand one out",
            ("event",),
            buckets=shape.bounds if shape else EVENT_BOUNDS,
            registry=registry,
        )
        self._clients = Gauge("socketio_connected_clients", "Connected sockets", registry=registry)
        self._waiting = Gauge("socketio_message_queue_size", "Packets that wait to be sent", registry=registry)
        self._rooms = Gauge(
            "socketio_rooms_active", "Rooms that somebody is in", ("namespace",), registry=registry
        ).labels(NAMESPACE)
        self._transports = Gauge(
            "cryb_realtime_connections_total", "Connected sockets by transport", ("type",), registry=registry
        )
        self._children: dict[tuple[str, str], tuple[Counter, Histogram]] = {}
        for error_type in ATTEMPT_ERRORS:  # from 0 on: the first one after a start is an increase, too
            self._errors.labels(error_type)
        for transport in TRANSPORTS:
            self._transports.labels(transport)

    def observe(
        self,
        connected: Callable[[], Mapping[str, int]],
        waiting: Callable[[], int],
        rooms: Callable[[], int],
    ) -> None:
        """What gauges ask at each scrape: sockets by transport, packets in queues, rooms in use."""
        self._clients.set_function(lambda: sum(connected().values()))
        for transport in TRANSPORTS:
            self._transports.labels(transport).set_function(partial(_of, connected, transport))
        self._waiting.set_function(waiting)
        self._rooms.set_function(rooms)

    def attempt(self) -> None:
        """Somebody wants to connect."""
        self._attempts.inc()

    def refused(self, error_type: str) -> None:
        """And may not, or could not."""
        self._errors.labels(error_type).inc()

    def event(self, name: str, room: str, seconds: float) -> None:
        """An event came in and was dealt with, or was sent; `room` is a class."""
        found = self._children.get((name, room))
        if found is None:
            found = self._children[name, room] = (self._events.labels(name, room), self._duration.labels(name))
        found[0].inc()
        found[1].observe(seconds)


def _of(connected: Callable[[], Mapping[str, int]], transport: str) -> float:
    return connected().get(transport, 0)
