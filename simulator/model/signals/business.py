"""People: how many are active, how content they are, who comes, who stays, who leaves.

What goes wrong for users right now is their annoyance. It shortens sessions and silences people at once, lowers
engagement within the hour, and lets people leave over the days that follow; cancellations (`revenue`) come after that.
Only levels remember: what is counted follows the instant, so that a fault's effect on counters ends when it does.
"""

from __future__ import annotations

import numpy as np

from simulator.catalog.usage import share_of
from simulator.model.arrays import exp_of
from simulator.model.moment import Floats, Moment, signal
from simulator.model.strengths import excess
from simulator.profile.traffic import grown
from simulator.units import DAY, HOUR, MINUTE

DAILY, WEEKLY, MONTHLY = 0.22, 0.41, 0.6
"""Shares of the accounts that are active in an ordinary day, a week, a month."""
MOST_ACTIVE = 0.95
ENGAGEMENT = 58.0
CHURN_PERCENT = 6.4
ANNOYED = 4.0
"""How many times more people leave in a month whose every moment annoys all of them, beside those who leave anyway."""
FELT, FELT_BY_ALL = 8.0, 24.0
"""How many times longer than on an idle API requests have to take to be felt, and how much more to be felt by all."""
REGISTRATIONS = share_of("POST /api/v1/auth/register")
SESSIONS = 0.02
"""Sessions that begin, for each request."""


# -- how content users are ------------------------------------------------------------------------------------------


@signal(
    "users.annoyance",
    "ratio",
    "how much is wrong for a user right now: failures, lateness, lost words and connections, poor calls, outages",
    shared=True,
)
def annoyance(m: Moment) -> Floats:
    gone = np.where(m["api.alive"] > 0, 0.0, 1.0)
    late = m["http.late_share"] * np.minimum(m["http.late_seconds"], 1.0)
    slow = m["db.late_share"] * np.minimum(m["db.late_seconds"], 1.0)
    # overload: from eight times as long as on an idle API on it is felt, at its most everybody feels it
    crowded = np.minimum(np.maximum(m["api.stretch"] - FELT, 0.0) / FELT_BY_ALL, 1.0)
    silenced = 0.5 * m["messages.failing"] + 0.3 * m["voice.turns_poor"] + 0.3 * m["socket.lost"]
    return np.minimum(m["http.failing_share"] + 0.5 * late + 0.5 * slow + 0.5 * crowded + silenced + gone, 1.0)


@signal(
    "users.disinterest", "ratio", "how much of their interest users have lost, whatever the platform does", shared=True
)
def disinterest(m: Moment) -> Floats:
    return m.fault("engagement_decline")


@signal("users.mood", "ratio", "how much users do right now, against an ordinary moment", shared=True)
def mood(m: Moment) -> Floats:
    return (1.0 - 0.5 * m["users.annoyance"]) * (1.0 - 0.8 * m["users.disinterest"])


@signal("users.cut_short", "ratio", "share of sessions that end early", shared=True)
def cut_short(m: Moment) -> Floats:
    return 1.0 - m["users.mood"]


