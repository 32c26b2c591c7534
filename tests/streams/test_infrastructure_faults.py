"""Faults of infrastructure, over every series of a platform of several instances: what they touch, and nothing else;
nothing before their onset; which way, where, and in which order."""

from __future__ import annotations

import re
from functools import cache

import numpy as np
import pytest

from simulator.catalog.faults import database, infrastructure
from simulator.units import MINUTE
from tests.streams.infrastructure import SEVERAL, Seen, calm, differences, run_of
from tests.streams.infrastructure_touched import TOUCHED

ONSET = 20


@cache
def broken(kind: str) -> Seen:
    given = {"kind": kind, "at": f"{ONSET}m", "for": "1h", **TOUCHED[kind][0]}
    return Seen(run_of(given, instances=SEVERAL))


def test_every_kind_of_this_domain_is_in_the_table() -> None:
    assert set(TOUCHED) == {kind.name for kind in (*infrastructure.KINDS, *database.KINDS)}


@pytest.mark.slow
@pytest.mark.parametrize("kind", TOUCHED)
def test_a_fault_touches_what_it_is_said_to_touch_and_nothing_else(kind: str) -> None:
    _, must, may = TOUCHED[kind]
    found: dict[str, int] = {}
    for (job, instance, sample, _), first in differences(broken(kind), calm()).items():
        name = f"{job}/{instance}/{sample}"
        found[name] = min(first, found.get(name, first))
    assert must - found.keys() == set()
    allowed = [re.compile(pattern) for pattern in may]
    assert {name for name in found.keys() - must if not any(p.fullmatch(name) for p in allowed)} == set()
    assert all(first >= ONSET for first in found.values())


def test_a_database_that_is_gone_fails_what_needs_it_and_nothing_else() -> None:
    seen = broken("database_down")
    up = seen.series("postgresql", "postgres-1", "pg_up")
    gone = (seen.elapsed >= ONSET * MINUTE) & (seen.elapsed < (ONSET + 60) * MINUTE)
    assert (up == ~gone).all()
    assert np.isnan(seen.series("postgresql", "postgres-1", "pg_stat_database_xact_commit")[gone]).all()
    assert (seen.series("postgresql", "postgres-2", "pg_up") == 1).all()
    assert seen.answered("postgresql", "postgres-1").all()  # the exporter is well
    assert seen.rate("cryb-api", "api-1", "cryb_db_queries_total", ONSET + 1, ONSET + 59) == 0
    wanted = calm().rate("cryb-api", "api-1", "cryb_db_queries_total", ONSET + 1, ONSET + 59)
    refused = seen.rate("cryb-api", "api-1", "cryb_db_errors_total", ONSET + 1, ONSET + 59, error_type="connection")
    assert refused == pytest.approx(wanted, rel=0.05)
    span = (ONSET + 1, ONSET + 59)
    failing = seen.rate("cryb-api", "api-1", "http_requests_total", *span, code="503", route="/api/v1/posts")
    all_of_it = seen.rate("cryb-api", "api-1", "http_requests_total", *span, route="/api/v1/posts")
    assert failing > 0.9 * all_of_it
    status = seen.series("blackbox-http", "https://api.cryb.ai/health", "probe_http_status_code")
    assert set(status[gone].tolist()) == {503.0}
    commits = seen.series("postgresql", "postgres-1", "pg_stat_database_xact_commit")
    assert commits[ONSET + 60] < 1_000 < commits[ONSET - 1]  # it begins anew


def test_the_others_take_over_from_an_instance_that_is_gone() -> None:
    seen = Seen(
        run_of({"kind": "outage", "at": "20m", "for": "1h", "target": {"instance": "api-2"}}, instances=SEVERAL)
    )
    share = calm().rate("cryb-api", "api-1", "http_requests_total", 30, 70)
    assert seen.rate("cryb-api", "api-2", "http_requests_total", 21, 79) == 0
    assert seen.rate("cryb-api", "api-1", "http_requests_total", 30, 70) == pytest.approx(1.5 * share, rel=0.03)
    assert (
        seen.answered("cryb-api", "api-2").tolist()
        == (~((seen.elapsed >= 20 * MINUTE) & (seen.elapsed < 80 * MINUTE))).tolist()
    )
    assert seen.answered("cryb-api", "api-1").all()
    there = {sample for job, _, sample, _ in differences(seen, calm()) if job in ("postgresql", "redis")}
    assert there == {
        "cryb_db_connections_by_state_count",
        "pg_stat_activity_count",
        "pg_stat_database_numbackends",
        "redis_connected_clients",
    }


