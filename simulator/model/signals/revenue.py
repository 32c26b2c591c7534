"""Money: payments follow sessions, subscriptions follow payments and content users, revenue follows subscriptions.

Look-backs: a cancellation answers to a week of people leaving, which itself answers to a week of annoyance; revenue
answers to thirty days of cancellations. So revenue at an instant depends on 45 days before it, and on nothing earlier.
"""

from __future__ import annotations

import numpy as np

from simulator.catalog.revenue import REASONS, UNPAID
from simulator.model.moment import Floats, Moment, signal
from simulator.model.strengths import excess
from simulator.units import DAY, HOUR, MINUTE

PAYMENTS_PERCENT = 97.6
CANCELLED_PERCENT = 4.2
"""Subscribers lost in an ordinary 30 days."""
PAYING = 0.015
"""Sessions in which something is paid."""
RENEWALS = 8.0
"""How many times more subscriptions end unpaid where every renewal fails, beside those that always do."""
RESENTMENT = 0.6
"""What of a rise in churn becomes a rise in cancellations."""
BEFORE_GIVING_UP = DAY
"""A failed payment is tried again for a day, and who leaves cancels a day later."""


def _delayed(m: Moment, name: str, lookback: int, step: int) -> Floats:
    """The mean of a signal over a look-back that ended a day ago."""
    whole, lately = m.mean_over(name, lookback + BEFORE_GIVING_UP, step), m.mean_over(name, BEFORE_GIVING_UP, step)
    days = lookback // BEFORE_GIVING_UP
    return np.maximum((whole * (days + 1.0) - lately) / days, 0.0)


@signal("payments.made", "1/s", "payments", shared=True)
def made(m: Moment) -> Floats:
    return PAYING * m["sessions.started"]


@signal("payments.refused", "ratio", "share of otherwise good payments that fail", shared=True)
def refused(m: Moment) -> Floats:
    return 1.0 - (1.0 - m.fault("payment_failures")) * (1.0 - 0.6 * m["http.failing_share"])


@signal("payments.success_percent", "percent", "payments that succeed", shared=True)
def success_percent(m: Moment) -> Floats:
    return PAYMENTS_PERCENT * (1.0 - m["payments.refused"])


@signal("payments.conversion_percent", "percent", "free users of the last day who took a paid plan", shared=True)
def conversion_percent(m: Moment) -> Floats:
    return 4.1 * (1.0 - m.mean_over("payments.refused", HOUR))


@signal("subscriptions.quitting", "ratio", "what a fault adds to cancellations, as a share of them", shared=True)
def quitting(m: Moment) -> Floats:
    return excess(m, "subscription_cancellations")


@signal(
    "subscriptions.cancelled_excess", "ratio", "cancellations by choice beyond ordinary ones, as a share", shared=True
)
def cancelled_excess(m: Moment) -> Floats:
    resentment = RESENTMENT * _delayed(m, "users.leaving", 7 * DAY, HOUR)
    return m.mean_over("subscriptions.quitting", HOUR, 5 * MINUTE) + resentment


@signal(
    "subscriptions.unpaid_excess",
    "ratio",
    "subscriptions that end unpaid beyond ordinary ones, as a share",
    shared=True,
)
def unpaid_excess(m: Moment) -> Floats:
    return RENEWALS * _delayed(m, "payments.refused", 3 * DAY, HOUR)


def _wave(m: Moment) -> Floats:
    return 1.0 + 0.03 * m.noise("cancellations", first=9, last=14)


@signal(
    "subscriptions.cancelled_percent",
    "percent",
    "subscribers who cancel in 30 days, whatever their reason",
    shared=True,
)
def cancelled_percent(m: Moment) -> Floats:
    return CANCELLED_PERCENT * _wave(m) * (1.0 + m["subscriptions.cancelled_excess"])


@signal("subscriptions.unpaid_percent", "percent", "the same, for subscriptions that end unpaid", shared=True)
def unpaid_percent(m: Moment) -> Floats:
    return CANCELLED_PERCENT * _wave(m) * (1.0 + m["subscriptions.unpaid_excess"])


@signal(
    "subscriptions.lost_excess",
    "ratio",
    "subscribers lost in 30 days beyond ordinary ones, were it like now",
    shared=True,
)
def lost_excess(m: Moment) -> Floats:
    by_choice = sum(REASONS.values()) * m["subscriptions.cancelled_excess"]
    return CANCELLED_PERCENT / 100.0 * (by_choice + UNPAID * m["subscriptions.unpaid_excess"])


@signal(
    "revenue.subscribed", "", "accounts that could subscribe, less subscribers lost in the last 30 days", shared=True
)
def subscribed(m: Moment) -> Floats:
    lost = m.mean_over("subscriptions.lost_excess", 30 * DAY, 3 * HOUR)
    return m["users.total"] * np.maximum(1.0 - lost, 0.0)


@signal("revenue.customers", "1/s", "customers whose lifetime value is taken down", shared=True)
def customers(m: Moment) -> Floats:
    return 0.1 * m["payments.made"]


@signal("revenue.tips", "1/s", "tips", shared=True)
def tips(m: Moment) -> Floats:
    return 0.3 * m["payments.made"] * m["users.mood"]


@signal("revenue.nfts", "1/s", "transactions of tokens", shared=True)
def nfts(m: Moment) -> Floats:
    return 0.08 * m["payments.made"] * m["users.mood"]
