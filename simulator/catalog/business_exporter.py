"""The platform's business-metrics exporter (contract 5.8): totals and daily figures, read from the database."""

from __future__ import annotations

from simulator.catalog.families import Dimension, Family, Level, constant, factors
from simulator.catalog.jobs import BUSINESS_METRICS
from simulator.catalog.revenue import PLANS
from simulator.telemetry.samples import MetricType
from simulator.units import MINUTE

_REFRESH_MS = 5 * MINUTE
_PRICE = sum(share * price for share, price in PLANS.values())
"""What an account pays in a month on average, in USD."""


def _gauge(
    name: str,
    text: str,
    signal: str,
    *dimensions: Dimension,
    whole: bool = False,
    high: float = float("inf"),
    scale: float = 1.0,
    noise: float = 0.0,
) -> Family:
    level = Level(signal, dimensions, noise=noise, whole=whole, high=high, scale=scale, refresh_ms=_REFRESH_MS)
    return Family(BUSINESS_METRICS, f"cryb_business_{name}", MetricType.GAUGE, text, level)


FAMILIES: tuple[Family, ...] = (
    _gauge("total_users", "Accounts", "users.total", whole=True),
    _gauge("daily_active_users", "Users active in a period", "users.daily", constant("period", "1d"), whole=True),
    _gauge("daily_active_users", "Users active in a period", "users.weekly", constant("period", "7d"), whole=True),
    _gauge("user_registrations", "Accounts opened", "users.registered_day", constant("period", "1d"), whole=True),
    _gauge("user_registrations", "Accounts opened", "users.registered_week", constant("period", "7d"), whole=True),
    _gauge(
        "user_retention_rate",
        "Users of a week who came back, percent",
        "users.retention_percent",
        constant("period", "7d"),
        constant("cohort", "weekly"),
        high=100.0,
    ),
    _gauge("total_posts", "Posts", "content.total_posts", whole=True),
    _gauge("total_comments", "Comments", "content.total_comments", whole=True),
    _gauge("daily_content_creation", "Made in a day", "content.daily_posts", constant("type", "posts"), whole=True),
    _gauge(
        "daily_content_creation", "Made in a day", "content.daily_comments", constant("type", "comments"), whole=True
    ),
    _gauge(
        "content_engagement_rate",
        "Contents that somebody answered, percent",
        "users.engagement",
        factors("type", {"posts": 0.6, "comments": 0.3}),
        high=100.0,
    ),
    _gauge("total_communities", "Communities", "communities.total", whole=True),
    _gauge(
        "active_communities",
        "Communities with something new",
        "communities.active",
        constant("period", "7d"),
        whole=True,
        scale=2.1,
    ),
    _gauge("average_community_size", "Members of a community", "communities.size"),
    _gauge("total_revenue", "Revenue since the beginning", "revenue.total", constant("currency", "USD"), scale=_PRICE),
    _gauge(
        "daily_revenue",
        "Revenue of a day",
        "revenue.daily",
        constant("currency", "USD"),
        constant("source", "subscriptions"),
        scale=_PRICE,
    ),
    _gauge(
        "average_revenue_per_user",
        "Revenue over users",
        "revenue.per_user",
        constant("period", "30d"),
        scale=_PRICE,
    ),
    _gauge("platform_health_score", "Health, 0 to 100", "platform.health", high=100.0),
    _gauge(
        "feature_adoption_rate",
        "Users of a feature, percent",
        "users.engagement",
        factors("feature", {"voice_chat": 0.55, "communities": 1.1, "messaging": 1.4}),
        high=100.0,
    ),
    _gauge(
        "support_tickets",
        "Tickets that are open",
        "users.tickets",
        constant("status", "open"),
        factors("priority", {"high": 0.12, "medium": 0.38, "low": 0.5}),
        whole=True,
        noise=0.02,
    ),
)
