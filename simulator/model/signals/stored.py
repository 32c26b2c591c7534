"""What the platform's tables hold, as custom queries of postgres_exporter count it: above all rows of the last day."""

from __future__ import annotations

import numpy as np

from simulator.model.moment import Floats, Moment, SignalFunction, signal
from simulator.profile.people import CALL_SECONDS
from simulator.units import DAY, HOUR

FAILED_LOGINS = 0.06
"""Share of users' logins that fail on a good day."""


@signal("stored.failed_messages", "1/s", "messages that are stored as failed", shared=True)
def failed_messages(m: Moment) -> Floats:
    return m["messages.attempted"] * (2e-4 + (1.0 - 2e-4) * m["messages.failing"])


@signal("stored.poor_calls", "1/s", "calls that are stored as poor", shared=True)
def poor_calls(m: Moment) -> Floats:
    return 0.5 * m["voice.calls"] * m["voice.poor"]


@signal("stored.failed_logins", "1/s", "logins that are stored as failed", shared=True)
def failed_logins(m: Moment) -> Floats:
    return FAILED_LOGINS * m["auth.users"] + m["auth.attack"]


@signal("stored.failed_notifications", "1/s", "notifications that are stored as failed", shared=True)
def failed_notifications(m: Moment) -> Floats:
    return m["notifications.wanted"] * (0.003 + 0.997 * m["notifications.fails_timeout"])


@signal("stored.slow_searches", "1/s", "searches that took more than a second", shared=True)
def slow_searches(m: Moment) -> Floats:
    return m["search.queries"] * (0.002 + 0.9 * m["search.late_share"])


@signal("stored.offline_users", "", "accounts of which nobody is online", shared=True)
def offline_users(m: Moment) -> Floats:
    return np.maximum(m["users.total"] - m["users.online"], 0.0)


@signal("stored.call_seconds", "seconds", "mean duration of the day's calls", shared=True)
def call_seconds(m: Moment) -> Floats:
    return m.full(CALL_SECONDS)


@signal("stored.crashes", "", "crashes of API processes in the last day", shared=True)
def crashes(m: Moment) -> Floats:
    total = m.full(0.0)
    for instance in m.world.instances("api") if m.disturbed else ():
        starts = m.world.restarts(instance)
        before = np.searchsorted(starts, m.grid_ms, side="right")
        total = total + (before - np.searchsorted(starts, m.grid_ms - DAY, side="right"))
    return total


def _of_a_day(name: str) -> SignalFunction:
    def total(m: Moment) -> Floats:
        return m.mean_over(name, DAY, HOUR // 2) * (DAY / 1000.0)

    return total


for _name, _rate in {
    "failed_messages": "stored.failed_messages",
    "calls": "voice.calls",
    "poor_calls": "stored.poor_calls",
    "logins": "auth.password_attempts",
    "failed_logins": "stored.failed_logins",
    "uploads": "uploads.stored",
    "errors": "errors.of_api",
    "notifications": "notifications.wanted",
    "failed_notifications": "stored.failed_notifications",
    "searches": "search.queries",
    "slow_searches": "stored.slow_searches",
}.items():
    signal(f"stored.daily_{_name}", "", f"{_name.replace('_', ' ')} of the last day", shared=True)(_of_a_day(_rate))
