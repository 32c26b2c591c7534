"""Messages: how many are written, which fail, how long they take."""

from __future__ import annotations

import numpy as np

from simulator.model.moment import Floats, Moment, signal
from simulator.model.spreads import Spread, register
from simulator.profile.people import MESSAGES_PER_REQUEST, OVER_SOCKETS
from simulator.units import HOUR

IMPATIENCE_SECONDS = 30.0
"""A wait as long as this makes a message time out."""
CHANNELS_PER_USER = 0.4
"""Channels in which something is written within an hour, for each user who is there."""

register(
    {
        "messages.delivery": Spread(
            0.012,
            0.8,
            "messages.stretch",
            (
                ("http.late_share", "http.late_seconds"),
                ("db.late_share", "db.late_seconds"),
                ("messages.late_share", "messages.late_seconds"),
            ),
        ),
        "messages.volume": Spread(9.0, 1.7, "messages.liveliness"),
    }
)


@signal("messages.attempted", "1/s", "messages that users send: with traffic, less those whose socket is gone")
def attempted(m: Moment) -> Floats:
    return MESSAGES_PER_REQUEST * m["http.served"] * (1.0 - OVER_SOCKETS * m["socket.lost"])


@signal("messages.fails_unknown", "ratio", "share of messages lost: a delivery fault, or a request that ends with 500")
def fails_unknown(m: Moment) -> Floats:
    return 1.0 - (1.0 - m.fault("message_failures")) * (1.0 - m["http.fails_500"])


@signal("messages.fails_database", "ratio", "share of messages that the database does not take")
def fails_database(m: Moment) -> Floats:
    return m["http.fails_503"]


@signal("messages.fails_timeout", "ratio", "share of messages that give up on slow requests and queries")
def fails_timeout(m: Moment) -> Floats:
    slow = m["http.late_share"] * m["http.late_seconds"] + m["db.late_share"] * m["db.late_seconds"]
    return np.minimum(slow / IMPATIENCE_SECONDS, 1.0) * 0.2


@signal("messages.failing", "ratio", "share of messages that faults let fail")
def failing(m: Moment) -> Floats:
    fine = 1.0 - m["messages.fails_unknown"]
    return 1.0 - fine * (1.0 - m["messages.fails_database"]) * (1.0 - m["messages.fails_timeout"])


@signal("messages.sent", "1/s", "messages that reach their channel", shared=True)
def sent(m: Moment) -> Floats:
    return m["messages.attempted"] * (1.0 - m["messages.failing"])


@signal("messages.velocity", "1/min", "messages per minute over the last hour", shared=True)
def velocity(m: Moment) -> Floats:
    return 60.0 * m.mean_over("messages.sent", HOUR)


@signal("messages.stretch", "", "how much longer delivery takes than when nobody is there: the API, and fan-out")
def stretch(m: Moment) -> Floats:
    # a message goes to everybody in the channel who is there
    return m["api.stretch"] * (1.0 + 0.25 * m["traffic.activity"])


@signal("messages.late_seconds", "seconds", "time that messages wait in their queue's backlog", shared=True)
def late_seconds(m: Moment) -> Floats:
    return m["queue.messages.wait_seconds"]


@signal(
    "messages.late_share", "ratio", "share of messages that wait: all, once there is a backlog to speak of", shared=True
)
def late_share(m: Moment) -> Floats:
    return np.minimum(m["queue.messages.wait_seconds"] / 0.25, 1.0)


@signal("channels.measured", "1/s", "channels whose volume of the last hour is taken down", shared=True)
def measured(m: Moment) -> Floats:
    return CHANNELS_PER_USER * m["users.online"] / 3600.0


@signal("messages.liveliness", "", "messages against those of the planned peak", shared=True)
def liveliness(m: Moment) -> Floats:
    peak = m.profile.traffic.peak * m.profile.load.scale
    return np.maximum(m["messages.sent"] / (MESSAGES_PER_REQUEST * peak), 0.02)
