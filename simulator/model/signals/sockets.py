"""Socket.IO: who is connected, who is cut off, what goes over the sockets."""

from __future__ import annotations

import numpy as np

from simulator.model.arrays import exp_of
from simulator.model.disturbance import AFTERMATH_MS
from simulator.model.moment import Floats, Moment, signal
from simulator.model.spreads import Spread, register
from simulator.profile.people import SECONDS_BETWEEN_REQUESTS, SOCKETS_PER_USER
from simulator.units import DAY, MINUTE, SECOND

ONLINE_SIGMA = 0.08
SESSION_SECONDS = 25 * 60.0
"""Mean life of a connection."""
RETRY_SECONDS = 6.0
"""How long a client that was cut off waits between attempts: Socket.IO's back-off, 1 s at first and 5 s at most, with
the time an attempt takes."""
RETURN_MS = 3 * MINUTE
"""How long it takes until all clients are back."""
ROOMS_PER_SOCKET = 2.6
EVENTS_PER_MESSAGE = 7.0
PRESENCE_SECONDS = 70.0

CUT_BY_DATABASE = 0.6
"""Share of connections that the balancer drops as the health checks of APIs fail whose database refuses them."""

for kind in ("websocket_disconnects", "outage", "deploy", "crash_loop", "database_down", "connections_exhausted"):
    AFTERMATH_MS[kind] = max(AFTERMATH_MS.get(kind, 0), RETURN_MS + MINUTE)

_LATE = (("http.late_share", "http.late_seconds"), ("db.late_share", "db.late_seconds"))
register(
    {
        "socket.event": Spread(0.004, 0.9, "api.stretch", _LATE),
        "socket.delivery": Spread(
            0.012, 0.8, "messages.stretch", (*_LATE, ("messages.late_share", "messages.late_seconds"))
        ),
        "socket.life": Spread(420.0, 1.6, "one"),
        "socket.fan_out": Spread(0.0011, 0.7, "api.stretch"),
        "socket.room": Spread(6.0, 1.3, "one"),
    }
)


@signal("users.online", "", "users who are there, whether or not their connection holds", shared=True)
def online(m: Moment) -> Floats:
    # people come and go more slowly than requests do: only the slow octaves of the noise
    noise = exp_of(ONLINE_SIGMA * m.noise("online", first=5) - 0.5 * ONLINE_SIGMA * ONLINE_SIGMA)
    return SECONDS_BETWEEN_REQUESTS * m["traffic.planned"] * noise * m["traffic.demand"]


@signal("socket.cut", "ratio", "share of connections that are being cut: by a fault, or as APIs are gone or unhealthy")
def cut(m: Moment) -> Floats:
    alive = np.where(m["api.alive"] > 0, 1.0, 0.0)
    healthy = 1.0 - CUT_BY_DATABASE * m["db.refused"]
    return 1.0 - (1.0 - m.fault("websocket_disconnects")) * alive * healthy


@signal("socket.lost", "ratio", "share of connections that are not there: cut now, or not back yet")
def lost(m: Moment) -> Floats:
    return np.maximum(m["socket.cut"], m.mean_over("socket.cut", RETURN_MS))


@signal("socket.connections", "", "sockets connected to the platform")
def connections(m: Moment) -> Floats:
    return SOCKETS_PER_USER * m["users.online"] * (1.0 - m["socket.lost"])


@signal("socket.connections_here", "", "sockets connected to this API instance")
def connections_here(m: Moment) -> Floats:
    return m["socket.connections"] * m["api.share"]


@signal("socket.attempts", "1/s", "attempts to connect that reach an API")
def attempts(m: Moment) -> Floats:
    alive = np.where(m["api.alive"] > 0, 1.0, 0.0)
    wanted = SOCKETS_PER_USER * m["users.online"]
    return alive * (m["socket.connections"] / SESSION_SECONDS + wanted * m["socket.lost"] / RETRY_SECONDS)


@signal("socket.fails_transport", "ratio", "share of attempts whose transport a fault cuts")
def fails_transport(m: Moment) -> Floats:
    return 0.97 * m.fault("websocket_disconnects")


@signal("socket.fails_timeout", "ratio", "share of attempts that give up on a slow API or database")
def fails_timeout(m: Moment) -> Floats:
    slow = m["http.late_share"] * m["http.late_seconds"] + m["db.late_share"] * m["db.late_seconds"]
    return np.minimum(slow / 60.0, 0.5)


@signal("socket.ended", "1/s", "connections that end")
def ended(m: Moment) -> Floats:
    wanted = SOCKETS_PER_USER * m["users.online"]
    return m["socket.connections"] / SESSION_SECONDS + wanted * m["socket.cut"] / RETRY_SECONDS


@signal("socket.events", "1/s", "events over sockets, both ways")
def events(m: Moment) -> Floats:
    return EVENTS_PER_MESSAGE * m["messages.sent"] + m["socket.connections"] / PRESENCE_SECONDS


@signal("socket.waiting", "", "packets that wait to be sent by this instance")
def waiting(m: Moment) -> Floats:
    return 0.05 * m["socket.events"] * m["api.share"] * m["api.stretch"] + m["queue.messages.backlog"] * m["api.share"]


@signal("socket.rooms", "", "rooms that somebody is in, on this instance")
def rooms(m: Moment) -> Floats:
    return ROOMS_PER_SOCKET * m["socket.connections_here"]


@signal("socket.all_rooms", "", "rooms that somebody is in")
def all_rooms(m: Moment) -> Floats:
    return ROOMS_PER_SOCKET * m["socket.connections"]


@signal("socket.room_moves", "1/s", "joins of rooms, and as many leaves")
def room_moves(m: Moment) -> Floats:
    return ROOMS_PER_SOCKET * m["socket.attempts"]


@signal("socket.upgrades", "1/s", "connections that went from polling to a websocket")
def upgrades(m: Moment) -> Floats:
    return 0.9 * m["socket.attempts"] * (1.0 - m["socket.fails_transport"])


@signal("socket.transport_errors", "1/s", "errors of established transports")
def transport_errors(m: Moment) -> Floats:
    return 2e-5 * m["socket.connections"] + m["socket.attempts"] * m["socket.fails_transport"]


@signal("socket.errors_percent", "percent", "attempts that end in an error")
def errors_percent(m: Moment) -> Floats:
    fine = (1.0 - m["socket.fails_transport"]) * (1.0 - m["socket.fails_timeout"])
    return 100.0 * (1.0 - 0.998 * fine)


@signal("socket.fan_outs", "1/s", "messages between instances over Redis")
def fan_outs(m: Moment) -> Floats:
    return 1.4 * m["socket.events"]


@signal("probe.connected", "", "1 where the monitoring's own socket is connected")
def probe_connected(m: Moment) -> Floats:
    return np.where(m["socket.lost"] < 0.5, 1.0, 0.0)


@signal("probe.latency_ms", "ms", "round trip of the monitoring's own socket")
def probe_latency_ms(m: Moment) -> Floats:
    return 1000.0 * (0.5 * m["http.mean_seconds"] + 0.004)


@signal("probe.reconnects", "1/s", "reconnections of the monitoring's own socket")
def probe_reconnects(m: Moment) -> Floats:
    return 1000.0 / DAY + m["socket.cut"] * 1000.0 / (20 * SECOND)
