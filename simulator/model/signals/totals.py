"""Totals and daily figures as the business exporter reads them from the database.

A total is a straight line from what it is at the run's start, with the growth that an ordinary day brings: what a fault
costs can be seen in daily figures, and is nothing against years.
"""

from __future__ import annotations

import numpy as np

from simulator.catalog.usage import share_of
from simulator.model.moment import Floats, Moment, signal
from simulator.profile.people import MESSAGES_PER_REQUEST
from simulator.units import DAY, MINUTE

AGE_DAYS = 420.0
"""How old the platform is at the run's start."""
DAY_OVER_PEAK = 0.5
"""An ordinary day's mean traffic over the planned peak, about."""
CALLS_PER_REQUEST = 0.004
TICKETS = 0.0011
"""Open tickets of an ordinary day, for each active user."""
_POSTS, _COMMENTS = share_of("POST /api/v1/posts"), share_of("POST /api/v1/comments")
_15M = 15 * MINUTE


def _grown_to(m: Moment, per_request: float) -> Floats:
    """A total of something that happens with a share of requests."""
    requests_a_day = DAY_OVER_PEAK * m.profile.traffic.peak * m.profile.load.scale * DAY / 1000.0
    return per_request * requests_a_day * np.maximum(AGE_DAYS + m.elapsed_days, 0.0)


@signal("users.registered_week", "", "accounts opened in the last week", shared=True)
def registered_week(m: Moment) -> Floats:
    return 7.0 * 86_400.0 * m.mean_over("users.registrations", 7 * DAY, 60 * MINUTE)


@signal("content.total_posts", "", "posts", shared=True)
def total_posts(m: Moment) -> Floats:
    return _grown_to(m, _POSTS)


@signal("content.total_comments", "", "comments", shared=True)
def total_comments(m: Moment) -> Floats:
    return _grown_to(m, _COMMENTS)


@signal("communities.size", "", "members of a community", shared=True)
def size(m: Moment) -> Floats:
    return 3.4 * m["users.total"] / m["communities.total"]


@signal("messages.total", "", "messages", shared=True)
def total_messages(m: Moment) -> Floats:
    return _grown_to(m, MESSAGES_PER_REQUEST)


@signal("messages.daily", "", "messages of the last day", shared=True)
def daily_messages(m: Moment) -> Floats:
    return 86_400.0 * m.mean_over("messages.sent", DAY, _15M)


@signal("revenue.daily", "", "accounts' monthly payments that fall on a day, less those that fail", shared=True)
def daily_revenue(m: Moment) -> Floats:
    return m["revenue.subscribed"] / 30.0 * (1.0 - m.mean_over("payments.refused", DAY, _15M))


@signal("revenue.total", "", "accounts' monthly payments since the beginning", shared=True)
def total_revenue(m: Moment) -> Floats:
    return m.profile.platform.registered_users / 30.0 * np.maximum(AGE_DAYS + m.elapsed_days, 0.0) * 0.5


@signal("revenue.per_user", "", "paying accounts over all", shared=True)
def per_user(m: Moment) -> Floats:
    return m["revenue.subscribed"] / m["users.total"]


@signal("platform.health", "", "health, 0 to 100, over the last ten minutes", shared=True)
def health(m: Moment) -> Floats:
    return 98.0 * (1.0 - m.mean_over("users.annoyance", 10 * MINUTE))


@signal("users.tickets", "", "tickets that are open; they take two days", shared=True)
def tickets(m: Moment) -> Floats:
    return TICKETS * m["users.daily"] * (1.0 + 20.0 * m.mean_over("users.annoyance", 2 * DAY, _15M))


@signal("messages.delivered_percent", "percent", "messages of the last ten minutes that were delivered", shared=True)
def delivered_percent(m: Moment) -> Floats:
    return 99.6 * (1.0 - m.mean_over("messages.failing", 10 * MINUTE))


@signal("voice.total_calls", "", "calls, one for each user who took part", shared=True)
def total_calls(m: Moment) -> Floats:
    return _grown_to(m, CALLS_PER_REQUEST)


@signal("voice.daily_minutes", "", "minutes in calls of the last day", shared=True)
def daily_minutes(m: Moment) -> Floats:
    return DAY / MINUTE * m.mean_over("voice.participants", DAY, _15M)


@signal("voice.success_percent", "percent", "calls that were set up and held", shared=True)
def success_percent(m: Moment) -> Floats:
    return 99.2 * (1.0 - 0.5 * m.mean_over("voice.turns_poor", 10 * MINUTE))
