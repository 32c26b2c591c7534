"""Notifications: what people are told, how long it takes, what never arrives."""

from __future__ import annotations

import numpy as np

from simulator.model.moment import Floats, Moment, signal
from simulator.model.spreads import Spread, register

PER_MESSAGE = 0.7
PER_REQUEST = 0.02
GIVEN_UP_SECONDS = 3600.0
"""A notification that has waited as long as this is no use any more."""

_WAIT = (("notifications.late_share", "queue.notifications.wait_seconds"),)
register(
    {
        "notifications.instant": Spread(0.14, 0.8, "api.stretch", _WAIT),
        "notifications.push": Spread(0.9, 0.9, "api.stretch", _WAIT),
        "notifications.mail": Spread(
            6.0, 1.0, "api.stretch", (("notifications.late_share", "queue.email.wait_seconds"),)
        ),
    }
)


@signal("notifications.wanted", "1/s", "notifications to be sent", shared=True)
def wanted(m: Moment) -> Floats:
    return PER_MESSAGE * m["messages.sent"] + PER_REQUEST * m["http.served"]


@signal("notifications.late_share", "ratio", "share of notifications that wait for workers", shared=True)
def late_share(m: Moment) -> Floats:
    return np.minimum(m["queue.notifications.wait_seconds"] / 0.5, 1.0)


@signal("notifications.fails_timeout", "ratio", "share of notifications that come too late to be sent", shared=True)
def fails_timeout(m: Moment) -> Floats:
    return np.minimum(m["queue.notifications.wait_seconds"] / GIVEN_UP_SECONDS, 1.0)


@signal("notifications.batches", "1/s", "batches whose delivery rate is taken down", shared=True)
def batches(m: Moment) -> Floats:
    return m.full(0.2)
