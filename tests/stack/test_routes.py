"""Which part of the platform stands in for which target."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from simulator.errors import InputError
from simulator.stack.routes import catalogue_job_of, map_routes
from simulator.stack.scrape_job import ScrapeJob
from simulator.telemetry.routes import Route, read_routes, write_routes
from simulator.telemetry.samples import FamilyBlock


class Catalogue:
    """A small platform: what it has, and how often."""

    _INSTANCES = {  # noqa: RUF012
        "cryb-api": ("api-1", "api-2"),
        "node-exporter": ("node-1",),
        "blackbox-http": ("https://cryb.ai",),
        "blackbox-ssl": ("cryb.ai:443",),
        "prometheus": ("prometheus-1",),
        "redis": ("redis-1", "redis-2"),
    }

    def jobs(self) -> tuple[str, ...]:
        return tuple(self._INSTANCES)

    def instances(self, job: str) -> tuple[str, ...]:
        return self._INSTANCES[job]

    def is_up(self, job: str, instance: str, at_ms: int) -> bool:
        return True

    def blocks(self, job: str, instance: str, times_ms: NDArray[np.int64]) -> tuple[FamilyBlock, ...]:
        return ()


def routes(*jobs: ScrapeJob, **options: dict[str, str]) -> dict[tuple[str, str], tuple[str, str]]:
    table = map_routes(jobs, Catalogue(), upstreams={}, **options)
    return {(route.job, route.target): (route.catalogue_job, route.instance) for route in table.routes}


def test_targets_map_to_instances_in_order_by_the_jobs_name() -> None:
    assert routes(ScrapeJob("cryb-api", ("green:80", "blue:80"))) == {
        ("cryb-api", "green:80"): ("cryb-api", "api-1"),
        ("cryb-api", "blue:80"): ("cryb-api", "api-2"),
    }


@pytest.mark.parametrize(
    ("job", "expected"),
    [
        (ScrapeJob("hosts", ("h:9100",)), ("node-exporter", "node-1")),
        (ScrapeJob("backend", ("10.0.0.1:3002",)), ("cryb-api", "api-1")),
        (ScrapeJob("web", ("https://cryb.ai",), "/probe", "http_2xx"), ("blackbox-http", "https://cryb.ai")),
        (ScrapeJob("tls", ("cryb.ai:443",), "/probe", "tcp_connect"), ("blackbox-ssl", "cryb.ai:443")),
        (ScrapeJob("redis", ("h:9100",)), ("redis", "redis-1")),  # an equal name comes before the port
    ],
)
def test_jobs_of_another_name_are_known_by_port_or_module(job: ScrapeJob, expected: tuple[str, str]) -> None:
    assert routes(job) == {(job.name, job.targets[0]): expected}


@pytest.mark.parametrize(
    ("job", "target", "expected"),
    [
        ("nodeexporter", "n:1", "node-exporter"),
        ("prod_redis_exporter", "r", "redis"),
        ("caches", "redis-1.internal:1", "redis"),
        ("shop", "shop:3000", None),  # whatever listens on 3000 is not Grafana for that
        ("monitoring-prometheus-pushgateway", "p:9091", None),
    ],
)
def test_a_name_tells_what_is_scraped_and_a_port_that_anything_may_have_does_not(
    job: str, target: str, expected: str | None
) -> None:
    known = {*Catalogue().jobs(), "grafana"}
    assert catalogue_job_of(ScrapeJob(job, (target,)), target, known, {}) == expected


def test_a_port_that_anything_may_have_counts_where_no_name_speaks_against_it() -> None:
    known = {"grafana", "cadvisor"}
    assert catalogue_job_of(ScrapeJob("grafana-ui", ("10.0.0.1:3000",)), "10.0.0.1:3000", known, {}) == "grafana"
    assert catalogue_job_of(ScrapeJob("1", ("10.0.0.1:8080",)), "10.0.0.1:8080", known, {}) == "cadvisor"


def test_discovery_of_whatever_runs_stands_for_what_no_other_job_scrapes() -> None:
    pods = tuple(f"pods-{number}:80" for number in range(6))
    nodes = ScrapeJob("kubernetes-nodes", ("nodes:80", "nodes-2:80"), spare=frozenset({"nodes-2:80"}))
    jobs = [
        nodes,
        ScrapeJob("kubernetes-pods", pods, spare=frozenset(pods[1:])),
        ScrapeJob("redis", ("r:1",)),
        ScrapeJob("probes", ("https://cryb.ai",), "/probe", "http_2xx"),
    ]
    table = map_routes(jobs, Catalogue(), upstreams={"cryb-api": ["http://127.0.0.1:2"]})
    assert [(r.catalogue_job, r.instance or r.upstream) for r in table.routes if r.job == "kubernetes-pods"] == [
        ("cryb-api", "http://127.0.0.1:2"),
        ("node-exporter", "node-1"),
        ("blackbox-ssl", "cryb.ai:443"),
        ("prometheus", "prometheus-1"),
    ]
    assert {target for job, target in table.left_out if job == "kubernetes-pods"} == {"pods-4:80", "pods-5:80"}
    assert table.unmapped[-1] == (
        "job 'kubernetes-pods': its discovery stands for what no other job scrapes: "
        "cryb-api, node-exporter, blackbox-ssl, prometheus"
    )


def test_a_mapping_by_hand_comes_first() -> None:
    assert routes(ScrapeJob("hosts", ("h:9100",)), mapping={"hosts": "redis"}) == {
        ("hosts", "h:9100"): ("redis", "redis-1")
    }


def test_one_target_in_two_jobs_is_one_instance_and_two_targets_are_two() -> None:
    assert routes(ScrapeJob("fast", ("a:9121",)), ScrapeJob("slow", ("b:9121", "a:9121"))) == {
        ("fast", "a:9121"): ("redis", "redis-1"),
        ("slow", "b:9121"): ("redis", "redis-2"),
        ("slow", "a:9121"): ("redis", "redis-1"),
    }


def test_what_nothing_stands_in_for_is_listed() -> None:
    jobs = [ScrapeJob("mystery", ("m:1234", "m2")), ScrapeJob("hosts", ("h1:9100", "h2:9100"))]
    table = map_routes(jobs, Catalogue(), upstreams={})
    assert [route.is_mapped for route in table.routes] == [False, False, True]
    assert table.left_out == {("hosts", "h2:9100")}
    assert table.unmapped == (
        "job 'mystery', target m:1234: not in the catalogue; it is up and exposes nothing",
        "job 'mystery', target m2: not in the catalogue; it is up and exposes nothing",
        "job 'hosts', target h2:9100: left out, the platform has 1 instance of node-exporter",
    )


def test_real_servers_come_before_the_model() -> None:
    upstreams = {"prometheus": ["http://127.0.0.1:1"], "cryb-api": ["http://127.0.0.1:2"]}
    jobs = [ScrapeJob("self", ("localhost:9090",)), ScrapeJob("cryb-api", ("a:3001", "b:3001"))]
    table = map_routes(jobs, Catalogue(), upstreams=upstreams)
    assert [route.upstream for route in table.routes] == ["http://127.0.0.1:1/metrics", "http://127.0.0.1:2"]
    assert table.left_out == {("cryb-api", "b:3001")}


def test_the_model_answers_where_no_real_server_was_started() -> None:
    table = map_routes([ScrapeJob("cryb-api", ("a:3001",))], Catalogue(), upstreams={"cryb-api": ()})
    assert table.routes == (Route("cryb-api", "a:3001", "cryb-api", "api-1"),)


def test_routes_are_read_back_from_their_file(tmp_path: Path) -> None:
    written = (Route("a b", "t:1", "redis", "redis-1"), Route("p", "t:2", upstream="http://127.0.0.1:1/metrics"))
    write_routes(tmp_path / "routes.json", written)
    assert read_routes(tmp_path / "routes.json") == written


@pytest.mark.parametrize("text", ["", "[]", '{"routes": [{"job": "x"}]}', '{"routes": [7]}'])
def test_another_file_is_not_taken_for_routes(tmp_path: Path, text: str) -> None:
    path = tmp_path / "routes.json"
    path.write_text(text)
    with pytest.raises(InputError, match="not a file of routes"):
        read_routes(path)
