"""Authentication and security as the API sees it (contract 5.4)."""

from __future__ import annotations

from collections.abc import Mapping

from simulator.catalog.families import (
    CausedBy,
    Count,
    Dimension,
    Family,
    Flow,
    Scores,
    constant,
    same,
    shares,
)
from simulator.catalog.jobs import CRYB_API
from simulator.telemetry.samples import MetricType

FAILED_LOGINS: Mapping[str, float] = {
    "invalid_credentials": 0.06,
    "rate_limited": 0.002,
    "account_locked": 0.001,
    "user_banned": 0.0005,
}
"""Shares of password logins; the first two are those of `POST /api/v1/auth/login` that end with 401 and 429."""

REFRESHED = 0.58
"""The part of all logins without a password that is a refreshed token."""
_OTHER_METHODS: tuple[tuple[str, float, Mapping[str, float]], ...] = (
    ("refresh", REFRESHED, {"token_expired": 0.012}),
    ("oauth", 0.24, {"provider_error": 0.015, "user_banned": 0.0005}),
    ("2fa", 0.12, {"invalid_2fa": 0.05}),
    ("wallet", 0.06, {"invalid_signature": 0.03}),
)
_SUCCESS = "success"


def _outcomes(failures: Mapping[str, float]) -> dict[str, float]:
    return {_SUCCESS: 1.0 - sum(failures.values()), **failures}


def _methods() -> Dimension:
    rows = [
        ((method, outcome), part * share)
        for method, part, failures in _OTHER_METHODS
        for outcome, share in _outcomes(failures).items()
    ]
    return Dimension(("method", "_outcome"), tuple(rows))


PASSWORD_LOGINS = Flow(
    "auth.password",
    signal="auth.password_attempts",
    dimensions=(constant("method", "password"), shares("_outcome", _outcomes(FAILED_LOGINS))),
    outcome="_outcome",
    healthy=(_SUCCESS,),
    failures={"invalid_credentials": "auth.attack_share", "rate_limited": "auth.attack_limited"},
)
"""Logins by password, the guesses of attackers among them: what auth log lines tell, too."""

OTHER_LOGINS = Flow("auth.others", signal="auth.other_attempts", dimensions=(_methods(),), outcome="_outcome")

_FAILED = {
    PASSWORD_LOGINS.name: tuple(FAILED_LOGINS),
    OTHER_LOGINS.name: tuple(reason for _, _, failures in _OTHER_METHODS for reason in failures),
}

# How successful logins were, once a minute: most minutes almost all of them.
_RATES = {"1": 0.45, "0.97": 0.42, "0.92": 0.11, "0.85": 0.02, "0.4": 0.0}
_RATE_BOUNDS = (0.0, 0.1, 0.5, 0.8, 0.9, 0.95, 0.99, 1.0)


def _rates(name: str, signal: str, providers: Dimension, failures: Mapping[str, str]) -> Flow:
    return Flow(
        name,
        signal=signal,
        dimensions=(providers, shares("_value", _RATES)),
        outcome="_value",
        healthy=tuple(_RATES)[:-1],
        failures=failures,
    )


_PASSWORD_RATES = _rates(
    "auth.password_rates",
    "auth.password_minutes",
    Dimension(("method", "provider"), ((("password", "local"), 1.0),)),
    {"0.4": "auth.attack_minutes"},
)
_OTHER_RATES = _rates(
    "auth.other_rates",
    "auth.other_minutes",
    Dimension(
        ("method", "provider"),
        tuple(
            (pair, 0.2)
            for pair in (
                ("oauth", "google"),
                ("oauth", "discord"),
                ("wallet", "ethereum"),
                ("2fa", "totp"),
                ("refresh", "local"),
            )
        ),
        tiny=1,
    ),
    {},
)