def test_a_host_that_is_gone_takes_along_what_runs_on_it() -> None:
    fault = {"kind": "outage", "at": "20m", "for": "1h", "target": {"service": "node", "instance": "node-2"}}
    seen = Seen(run_of(fault, instances=SEVERAL))
    gone = (seen.elapsed >= 20 * MINUTE) & (seen.elapsed < 80 * MINUTE)
    for job, instance in (
        ("node-exporter", "node-2"),
        ("cadvisor", "node-2"),
        ("cryb-api", "api-2"),
        ("redis", "redis-2"),
    ):
        assert (seen.answered(job, instance) == ~gone).all(), job
    for job, instance in (
        ("node-exporter", "node-1"),
        ("cryb-api", "api-1"),
        ("redis", "redis-1"),
        ("grafana", "grafana-1"),
    ):
        assert seen.answered(job, instance).all(), job
    boots = seen.series("node-exporter", "node-2", "node_boot_time_seconds")
    assert boots[79] < seen.times[0] / 1000 < boots[80] <= seen.times[80] / 1000
    assert seen.series("node-exporter", "node-2", "node_network_receive_bytes_total")[81] < 1e8


def test_a_crash_loop_restarts_its_container_and_resets_its_counters() -> None:
    seen = Seen(
        run_of(
            {
                "kind": "crash_loop",
                "at": "20m",
                "for": "30m",
                "target": {"instance": "api-2"},
                "parameters": {"every": "2m"},
            },
            instances=SEVERAL,
            duration="1h",
        ),
        step_ms=15_000,
    )
    starts = seen.series("cadvisor", "node-2", "container_start_time_seconds", name="cryb-api-2")
    assert len(set(starts[~np.isnan(starts)].tolist())) == 16
    assert np.isnan(starts).any()
    requests = seen.series("cryb-api", "api-2", "http_requests_total")
    assert (np.diff(requests) < 0).sum() == 15
    process = seen.series("cryb-api", "api-2", "cryb_nodejs_process_start_time_seconds")
    assert len(set(process.tolist())) == 16
    ids = {
        dict(labels)["id"]
        for _, _, name, labels in seen.of("cadvisor", "node-2")
        if "cryb-api-2" in dict(labels).values()
    }
    assert len(ids) == 1  # the same container, started again
    assert seen.series("postgresql", "postgres-1", "cryb_crashes_24h_count")[-1] == 15


def test_a_deploy_brings_new_containers_one_after_the_other() -> None:
    seen = Seen(
        run_of(
            {"kind": "deploy", "at": "20m", "for": "30m", "parameters": {"downtime": "30s"}},
            instances=SEVERAL,
            duration="1h",
        )
    )
    for number, host in enumerate(("node-1", "node-2", "node-1")):
        name = f"cryb-api-{number + 1}"
        old = seen.series("cadvisor", host, "container_memory_rss", name=name, image="cryb/api:1.42.0")
        new = seen.series("cadvisor", host, "container_memory_rss", name=name, image="cryb/api:1.43.0")
        at = 20 + 10 * number
        assert np.isnan(old[at:]).all()
        assert not np.isnan(old[:at]).any()
        assert np.isnan(new[: at + 1]).all()
        assert not np.isnan(new[at + 1 :]).any()


def test_a_leak_fills_its_host_and_is_given_back() -> None:
    seen = broken("memory_leak")
    free = seen.series("node-exporter", "node-2", "node_memory_MemAvailable_bytes")
    total = seen.series("node-exporter", "node-2", "node_memory_MemTotal_bytes")
    during = free[ONSET + 2 : ONSET + 60]
    assert np.polyfit(np.arange(len(during)), during, 1)[0] < 0
    assert free[ONSET + 59] < 0.06 * total[0]
    assert free[ONSET + 60] == calm().series("node-exporter", "node-2", "node_memory_MemAvailable_bytes")[ONSET + 60]
    leaked = seen.series("cryb-api", "api-2", "cryb_nodejs_process_resident_memory_bytes")
    assert leaked[ONSET + 59] > 5e9
    container = seen.series("cadvisor", "node-2", "container_memory_rss", name="cryb-api-2")
    assert container[ONSET + 59] > 5e9


