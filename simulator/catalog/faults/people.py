"""Faults of what people do: attacks, churn, payments, and how much traffic there is."""

from __future__ import annotations

from simulator.catalog.faults.kinds import FaultKind, Parameter

_MODEL = "the API does nothing else than before; the model's families show it"

KINDS: tuple[FaultKind, ...] = (
    FaultKind(
        name="brute_force_login",
        summary="somebody tries passwords",
        service="users",
        intensity="share of the attack's full rate",
        scopes=(),
        effects=(
            "failed logins rise",
            "login attempts rise",
            "suspicious activity of type brute_force rises",
            "security incidents of high severity rise",
            "auth log lines with `failed` rise",
        ),
        live="the model's families and auth log lines show it; the API's own login counters follow its load alone",
        parameters=(Parameter("rate", "factor", 40, 1, 100_000, "failed logins a second at full intensity"),),
    ),
    FaultKind(
        name="suspicious_address",
        summary="addresses of bad repute use the platform",
        service="users",
        intensity="share of the full factor",
        scopes=(),
        effects=("suspicious activity rises, most of all of high risk", "security incidents of medium severity rise"),
        live=_MODEL,
        parameters=(Parameter("factor", "factor", 60, 2, 10_000, "suspicious activity against an ordinary day's"),),
    ),
    FaultKind(
        name="security_incident",
        summary="a breach: incidents of critical severity",
        service="users",
        intensity="share of the full rate",
        scopes=(),
        effects=("security incidents of critical severity appear",),
        live=_MODEL,
        parameters=(Parameter("rate", "factor", 2, 0.1, 1000, "critical incidents a minute at full intensity"),),
    ),
    FaultKind(
        name="payment_failures",
        summary="the payment provider refuses payments",
        service="payments",
        intensity="share of payments that fail",
        scopes=(),
        effects=(
            "payment success rate falls",
            "conversion to paid plans falls",
            "cancellations for failed payments rise over the days after",
            "monthly recurring revenue falls after that",
        ),
        live=_MODEL,
    ),
    FaultKind(
        name="subscription_cancellations",
        summary="subscribers cancel",
        service="payments",
        intensity="share of the full factor",
        scopes=(),
        effects=("subscription churn rises", "monthly recurring revenue falls over the days after"),
        live=_MODEL,
        parameters=(Parameter("factor", "factor", 4, 1.5, 100, "cancellations against an ordinary day's"),),
    ),
    FaultKind(
        name="registration_drop",
        summary="people cannot or do not register",
        service="users",
        intensity="share of registrations that do not happen",
        scopes=(),
        effects=("registrations fall", "conversion from visitor to account falls", "new users of the day fall"),
        live="the API does nothing else than before; load registers nobody, so live rehearsals show it in history only",
    ),
    FaultKind(
        name="engagement_decline",
        summary="users lose interest",
        service="users",
        intensity="share of their engagement that is gone",
        scopes=(),
        effects=(
            "engagement score falls",
            "sessions become shorter",
            "posts, comments and reactions fall",
            "churn rises over days",
            "cancellations rise after that",
        ),
        live=_MODEL,
    ),
    FaultKind(
        name="churn_surge",
        summary="users leave",
        service="users",
        intensity="share of the full factor",
        scopes=(),
        effects=(
            "churn rises over a day",
            "retention falls with it",
            "daily active users fall",
            "cancellations rise after that",
        ),
        live=_MODEL,
        parameters=(
            Parameter("factor", "factor", 6, 1.5, 20, "churn against an ordinary month's, once it is all there"),
        ),
    ),
    FaultKind(
        name="traffic_spike",
        summary="many more people come at once",
        service="users",
        intensity="share of the full factor",
        scopes=(),
        effects=(
            "requests rise",
            "utilization and latency rise",
            "everything that follows traffic rises: queries, messages, sessions, registrations",
            "daily active users rise over the day",
        ),
        live="the load plan asks for that many requests more",
        parameters=(Parameter("factor", "factor", 3, 1.1, 1000, "traffic against the plan at full intensity"),),
    ),
    FaultKind(
        name="traffic_drop",
        summary="people stay away",
        service="users",
        intensity="share of traffic that does not come",
        scopes=(),
        effects=(
            "requests fall",
            "everything that follows traffic falls: queries, messages, sessions, registrations",
            "daily active users fall over the day",
        ),
        live="the load plan asks for that share less",
    ),
)
