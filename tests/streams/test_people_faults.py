"""Faults of people change what they are said to change, and not a bit of anything else."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.model.moment import Moment, World
from simulator.streams.samples import ModelSamples
from simulator.units import MINUTE
from tests.streams.runs import fault, run_of
from tests.streams.touched import (
    DONE_LESS,
    DONE_RARELY,
    ENGAGEMENT,
    LEAVING,
    STORED,
    of_api,
    of_business,
    touched,
)

_REQUESTS = of_api(
    "http_request_duration_seconds", "http_request_size_bytes", "http_requests_total", "http_response_size_bytes"
)

_SEEN = {
    f"security/{name}"
    for name in ("wazuh_alerts_total", "wazuh_rule_groups_total", "attack_patterns_total", "geographic_threats_total")
}
_ANSWERED = {f"security-automation/security_threats_{name}_total" for name in ("detected", "mitigated")}
_GUESSES = _SEEN | _ANSWERED | {"security/fail2ban_bans_total", "security-automation/security_ips_banned_total"}
_ADDRESSES = _SEEN | _ANSWERED | {"security/suricata_alerts_total"}
"""What the exporters of security tools show of either."""

# What must differ from the run without the fault; where there is a second set, what may.
TOUCHED: dict[str, tuple[set[str], set[str]]] = {
    "brute_force_login": (
        of_api(
            "cryb_auth_attempts_total",
            "cryb_auth_failures_total",
            "cryb_auth_success_rate",
            "cryb_security_incidents_total",
            "cryb_suspicious_activity_total",
        )
        | of_api("cryb_api_calls_total")
        | _GUESSES
        | _REQUESTS,
        of_api("cryb_errors_total"),
    ),
    "suspicious_address": (
        of_api("cryb_security_incidents_total", "cryb_suspicious_activity_total") | _ADDRESSES,
        set(),
    ),
    "security_incident": (of_api("cryb_security_incidents_total"), set()),
    "payment_failures": (
        of_api("cryb_conversion_rate", "cryb_payment_success_rate") | of_business("daily_revenue"),
        set(),
    ),
    "subscription_cancellations": (
        of_api("cryb_subscription_churn_rate"),
        of_api("cryb_monthly_recurring_revenue_usd"),
    ),
    "registration_drop": (
        of_api("cryb_conversion_rate", "cryb_sessions_created_total", "cryb_user_registrations_total")
        | of_business("user_registrations")
        | _REQUESTS
        | of_api("cryb_api_calls_total"),
        set(),
    ),
    "engagement_decline": (ENGAGEMENT | DONE_LESS | of_api("cryb_user_churn_rate"), LEAVING | DONE_RARELY),
    "churn_surge": (of_api("cryb_user_churn_rate", "cryb_user_retention_rate", "cryb_daily_active_users"), LEAVING),
}


@pytest.mark.parametrize("kind", TOUCHED)
def test_a_fault_touches_what_it_is_said_to_touch_and_nothing_else(kind: str) -> None:
    must, may = TOUCHED[kind]
    found = touched(fault(kind, at="5m", length="50m", intensity=0.5))
    assert must - found == set()
    assert found - must - may - STORED == set()


FOLLOW_TRAFFIC = of_api(
    "http_requests_total",
    "http_request_duration_seconds",
    "cryb_auth_attempts_total",
    "cryb_db_queries_total",
    "cryb_messages_total",
    "cryb_user_registrations_total",
    "cryb_user_sessions_total",
    "cryb_posts_created_total",
    "cryb_daily_active_users",
    "cryb_active_users_total",
) | {
    "postgresql/pg_stat_database_xact_commit",
    "redis/redis_commands_processed_total",
    "node-exporter/node_cpu_seconds_total",
    "livekit/livekit_participant_total",
}
FOLLOW_OTHERS = of_api(
    "cryb_monthly_recurring_revenue_usd",
    "cryb_payment_success_rate",
    "cryb_subscription_churn_rate",
    "cryb_auth_success_rate",
    "cryb_nodejs_process_start_time_seconds",
) | {
    "postgresql/pg_up",
    "postgresql/pg_settings_max_connections",
    "redis/redis_up",
    "redis/redis_memory_max_bytes",
    "node-exporter/node_boot_time_seconds",
    "node-exporter/node_filesystem_size_bytes",
}


TIMES = "http_request_duration_seconds"


@pytest.mark.parametrize(("kind", "slower"), [("traffic_spike", True), ("traffic_drop", False)])
def test_answers_take_as_long_as_the_load_makes_them(kind: str, slower: bool) -> None:
    """The mean of those that are answered, against the run without the fault; and what follows the load at once."""
    means, levels = [], []
    for faults in ((), (fault(kind, at="5m", length="50m", intensity=0.5),)):
        run = run_of(*faults, peak="200/s")
        times = run.started_ms + np.array([10, 50], dtype=np.int64) * MINUTE
        source = ModelSamples(run, only=frozenset({f"{TIMES}_sum", f"{TIMES}_count"}))
        (block,) = source.blocks("cryb-api", "api-1", times)
        rise = block.values[1] - block.values[0]
        total, count = (
            sum(value for series, value in zip(block.series, rise.tolist(), strict=True) if series.name == TIMES + end)
            for end in ("_sum", "_count")
        )
        means.append(total / count)
        world = World(run.profile, run.seed, run.started_ms)
        moment = Moment(world, world.start + np.array([30 * MINUTE]))
        levels.append([float(moment[name][0]) for name in ("api.utilization", "db.pool_used", "node.cpu")])
    calm, broken = means
    assert (broken > 1.3 * calm) if slower else (broken < 0.8 * calm)
    for before, now in zip(*levels, strict=True):
        assert (now > before) if slower else (now < before)


@pytest.mark.parametrize("kind", ["traffic_spike", "traffic_drop"])
def test_traffic_moves_all_that_follows_it(kind: str) -> None:
    found = touched(fault(kind, at="5m", length="50m", intensity=0.5))
    assert FOLLOW_TRAFFIC - found == set()
    assert found & FOLLOW_OTHERS == set()