@signal(
    "users.engagement", "", "engagement of a regular user, 0 to 100; follows users within half an hour", shared=True
)
def engagement(m: Moment) -> Floats:
    annoyed = m.mean_over("users.annoyance", HOUR // 2)
    bored = m.mean_over("users.disinterest", HOUR // 2)
    wave = 1.0 + 0.012 * m.noise("engagement", first=8, last=13)
    return ENGAGEMENT * wave * (1.0 - 0.7 * annoyed) * (1.0 - bored)


@signal("users.discontent", "ratio", "how many have a reason to leave", shared=True)
def discontent(m: Moment) -> Floats:
    return np.minimum(m["users.annoyance"] + 0.5 * m["users.disinterest"], 1.0)


@signal("users.exodus", "ratio", "what a churn surge adds to churn, as a share of it", shared=True)
def exodus(m: Moment) -> Floats:
    return excess(m, "churn_surge")


@signal(
    "users.leaving",
    "ratio",
    "churn beyond an ordinary month's, as a share of it; over a week, a surge over a day",
    shared=True,
)
def leaving(m: Moment) -> Floats:
    annoyed = m.mean_over("users.discontent", 7 * DAY, 15 * MINUTE)
    return ANNOYED * annoyed + m.mean_over("users.exodus", DAY, 15 * MINUTE)


@signal("users.churn_percent", "percent", "users lost in 30 days", shared=True)
def churn_percent(m: Moment) -> Floats:
    wave = 1.0 + 0.03 * m.noise("churn", first=9, last=14)
    return np.minimum(CHURN_PERCENT * wave * (1.0 + m["users.leaving"]), 100.0)


@signal("users.lost", "ratio", "share of the users who have left beyond those of an ordinary month", shared=True)
def lost(m: Moment) -> Floats:
    return np.minimum(CHURN_PERCENT / 100.0 * m["users.leaving"], 1.0)


@signal("users.retention_percent", "percent", "users of a week who came back in the next", shared=True)
def retention_percent(m: Moment) -> Floats:
    wave = 1.0 + 0.01 * m.noise("retention", first=9, last=14)
    return 62.0 * wave * (1.0 - m["users.lost"])


# -- how many there are ---------------------------------------------------------------------------------------------


@signal("users.total", "", "accounts", shared=True)
def total(m: Moment) -> Floats:
    return m.profile.platform.registered_users * grown(m.profile, m.elapsed_ms)


@signal(
    "users.presence",
    "ratio",
    "how many come at this moment, against an ordinary weekday before any growth",
    shared=True,
)
def presence(m: Moment) -> Floats:
    reachable = np.where(m["api.alive"] > 0, 1.0, 0.0)
    return m["traffic.season"] * m["traffic.demand"] * reachable


def _active(m: Moment, share: float, length: int, step: int, sigma: float) -> Floats:
    """Accounts that were active in a time of that length, with noise that moves over days."""
    wave = exp_of(sigma * m.noise("people", first=9, last=14))
    share_active = share * m.mean_over("users.presence", length, step) * (1.0 - m["users.lost"])
    return np.minimum(m.profile.platform.registered_users * share_active * wave, MOST_ACTIVE * m["users.total"])


@signal("users.daily", "", "users active in the last day", shared=True)
def daily(m: Moment) -> Floats:
    return _active(m, DAILY, DAY, HOUR // 2, 0.02)


@signal("users.weekly", "", "users active in the last week", shared=True)
def weekly(m: Moment) -> Floats:
    return np.maximum(_active(m, WEEKLY, 7 * DAY, 2 * HOUR, 0.012), m["users.daily"])


@signal("users.monthly", "", "users active in the last 30 days", shared=True)
def monthly(m: Moment) -> Floats:
    return np.maximum(_active(m, MONTHLY, 30 * DAY, 6 * HOUR, 0.006), m["users.weekly"])


@signal("users.hourly", "", "users active in the last hour", shared=True)
def hourly(m: Moment) -> Floats:
    return np.minimum(0.16 * m["users.daily"] * m.mean_over("traffic.activity", HOUR), m["users.daily"])


@signal("users.registrations", "1/s", "accounts that are opened", shared=True)
def registrations(m: Moment) -> Floats:
    return REGISTRATIONS * m["http.served"] * (1.0 - m.fault("registration_drop"))


@signal("users.registered_day", "", "accounts opened in the last day", shared=True)
def registered_day(m: Moment) -> Floats:
    return 86_400.0 * m.mean_over("users.registrations", DAY, 15 * MINUTE)


@signal("users.signup_percent", "percent", "visitors of the last hour who opened an account", shared=True)
def signup_percent(m: Moment) -> Floats:
    return 3.2 * (1.0 - m.mean_over("users.refusal", HOUR))


@signal("users.refusal", "ratio", "share of visitors who would have registered and did not", shared=True)
def refusal(m: Moment) -> Floats:
    return m.fault("registration_drop")


# -- what they do ---------------------------------------------------------------------------------------------------


@signal("sessions.started", "1/s", "sessions that begin", shared=True)
def sessions_started(m: Moment) -> Floats:
    return SESSIONS * m["http.served"]


@signal("users.harmed", "1/s", "users whom an error met", shared=True)
def harmed(m: Moment) -> Floats:
    return (2e-4 + 0.5 * m["users.annoyance"]) * m["http.served"]


@signal("users.pull", "ratio", "how much users draw others", shared=True)
def pull(m: Moment) -> Floats:
    return 0.42 * m["users.engagement"] / ENGAGEMENT


@signal("platform.answering", "ratio", "1 where the API answers at all", shared=True)
def answering(m: Moment) -> Floats:
    return np.where(m["api.alive"] > 0, 1.0, 0.0)


@signal("platform.uptime_percent", "percent", "the last day's time in which the API answered", shared=True)
def uptime_percent(m: Moment) -> Floats:
    return 100.0 * m.mean_over("platform.answering", DAY)
