"""The fault that an alert's expression suggests."""

from __future__ import annotations

import pytest

from simulator.catalog.faults import BY_NAME
from simulator.cli.causes import Causes
from simulator.engine.rules import rules_from_api
from simulator.profile.load import parse_profile
from simulator.telemetry.rules import AlertRule


def rule(expr: str, name: str = "SomeAlert") -> AlertRule:
    groups = [{"name": "g", "rules": [{"type": "alerting", "name": name, "query": expr}]}]
    return rules_from_api(groups).alerts[0]


@pytest.mark.parametrize(
    ("expr", "kind"),
    [
        ("pg_up == 0", "database_down"),
        ('redis_up{job="cache"} == 0', "redis_down"),
        ("increase(pg_stat_database_deadlocks[1m]) > 5", "deadlocks"),
        ("sum(pg_stat_activity_count) > 100", "connections_exhausted"),
        ("predict_linear(node_filesystem_avail_bytes[6h], 86400) < 0", "disk_fill"),
        ("node_memory_MemAvailable_bytes < 1", "memory_leak"),
        ('rate(node_cpu_seconds_total{mode="idle"}[5m]) < 0.1', "cpu_saturation"),
        ("probe_ssl_earliest_cert_expiry - time() < 86400", "certificate_expiry"),
        ("changes(up[15m]) > 3", "target_flapping"),
        ("up == 0", "outage"),
        ('rate(http_request_duration_seconds_count{code=~"(5..|429)"}[5m]) > 0', "http_errors"),
        ('rate(app_requests_total{outcome="error"}[5m]) > 0', "http_errors"),
        ("histogram_quantile(0.9, rate(app_request_latency_seconds_bucket[5m])) > 1", "latency"),
        ("moon_phase == 1", None),
        ('up{job="nobody-knows"} == 0', None),
    ],
)
def test_a_kind_for_what_an_alert_looks_at(expr: str, kind: str | None) -> None:
    cause = Causes().of(rule(expr))
    assert (cause.kind if cause else None) == kind
    assert kind is None or kind in BY_NAME


def test_an_outage_is_that_of_the_service_behind_the_job() -> None:
    cause = Causes(jobs={"cache": "redis"}).of(rule('up{job="cache"} == 0'))
    assert cause is not None
    assert cause.lines == ("target:", "  service: redis")


@pytest.mark.parametrize(("limit", "delay"), [("2", "4s"), ("0.5", "1s500ms"), ("3000", "1s500ms")])
def test_a_delay_is_beyond_what_the_alert_allows(limit: str, delay: str) -> None:
    cause = Causes().of(rule(f"histogram_quantile(0.9, rate(app_request_latency_seconds_bucket[5m])) > {limit}"))
    assert cause is not None
    assert cause.lines == ("parameters:", f"  delay: {delay}")


def test_what_an_overlay_lets_react_comes_first() -> None:
    cause = Causes(reacts={"some-alert"}).of(rule("pg_up == 0"))
    assert cause is not None
    assert (cause.kind, cause.id) == ("custom", "some-alert")


def test_the_custom_kind_needs_nothing_else() -> None:
    text = (
        "name: p\ndescription: d\nstart: 2026-01-05T20:00:00\nduration: 5m\nplatform: {size: tiny}\n"
        "traffic: {peak: 1/s, shape: flat}\nfaults:\n- {id: x, kind: custom, at: 1m, for: 1m}\n"
    )
    assert parse_profile(text, file="p.yaml").faults[0].kind == "custom"
