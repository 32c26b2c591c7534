"""People as the API counts them: users, sessions, engagement, registrations, churn (contract 5.6).

Levels are computed anew every 5 minutes, every 15, or every hour.
"""

from __future__ import annotations

from simulator.catalog.families import CausedBy, Count, Dimension, Family, Flow, Level, Scores, factors, same, shares
from simulator.catalog.jobs import CRYB_API
from simulator.telemetry.samples import MetricType
from simulator.units import HOUR, MINUTE

_C, _G, _H = MetricType.COUNTER, MetricType.GAUGE, MetricType.HISTOGRAM
_5M, _15M, _1H = 5 * MINUTE, 15 * MINUTE, HOUR

SESSION_BOUNDS = (60.0, 300.0, 600.0, 1800.0, 3600.0, 7200.0, 14400.0, 28800.0)
_SHORT = "120"
_SESSION_SECONDS = {"30": 0.1, _SHORT: 0.22, "450": 0.2, "1100": 0.26, "2600": 0.14, "5000": 0.06, "9500": 0.02}
"""Lengths of sessions and how many have them: most are short, some are very long."""
TIERS = {"power_users": 1.5, "regular_users": 1.0, "casual_users": 0.46}
"""Engagement of each tier against that of regular users."""

SESSIONS = Flow(
    "people.sessions",
    signal="sessions.started",
    dimensions=(
        Dimension(
            ("source", "device_type", "platform"),
            (
                (("web", "desktop", "web"), 0.36),
                (("web", "mobile", "mobile"), 0.34),
                (("web", "mobile", "web"), 0.18),
                (("web", "desktop", "desktop"), 0.12),
            ),
            tiny=1,
        ),
        shares("_value", _SESSION_SECONDS),
    ),
    outcome="_value",
    healthy=tuple(length for length in _SESSION_SECONDS if float(length) > float(_SHORT)),
    failures={_SHORT: "users.cut_short"},
)
REGISTRATIONS = Flow(
    "people.registrations",
    signal="users.registrations",
    dimensions=(shares("source", {"web": 0.56, "mobile": 0.4, "api": 0.04}),),
)
_HARMED = Flow(
    "people.harmed",
    signal="users.harmed",
    dimensions=(
        shares("error_type", {"server_error": 0.6, "timeout": 0.3, "unavailable": 0.1}, tiny=2),
        shares("severity", {"low": 0.5, "medium": 0.35, "high": 0.15}, tiny=2),
    ),
)


def _kpi(name: str, text: str, level: Level) -> Family:
    return Family(CRYB_API, name, _G, text, level)


FAMILIES: tuple[Family, ...] = (
    _kpi("cryb_daily_active_users", "Users active in the last day", Level("users.daily", whole=True, refresh_ms=_5M)),
    _kpi(
        "cryb_weekly_active_users", "Users active in the last week", Level("users.weekly", whole=True, refresh_ms=_1H)
    ),
    _kpi(
        "cryb_monthly_active_users",
        "Users active in the last month",
        Level("users.monthly", whole=True, refresh_ms=_1H),
    ),
    _kpi(
        "cryb_active_users_total",
        "Users active in a period",
        Level("users.hourly", (factors("time_period", {"1h": 1.0}),), whole=True, refresh_ms=_5M),
    ),
    _kpi("cryb_message_velocity", "Messages per minute over the last hour", Level("messages.velocity", refresh_ms=_5M)),
    _kpi(
        "cryb_user_engagement_score",
        "Engagement, 0 to 100",
        Level("users.engagement", (factors("user_tier", TIERS),), noise=0.01, high=100.0, refresh_ms=_15M),
    ),
    _kpi(
        "cryb_user_churn_rate",
        "Users lost in a period, percent",
        Level("users.churn_percent", (factors("period", {"7d": 0.33, "30d": 1.0}),), high=100.0, refresh_ms=_1H),
    ),
    _kpi(
        "cryb_user_retention_rate",
        "Users of a week who came back, percent",
        Level(
            "users.retention_percent",
            (
                factors("period", {"7day": 1.0}),
                factors("cohort", {"week_1": 1.0, "week_2": 0.87, "week_3": 0.8, "week_4": 0.76}),
            ),
            high=100.0,
            refresh_ms=_1H,
        ),
    ),
    Family(
        CRYB_API,
        "cryb_user_registrations_total",
        _C,
        "Registrations",
        Count(REGISTRATIONS, same("source")),
        caused_by=CausedBy.API,
    ),
    Family(
        CRYB_API, "cryb_user_sessions_total", _C, "Sessions of users", Count(SESSIONS, same("source", "device_type"))
    ),
    Family(
        CRYB_API,
        "cryb_user_session_duration_seconds",
        _H,
        "How long sessions last",
        Scores(SESSIONS, same("source", "device_type"), SESSION_BOUNDS),
        unit="seconds",
    ),
    Family(
        CRYB_API,
        "cryb_average_session_duration_seconds",
        _H,
        "How long sessions last, by platform",
        Scores(SESSIONS, same("platform"), SESSION_BOUNDS[:-1]),
        unit="seconds",
    ),
    Family(
        CRYB_API,
        "cryb_error_impact_on_users_total",
        _C,
        "Users whom an error met",
        Count(_HARMED, same("error_type", "severity")),
    ),
    _kpi(
        "cryb_platform_uptime_percentage",
        "Time in which a service answered, percent of the last day",
        Level("platform.uptime_percent", (factors("service", {"api": 1.0}),), high=100.0, refresh_ms=_5M),
    ),
    _kpi(
        "cryb_network_effect_strength",
        "How much users draw others, 0 to 1",
        Level("users.pull", high=1.0, noise=0.01, refresh_ms=_1H),
    ),
    _kpi(
        "cryb_power_user_percentage",
        "Power users, percent",
        Level("users.engagement", high=100.0, noise=0.01, scale=8.5 / 58.0, refresh_ms=_1H),
    ),
    _kpi(
        "cryb_viral_coefficient",
        "New users whom a user brings",
        Level("users.pull", (factors("period", {"7d": 0.6, "30d": 1.0}),), noise=0.01, refresh_ms=_1H),
    ),
    _kpi(
        "cryb_feature_adoption_rate",
        "Users of a feature, percent",
        Level(
            "users.engagement",
            (
                factors("feature_name", {"voice_chat": 0.55, "communities": 1.1, "messaging": 1.4}, tiny=2),
                factors("user_tier", {"power_users": 1.15, "regular_users": 1.0, "casual_users": 0.6}, tiny=2),
            ),
            noise=0.01,
            high=100.0,
            refresh_ms=_1H,
        ),
    ),
)
