"""Which scrape job exposes what, and which job of the catalogue a team's job is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from simulator.catalog.catalogue import PLATFORM
from simulator.engine.expressions import Expression, expressions_in
from simulator.rehearsal.learning.homes import Homes, guess_jobs, homes_of, with_kinds
from simulator.rehearsal.learning.used_families import UsedFamily
from simulator.stack.scrape_job import ScrapeJob
from simulator.telemetry.samples import MetricType

APP = ScrapeJob("app", ("app-1:8080", "app-2:8080"))
NODES = ScrapeJob("node", ("n1:9100",))
QUEUE = ScrapeJob("rabbitmq", ("q:15692",))
PODS = ScrapeJob("kubernetes-pods", ("pods:80", "pods-2:80"), spare=frozenset({"pods-2:80"}))


def expressions(folder: Path, *exprs: str) -> tuple[Expression, ...]:
    path = folder / "r.yml"
    rules = [{"alert": f"A{number}", "expr": expr} for number, expr in enumerate(exprs)]
    path.write_text(json.dumps({"groups": [{"name": "g", "rules": rules}]}))
    return expressions_in(path)


@pytest.mark.parametrize(
    ("jobs", "metric", "named", "home"),
    [
        (None, "shop_orders_total", "", "cryb-api"),
        (None, "shop_orders_total", "shop", "shop"),
        (None, "redis_new_thing", "", "redis"),
        ((APP, NODES, QUEUE), "node_new_thing", "", "node-exporter"),
        ((APP, NODES, QUEUE), "rabbitmq_queue_messages", "", "rabbitmq"),
        ((APP, NODES, QUEUE), "redis_new_thing", "", "app"),  # nothing scrapes redis by itself
        ((APP, NODES, QUEUE), "http_hits_total", "", "app"),
        ((NODES,), "http_hits_total", "", "node-exporter"),
        ((APP, PODS), "redis_new_thing", "", "redis"),  # which discovery of all pods stands for
    ],
)
def test_where_a_metric_belongs(jobs: tuple[ScrapeJob, ...] | None, metric: str, named: str, home: str) -> None:
    assert homes_of(PLATFORM, jobs, {}).of(metric, named, PLATFORM) == home


def test_a_job_is_found_under_the_team_s_name_for_it() -> None:
    """Rules that say `job="node"` had sent the search round in circles."""
    homes = with_kinds(
        homes_of(PLATFORM, (APP, NODES), {}),
        [UsedFamily("node_load1", MetricType.GAUGE, "r.yml", {"node": None})],
    )
    assert homes.of("node_new_thing", "", PLATFORM) == "node-exporter"
    assert homes.of("node_new_thing", "node", PLATFORM) == "node-exporter"
    assert homes.of("new_thing", "nobody", PLATFORM) == "app"


def test_metrics_of_a_kind_belong_together() -> None:
    homes = Homes(kinds={"kube": "kube-state-metrics"})
    assert homes.of("kube_pod_info", "", PLATFORM) == "kube-state-metrics"


@pytest.mark.parametrize(
    ("jobs", "exprs", "guessed"),
    [
        (None, ['http_request_duration_seconds_count{job="checkout"} > 0'], {"checkout": "cryb-api"}),
        (None, ['http_requests_total{job="cryb-api"} > 0'], {}),
        (None, ['container_memory_usage_bytes{job="kubelet"} > 0'], {"kubelet": "cadvisor"}),
        ((APP, NODES), ["rate(http_server_requests_seconds_count[5m]) > 0"], {"app": "cryb-api"}),
        ((QUEUE, APP, PODS), ["rate(http_server_requests_seconds_count[5m]) > 0"], {"app": "cryb-api"}),
        ((APP, NODES), ["node_load1 > 0"], {}),
        ((APP, NODES), ['resets(process_cpu_seconds_total{job="app"}[1h]) > 3'], {}),  # any job has that
        ((QUEUE, NODES), ["rate(http_requests_total[5m]) > 0"], {}),
    ],
)
def test_what_a_job_is_follows_from_what_rules_ask_of_it(
    jobs: tuple[ScrapeJob, ...] | None, exprs: list[str], guessed: dict[str, str], tmp_path: Path
) -> None:
    assert guess_jobs(expressions(tmp_path, *exprs), PLATFORM, homes_of(PLATFORM, jobs, {})) == guessed


def test_what_a_person_said_is_not_guessed_again(tmp_path: Path) -> None:
    homes = homes_of(PLATFORM, (APP,), {"app": "cryb-web"})
    assert guess_jobs(expressions(tmp_path, "rate(http_requests_total[5m]) > 0"), PLATFORM, homes) == {}