def test_a_full_redis_evicts_before_anything_else_feels_it() -> None:
    seen = Seen(
        run_of(
            {"kind": "redis_memory", "at": "20m", "for": "2h", "ramp": "1h", "target": {"instance": "redis-1"}},
            instances=SEVERAL,
        )
    )
    first = {f"{job}/{sample}": 10**9 for job, _, sample, _ in differences(seen, calm())}
    for (job, _, sample, _), minute in differences(seen, calm()).items():
        first[f"{job}/{sample}"] = min(first[f"{job}/{sample}"], minute)
    assert first["redis/redis_memory_used_bytes"] <= 21
    assert 60 < first["redis/redis_evicted_keys_total"] <= 80
    assert first["redis/redis_evicted_keys_total"] <= first["cryb-api/cryb_cache_misses_total"]
    assert first["cryb-api/cryb_cache_misses_total"] <= first["cryb-api/cryb_db_queries_total"]


def test_lost_scrapes_are_a_share_of_all_of_them() -> None:
    fault = {"kind": "scrape_gap", "at": "20m", "for": "2h", "intensity": 0.2, "target": {"service": "node"}}
    seen = Seen(run_of(fault, instances=SEVERAL), step_ms=15_000)
    answered = seen.answered("node-exporter", "node-1")
    inside = (seen.elapsed >= 20 * MINUTE) & (seen.elapsed < 140 * MINUTE)
    assert answered[~inside].all()
    assert 1 - answered[inside].mean() == pytest.approx(0.2, abs=0.05)
    assert (answered != seen.answered("node-exporter", "node-2")).any()  # each target has luck of its own
    assert (answered != seen.answered("cadvisor", "node-1")).any()
    assert seen.answered("cryb-api", "api-1").all()


def test_a_replica_falls_behind_and_catches_up_four_times_as_fast() -> None:
    lag = broken("replication_lag").series("postgresql", "postgres-2", "pg_replication_lag_seconds")
    assert lag[ONSET + 30] == pytest.approx(1800, rel=0.2)
    assert lag.max() == pytest.approx(3600, rel=0.2)
    assert lag[ONSET + 60 + 16] < 2.5
    assert (broken("replication_lag").series("postgresql", "postgres-1", "pg_replication_lag_seconds") == 0).all()


def test_more_than_an_instance_s_own_share_is_not_seen_by_others() -> None:
    """One instance of three that fails all its requests is a third of the failures for who sees the whole."""
    fault = {"kind": "http_errors", "at": "20m", "for": "1h", "target": {"instance": "api-2"}}
    seen = Seen(run_of(fault, instances=SEVERAL))
    assert seen.mean("cryb-api", "api-2", "cryb_error_rate_percentage", 21, 79) == pytest.approx(100, abs=0.1)
    assert seen.mean("cryb-api", "api-1", "cryb_error_rate_percentage", 21, 79) < 0.1
    everywhere = Seen(run_of({"kind": "http_errors", "at": "20m", "for": "1h", "intensity": 1 / 3}, instances=SEVERAL))
    engagement = [
        shown.series("cryb-api", instance, "cryb_user_engagement_score")[75]
        for shown, instance in ((seen, "api-1"), (seen, "api-2"), (everywhere, "api-1"), (calm(), "api-1"))
    ]
    assert engagement[:3] == pytest.approx([engagement[0]] * 3, rel=0.03)  # each series has a jitter of its own
    assert engagement[0] < 0.8 * engagement[3]


def test_a_fault_of_one_route_counts_by_its_share_of_the_traffic() -> None:
    fault = {"kind": "http_errors", "at": "20m", "for": "1h", "target": {"route": "/api/v1/posts"}}
    seen = Seen(run_of(fault, instances=SEVERAL))
    span = (21, 79)
    share = calm().rate("cryb-api", "api-1", "http_requests_total", *span, route="/api/v1/posts") / calm().rate(
        "cryb-api", "api-1", "http_requests_total", *span
    )
    assert seen.mean("cryb-api", "api-1", "cryb_error_rate_percentage", *span) == pytest.approx(100 * share, rel=0.1)
    other = seen.rate("cryb-api", "api-1", "http_requests_total", *span, route="/api/v1/channels/:channelId/messages")
    assert other == calm().rate(
        "cryb-api", "api-1", "http_requests_total", *span, route="/api/v1/channels/:channelId/messages"
    )
