"""Which families a fault changes, over all jobs, against the run without it; and families that go together."""

from __future__ import annotations

from functools import cache

import numpy as np

from simulator.catalog import custom_queries
from simulator.streams.samples import ModelSamples
from simulator.units import MINUTE
from tests.streams.runs import Fault, run_of

ONSET = 5


@cache
def _calm() -> dict[str, np.ndarray]:
    return _values()


def _values(*faults: Fault) -> dict[str, np.ndarray]:
    """Every family of every job's first instance, every minute for three hours (the fault is over after one)."""
    run = run_of(*faults, size="default")
    source = ModelSamples(run)
    times = run.started_ms + np.arange(0, 180, dtype=np.int64) * MINUTE
    return {
        f"{job}/{block.name}": block.values
        for job in source.jobs()
        for block in source.blocks(job, source.instances(job)[0], times)
    }


def touched(fault: Fault) -> set[str]:
    """`job/family` of all that a fault changes. Checks that it changes nothing before its onset, five minutes in."""
    found = set()
    broken = _values(fault)
    for name, calm in _calm().items():
        assert np.array_equal(calm[:ONSET], broken[name][:ONSET], equal_nan=True), name
        if not np.array_equal(calm, broken[name], equal_nan=True):
            found.add(name)
    return found


def of_api(*names: str) -> set[str]:
    return {f"cryb-api/{name}" for name in names}


def of_business(*names: str) -> set[str]:
    return {f"business-metrics/cryb_business_{name}" for name in names}


STORED = {f"postgresql/{family.name}" for family in custom_queries.FAMILIES}
"""What is counted in tables: the last day's sums, over all that happens. May differ with any of it."""

LEAVING = (
    of_api(
        "cryb_active_users_total",
        "cryb_community_growth_rate",
        "cryb_daily_active_users",
        "cryb_monthly_active_users",
        "cryb_user_churn_rate",
        "cryb_user_retention_rate",
        "cryb_weekly_active_users",
    )
    | of_business("daily_active_users", "user_retention_rate", "support_tickets")
    | {"redis/redis_db_keys", "redis/redis_db_keys_expiring"}
)
"""What falls or rises as users leave: sessions are kept in Redis for those who stay."""

ENGAGEMENT = of_api(
    "cryb_community_engagement_rate",
    "cryb_content_interaction_rate",
    "cryb_conversion_rate",
    "cryb_feature_adoption_rate",
    "cryb_network_effect_strength",
    "cryb_power_user_percentage",
    "cryb_user_engagement_score",
    "cryb_viral_coefficient",
) | of_business("content_engagement_rate", "feature_adoption_rate")

DONE_LESS = of_api(
    "cryb_average_session_duration_seconds",
    "cryb_comments_created_total",
    "cryb_community_memberships_total",
    "cryb_content_creation_rate",
    "cryb_content_shares_total",
    "cryb_content_views_total",
    "cryb_feature_usage_total",
    "cryb_link_sharing_total",
    "cryb_media_sharing_total",
    "cryb_load_times_seconds",
    "cryb_page_views_total",
    "cryb_posts_created_total",
    "cryb_reactions_created_total",
    "cryb_server_memberships_total",
    "cryb_user_session_duration_seconds",
) | of_business("daily_content_creation")
"""What people do less of in a bad mood, often enough to be seen within an hour."""

DONE_RARELY = of_api(
    "cryb_communities_active",
    "cryb_communities_created_total",
    "cryb_content_moderations_total",
    "cryb_cross_platform_usage_total",
    "cryb_crypto_tips_total",
    "cryb_moderation_actions_total",
    "cryb_nft_transactions_total",
) | of_business("active_communities")
"""What they do less of as well, seldom enough to escape notice."""

ANNOYED = (
    of_api("cryb_error_impact_on_users_total")
    | of_business("platform_health_score", "message_delivery_rate")
    | of_api("cryb_system_health_score")
)
"""What shows that something is wrong for users."""
