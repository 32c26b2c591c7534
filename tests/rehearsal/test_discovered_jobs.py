"""Jobs whose targets only discovery knows: what stands in for them is seen, and what nobody sees is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.profile.manifest import Manifest
from simulator.profile.schema import Profile
from simulator.rehearsal.catalogue import declared, declared_labels, scraped_jobs
from simulator.rehearsal.history.team_scrapes import TeamJob, dropped_jobs, read_jobs
from simulator.stack.discovery import Discovered
from simulator.stack.prometheus_config import PrometheusConfig
from simulator.stack.routes import RouteTable, map_routes
from simulator.streams.samples import ModelSamples

CONFIG = """
scrape_configs:
  - job_name: cryb-api
    kubernetes_sd_configs: [{role: pod, namespaces: {names: [cryb]}}]
    relabel_configs:
      - {source_labels: [__meta_kubernetes_pod_label_app], regex: (cryb-)?api, action: keep}
      - {source_labels: [__meta_kubernetes_namespace], target_label: namespace}
  - job_name: redis
    consul_sd_configs: [{server: "consul:8500"}]
    relabel_configs: [{source_labels: [__meta_consul_tags], regex: "((", action: keep}]
  - job_name: pods
    kubernetes_sd_configs: [{role: pod}]
"""
PROFILE = Profile.model_validate(
    {
        "name": "discovered",
        "description": "two of the API",
        "start": "2026-01-05T20:00:00",
        "duration": "10m",
        "platform": {"size": "tiny", "instances": {"api": 2}},
    }
)
MANIFEST = Manifest(
    run_id="r",
    mode="virtual",
    profile=PROFILE,
    profile_path="discovered.yaml",
    seed=1,
    started_ms=PROFILE.start_ms,
)


def scraped(text: str, **given: tuple[Discovered, ...]) -> tuple[tuple[TeamJob, ...], RouteTable]:
    """The jobs as they are scraped, and what stands in for their targets."""
    config = PrometheusConfig(text, Path("prometheus.yml"), discovered=given)
    mapping = {"pods": "postgresql"} if given else {}
    table = map_routes(config.jobs, ModelSamples(MANIFEST, everything=True), upstreams={}, mapping=mapping)
    copy = config.copy(emitter_url="http://127.0.0.1:9", alertmanager_url="http://127.0.0.1:9", without=table.left_out)
    return read_jobs(copy, default_ports=True), table


def test_each_instance_has_a_stand_in_that_relabelling_keeps() -> None:
    jobs, table = scraped(CONFIG.replace('"(("', '",cache,"'))
    mapped = [(route.job, route.target, route.instance) for route in table.routes if route.is_mapped]
    assert [one for one in mapped if one[0] != "pods"] == [
        ("cryb-api", "cryb-api:80", "api-1"),
        ("cryb-api", "cryb-api-2:80", "api-2"),
        ("redis", "redis:80", "redis-1"),
    ]
    assert ("pods", "pods-3:80", "postgres-1") in mapped  # what no other job scrapes
    labels = [dict(found) for target, _ in jobs[0].targets if (found := jobs[0].target_labels(target))]
    assert [(one["instance"], one["namespace"]) for one in labels] == [
        ("cryb-api:80", "cryb"),
        ("cryb-api-2:80", "cryb"),
    ]
    assert dropped_jobs(jobs) == ()
    assert scraped_jobs(jobs, table.routes) >= {"cryb-api", "redis", "postgresql"}


@pytest.fixture(scope="module")
def no_redis() -> str:
    """A configuration whose redis job keeps nothing of what stands in for it."""
    return CONFIG.replace('"(("', '"cache-.{3}"')


def test_a_job_that_keeps_nothing_is_named_and_its_metrics_are_nobody_s(no_redis: str) -> None:
    jobs, table = scraped(no_redis)
    assert dropped_jobs(jobs) == ("redis",)
    names = declared(declared_labels(MANIFEST), scraped_jobs(jobs, table.routes))
    assert names.unscraped["redis_up"] == "redis"
    assert "http_requests_total" in names.labels
    assert "redis_up" not in names.labels


def test_what_is_given_by_hand_beats_a_guess(no_redis: str) -> None:
    given = {
        "redis": (Discovered(("r1:6379",), {"__meta_consul_tags": "cache-eu1"}),),
        "pods": (Discovered(("db-0:5432",)),),
    }
    jobs, table = scraped(no_redis, **given)
    assert dropped_jobs(jobs) == ()
    assert scraped_jobs(jobs, table.routes) == {"cryb-api", "redis", "postgresql"}
