"""Logins and attacks: who tries to get in, who succeeds, what looks suspicious."""

from __future__ import annotations

import numpy as np

from simulator.catalog.faults import BY_NAME as KINDS
from simulator.catalog.security import FAILED_LOGINS, REFRESHED
from simulator.catalog.usage import share_of
from simulator.model.moment import Floats, Moment, signal
from simulator.model.strengths import added_rate, excess

LOGINS = share_of("POST /api/v1/auth/login")
"""Password logins, as a share of all requests; so are the following."""
OTHERS = share_of("POST /api/v1/auth/refresh") / REFRESHED
LOGIN, REGISTER = KINDS["brute_force_login"].route, KINDS["registration_drop"].route
LIMITED = 0.12
"""The part of an attack's guesses that the rate limiter answers."""
SUSPICIONS = 0.006
INCIDENTS = 4e-5


@signal("auth.attack", "1/s", "guesses of attackers", shared=True)
def attack(m: Moment) -> Floats:
    return np.where(m["api.alive"] > 0, added_rate(m, "brute_force_login"), 0.0)


@signal("auth.users", "1/s", "users who log in by password", shared=True)
def users(m: Moment) -> Floats:
    return LOGINS * m["http.served"]


@signal("auth.password_attempts", "1/s", "logins by password, of users and of attackers", shared=True)
def password_attempts(m: Moment) -> Floats:
    return m["auth.users"] + m["auth.attack"]


@signal("auth.attack_part", "ratio", "the attackers' part of logins by password", shared=True)
def attack_part(m: Moment) -> Floats:
    attempts = m["auth.password_attempts"]
    return np.divide(m["auth.attack"], attempts, out=np.zeros(len(m)), where=attempts > 0)


@signal(
    "auth.attack_share", "ratio", "share of otherwise good logins that are an attacker's wrong guesses", shared=True
)
def attack_share(m: Moment) -> Floats:
    return m["auth.attack_part"] * (1.0 - LIMITED)


@signal(
    "auth.attack_limited", "ratio", "share of the rest that are an attacker's guesses over the rate limit", shared=True
)
def attack_limited(m: Moment) -> Floats:
    part = m["auth.attack_part"]
    return np.divide(part * LIMITED, 1.0 - m["auth.attack_share"])


@signal(
    "http.handled", "1/s", "HTTP requests to this route, were all routes as popular: those of users and of attackers"
)
def handled(m: Moment) -> Floats:
    served = m["http.served"]
    if m.route == LOGIN:
        return served + m["auth.attack"] / LOGINS
    if m.route == REGISTER:
        return served * (1.0 - m["users.refusal"])
    return served


@signal("http.guessed", "ratio", "share of good requests to this route that are an attacker's wrong guesses")
def guessed(m: Moment) -> Floats:
    return m["auth.attack_share"] if m.route == LOGIN else m.full(0.0)


@signal("http.guessed_too_often", "ratio", "share of the rest that are guesses over the rate limit")
def guessed_too_often(m: Moment) -> Floats:
    return m["auth.attack_limited"] if m.route == LOGIN else m.full(0.0)


@signal("auth.attack_minutes", "ratio", "chance of a minute in which most logins fail", shared=True)
def attack_minutes(m: Moment) -> Floats:
    return np.where(m["auth.attack_part"] > 0.5, 1.0, 0.0)


@signal("auth.password_minutes", "1/s", "observations of how many password logins succeed: one a minute", shared=True)
def password_minutes(m: Moment) -> Floats:
    return np.where(m["api.alive"] > 0, 1.0 / 60.0, 0.0)


@signal("auth.other_minutes", "1/s", "the same for the five other ways to log in", shared=True)
def other_minutes(m: Moment) -> Floats:
    return 5.0 * m["auth.password_minutes"]


@signal("auth.other_attempts", "1/s", "logins by anything but a password, refreshed tokens included", shared=True)
def other_attempts(m: Moment) -> Floats:
    return OTHERS * m["http.served"]


@signal("auth.sessions", "1/s", "sessions that begin: a login that worked, a registration", shared=True)
def sessions(m: Moment) -> Floats:
    worked = m["auth.users"] * (1.0 - sum(FAILED_LOGINS.values()))
    return (worked + m["users.registrations"]) * (1.0 - m["http.failing_share"])


@signal("auth.expirations", "1/s", "sessions that end; a day's sessions end within the day", shared=True)
def expirations(m: Moment) -> Floats:
    return 0.97 * m["auth.users"]


@signal("security.everyday_incidents", "1/s", "incidents as every day has them", shared=True)
def everyday_incidents(m: Moment) -> Floats:
    return INCIDENTS * m["http.served"]


@signal("security.address_incidents", "1/s", "incidents with addresses of bad repute", shared=True)
def address_incidents(m: Moment) -> Floats:
    return 0.05 * m["security.address_suspicions"]


@signal(
    "security.guess_incidents", "1/s", "incidents of guessed passwords: one for each five hundred guesses", shared=True
)
def guess_incidents(m: Moment) -> Floats:
    return m["auth.attack"] / 500.0


@signal("security.breaches", "1/s", "incidents of critical severity", shared=True)
def breaches(m: Moment) -> Floats:
    return added_rate(m, "security_incident", per_seconds=60.0)


@signal("security.everyday_suspicions", "1/s", "suspicious activity as every day has it", shared=True)
def everyday_suspicions(m: Moment) -> Floats:
    return SUSPICIONS * m["http.served"]


@signal("security.address_suspicions", "1/s", "suspicious activity from addresses of bad repute", shared=True)
def address_suspicions(m: Moment) -> Floats:
    return 0.1 * SUSPICIONS * m["http.served"] * (1.0 + excess(m, "suspicious_address"))


@signal("security.guess_suspicions", "1/s", "suspicious activity that looks like guessed passwords", shared=True)
def guess_suspicions(m: Moment) -> Floats:
    return 0.02 * SUSPICIONS * m["http.served"] + m["auth.attack"] / 20.0
