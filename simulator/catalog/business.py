"""Business KPIs that the API computes now and then (contract 5.6)."""

from __future__ import annotations

from simulator.catalog.families import Family, Level, factors
from simulator.catalog.jobs import CRYB_API
from simulator.telemetry.samples import MetricType
from simulator.units import HOUR, MINUTE

_G = MetricType.GAUGE
_5M, _15M, _1H = 5 * MINUTE, 15 * MINUTE, HOUR


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
        Level(
            "users.engagement",
            (factors("user_tier", {"power_users": 1.5, "regular_users": 1.0, "casual_users": 0.46}),),
            noise=0.01,
            high=100.0,
            refresh_ms=_15M,
        ),
    ),
    _kpi(
        "cryb_user_churn_rate",
        "Users lost in a period, percent",
        Level("users.churn_percent", (factors("period", {"7d": 0.33, "30d": 1.0}),), high=100.0, refresh_ms=_1H),
    ),
    _kpi(
        "cryb_payment_success_rate",
        "Payments that succeed, percent",
        Level(
            "payments.success_percent",
            (factors("payment_method", {"stripe": 1.0, "crypto": 0.985}),),
            noise=0.002,
            high=100.0,
            refresh_ms=_5M,
        ),
    ),
)
