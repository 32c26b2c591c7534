"""People: how many are active, how content they are, what they pay."""

from __future__ import annotations

import numpy as np

from simulator.model.arrays import exp_of
from simulator.model.moment import Floats, Moment, signal
from simulator.units import DAY, HOUR

DAILY, WEEKLY, MONTHLY = 0.22, 0.41, 0.6
"""Shares of the accounts that are active in a day, a week, a month."""
MESSAGES_PER_REQUEST = 0.11
ENGAGEMENT = 58.0
CHURN_PERCENT = 6.4
PAYMENTS_PERCENT = 97.6


def _active(m: Moment, share: float, sigma: float) -> Floats:
    """A share of all accounts, with noise that moves over days."""
    return m.profile.platform.registered_users * share * exp_of(sigma * m.noise("people", first=9, last=14))


@signal("users.daily", "", "users active in the last day")
def daily(m: Moment) -> Floats:
    return _active(m, DAILY, 0.03)


@signal("users.weekly", "", "users active in the last week")
def weekly(m: Moment) -> Floats:
    return _active(m, WEEKLY, 0.012)


@signal("users.monthly", "", "users active in the last month")
def monthly(m: Moment) -> Floats:
    return _active(m, MONTHLY, 0.006)


@signal("users.hourly", "", "users active in the last hour")
def hourly(m: Moment) -> Floats:
    return 0.16 * m["users.daily"] * m.mean_over("traffic.activity", HOUR)


@signal("messages.sent", "1/s", "messages that reach their channel")
def sent(m: Moment) -> Floats:
    return MESSAGES_PER_REQUEST * m["http.served"] * (1.0 - m["http.fails_500"])


@signal("messages.velocity", "1/min", "messages per minute over the last hour")
def velocity(m: Moment) -> Floats:
    return 60.0 * m.mean_over("messages.sent", HOUR)


@signal("users.annoyance", "ratio", "how much is wrong for a user right now: failures, lateness, outages")
def annoyance(m: Moment) -> Floats:
    gone = np.where(m["api.alive"] > 0, 0.0, 1.0)
    late = m["http.late_share"] * np.minimum(m["http.late_seconds"], 1.0)
    slow = m["db.late_share"] * np.minimum(m["db.late_seconds"], 1.0)
    return np.minimum(m["http.fails_500"] + 0.5 * late + 0.5 * slow + gone, 1.0)


@signal("users.engagement", "", "engagement of a regular user, 0 to 100; follows annoyance over 30 minutes")
def engagement(m: Moment) -> Floats:
    return ENGAGEMENT * (1.0 - 0.7 * m.mean_over("users.annoyance", HOUR // 2))


@signal("users.churn_percent", "percent", "users lost in 30 days; follows annoyance over a week")
def churn_percent(m: Moment) -> Floats:
    return CHURN_PERCENT * (1.0 + 4.0 * m.mean_over("users.annoyance", 7 * DAY, HOUR // 4))


@signal("payments.success_percent", "percent", "payments that succeed")
def success_percent(m: Moment) -> Floats:
    return PAYMENTS_PERCENT * (1.0 - 0.6 * m["http.fails_500"])