SESSIONS_CREATED = Flow(
    "auth.sessions",
    signal="auth.sessions",
    dimensions=(
        shares("platform", {"web": 0.52, "mobile": 0.36, "desktop": 0.12}, tiny=2),
        shares("auth_method", {"password": 0.74, "oauth": 0.2, "wallet": 0.06}, tiny=2),
    ),
)
SESSIONS_EXPIRED = Flow(
    "auth.expirations",
    signal="auth.expirations",
    dimensions=(
        shares("platform", {"web": 0.52, "mobile": 0.36, "desktop": 0.12}, tiny=2),
        shares("reason", {"timeout": 0.7, "logout": 0.26, "revoked": 0.04}, tiny=2),
    ),
)


def _of_kind(name: str, signal: str, kinds: Mapping[str, float], levels: Mapping[str, float], label: str) -> Flow:
    return Flow(name, signal=signal, dimensions=(shares("type", kinds, tiny=2), shares(label, levels, tiny=2)))


# What each cause adds is a flow of its own, so that a fault changes the one kind that it is about.
INCIDENTS = (
    _of_kind(
        "security.everyday",
        "security.everyday_incidents",
        {"rate_abuse": 0.7, "injection_attempt": 0.2, "malicious_upload": 0.1},
        {"low": 0.9, "medium": 0.1},
        "severity",
    ),
    _of_kind("security.address", "security.address_incidents", {"bad_address": 1.0}, {"medium": 1.0}, "severity"),
    _of_kind("security.guesses", "security.guess_incidents", {"brute_force": 1.0}, {"high": 1.0}, "severity"),
    _of_kind("security.breach", "security.breaches", {"breach": 1.0}, {"critical": 1.0}, "severity"),
)
SUSPICIONS = (
    _of_kind(
        "suspicious.everyday",
        "security.everyday_suspicions",
        {"new_device": 0.6, "unusual_location": 0.3, "rapid_requests": 0.1},
        {"low": 0.8, "medium": 0.18, "high": 0.02},
        "risk_level",
    ),
    _of_kind(
        "suspicious.address",
        "security.address_suspicions",
        {"bad_address": 1.0},
        {"low": 0.1, "medium": 0.3, "high": 0.6},
        "risk_level",
    ),
    _of_kind(
        "suspicious.guesses",
        "security.guess_suspicions",
        {"brute_force": 1.0},
        {"medium": 0.4, "high": 0.6},
        "risk_level",
    ),
)

_C, _H = MetricType.COUNTER, MetricType.HISTOGRAM


def _caused_by_api(name: str, text: str, view: Count) -> Family:
    return Family(CRYB_API, name, _C, text, view, caused_by=CausedBy.API)


FAMILIES: tuple[Family, ...] = (
    *(
        _caused_by_api("cryb_auth_attempts_total", "Authentication attempts", Count(flow, same("method")))
        for flow in (PASSWORD_LOGINS, OTHER_LOGINS)
    ),
    *(
        _caused_by_api(
            "cryb_auth_failures_total",
            "Failed authentication attempts",
            Count(flow, {"method": "method", "reason": "_outcome"}, where={"_outcome": _FAILED[flow.name]}),
        )
        for flow in (PASSWORD_LOGINS, OTHER_LOGINS)
    ),
    *(
        Family(
            CRYB_API,
            "cryb_auth_success_rate",
            _H,
            "Share of logins that succeeded, minute by minute",
            Scores(flow, same("method", "provider"), _RATE_BOUNDS),
        )
        for flow in (_PASSWORD_RATES, _OTHER_RATES)
    ),
    _caused_by_api("cryb_sessions_created_total", "Sessions", Count(SESSIONS_CREATED, same("platform", "auth_method"))),
    Family(
        CRYB_API,
        "cryb_sessions_expired_total",
        _C,
        "Sessions that ended",
        Count(SESSIONS_EXPIRED, same("platform", "reason")),
    ),
    *(
        Family(
            CRYB_API, "cryb_security_incidents_total", _C, "Security incidents", Count(flow, same("type", "severity"))
        )
        for flow in INCIDENTS
    ),
    *(
        Family(
            CRYB_API,
            "cryb_suspicious_activity_total",
            _C,
            "Suspicious activity",
            Count(flow, same("type", "risk_level")),
        )
        for flow in SUSPICIONS
    ),
)
