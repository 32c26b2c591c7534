"""Money as the API counts it: payments, subscriptions, conversion, tips (contract 5.6)."""

from __future__ import annotations

from typing import Final

from simulator.catalog.families import (
    CausedBy,
    Count,
    Family,
    Flow,
    Level,
    Sizes,
    constant,
    factors,
    same,
    shares,
    zipf,
)
from simulator.catalog.jobs import CRYB_API
from simulator.telemetry.samples import MetricType
from simulator.units import HOUR, MINUTE

PLANS = {"basic": (0.031, 4.99), "premium": (0.009, 9.99)}
"""Share of the accounts that subscribe to a plan, and what it costs a month, in USD."""
REASONS = {"price": 0.3, "dissatisfaction": 0.3, "missing_features": 0.25}
"""Why people cancel; the rest is payments that failed."""
PAYMENTS_LOAD: Final = "buyer"
"""The journey of the load that pays; without it the model says how payments go."""
UNPAID = 1.0 - sum(REASONS.values())

_CHANNELS = {"organic": 0.5, "referral": 0.25, "paid": 0.25}
_C, _G, _H = MetricType.COUNTER, MetricType.GAUGE, MetricType.HISTOGRAM
_5M, _15M, _1H = 5 * MINUTE, 15 * MINUTE, HOUR

_VALUED = Flow(
    "money.customers", signal="revenue.customers", dimensions=(shares("acquisition_channel", _CHANNELS, tiny=1),)
)
_TIPS = Flow(
    "money.tips",
    signal="revenue.tips",
    dimensions=(
        shares("currency", {"ETH": 0.5, "USDC": 0.35, "SOL": 0.15}, tiny=2),
        shares("amount_range", {"under_10": 0.7, "10_to_100": 0.27, "over_100": 0.03}, tiny=2),
    ),
)
_NFTS = Flow(
    "money.nfts",
    signal="revenue.nfts",
    dimensions=(
        shares("type", {"purchase": 0.6, "mint": 0.3, "transfer": 0.1}, tiny=2),
        zipf("collection", ("avatars", "badges", "emoji", "other"), tiny=2),
    ),
)


def _stage(stage: str, signal: str, scale: float = 1.0) -> Family:
    sources = factors("source", {"organic": 1.0, "referral": 1.35, "paid": 0.8}, tiny=1)
    level = Level(
        signal, (constant("funnel_stage", stage), sources), noise=0.01, high=100.0, scale=scale, refresh_ms=_15M
    )
    return Family(CRYB_API, "cryb_conversion_rate", _G, "Users who went on to the next stage, percent", level)


def _cancelled(signal: str, reasons: dict[str, float]) -> Family:
    return Family(
        CRYB_API,
        "cryb_subscription_churn_rate",
        _G,
        "Subscribers lost in 30 days, percent",
        Level(
            signal,
            (factors("plan_type", {"basic": 1.1, "premium": 0.7}), factors("churn_reason", reasons)),
            noise=0.01,
            high=100.0,
            refresh_ms=_15M,
        ),
    )


FAMILIES: tuple[Family, ...] = (
    Family(
        CRYB_API,
        "cryb_payment_success_rate",
        _G,
        "Payments that succeed, percent",
        Level(
            "payments.success_percent",
            (factors("payment_method", {"stripe": 1.0, "crypto": 0.985}),),
            noise=0.002,
            high=100.0,
            refresh_ms=_5M,
        ),
        caused_by=CausedBy.API,
        with_load=PAYMENTS_LOAD,
    ),
    _cancelled("subscriptions.cancelled_percent", REASONS),
    _cancelled("subscriptions.unpaid_percent", {"payment_failed": UNPAID}),
    Family(
        CRYB_API,
        "cryb_monthly_recurring_revenue_usd",
        _G,
        "Monthly recurring revenue",
        Level(
            "revenue.subscribed",
            (factors("plan_type", {"free": 0.0, **{plan: part * price for plan, (part, price) in PLANS.items()}}),),
            refresh_ms=_1H,
        ),
        unit="usd",
    ),
    Family(
        CRYB_API,
        "cryb_customer_lifetime_value_usd",
        _H,
        "What a customer pays in all",
        Sizes(
            _VALUED,
            same("acquisition_channel"),
            (10.0, 50.0, 100.0, 250.0, 500.0, 1000.0, 2500.0, 5000.0),
            median=86,
            sigma=1.0,
        ),
        unit="usd",
    ),
    _stage("visitor_to_signup", "users.signup_percent"),
    _stage("signup_to_active", "users.engagement", 0.7),
    _stage("free_to_paid", "payments.conversion_percent"),
    Family(
        CRYB_API,
        "cryb_crypto_tips_total",
        _C,
        "Tips in cryptocurrency",
        Count(_TIPS, same("currency", "amount_range")),
    ),
    Family(
        CRYB_API,
        "cryb_nft_transactions_total",
        _C,
        "Transactions of tokens",
        Count(_NFTS, same("type", "collection")),
    ),
)
