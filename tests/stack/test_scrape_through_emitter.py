"""A real Prometheus on a copied configuration scrapes the emitter in the place of targets that are not there."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from simulator.clock import WallClock
from simulator.sinks.scrape import RouteFile, ScrapeSink
from simulator.sinks.scrape_server import ScrapeServer
from simulator.stack.binaries import Binaries
from simulator.stack.local import LocalStack
from simulator.stack.prometheus_config import PrometheusConfig
from simulator.stack.routes import map_routes
from simulator.telemetry.routes import write_routes
from simulator.telemetry.samples import FamilyBlock, MetricType, Series
from simulator.transport import http_client

pytestmark = [pytest.mark.stack, pytest.mark.slow]

TEAM = """\
global: {scrape_interval: 1s, external_labels: {cluster: eu-1}}
rule_files: [rules.yml]
alerting:
  alertmanagers: [{path_prefix: /am, scheme: https, static_configs: [{targets: ["alertmanager.internal"]}]}]
scrape_configs:
  - job_name: API servers
    scheme: https
    static_configs: [{targets: ["api-a.internal", "api-b.internal:8443"], labels: {tier: web}}]
    metric_relabel_configs:
      - {source_labels: [__name__], regex: secret_.*, action: drop}
  - job_name: hosts
    static_configs: [{targets: ["h1.internal:9100", "h2.internal:9100"]}]
    relabel_configs:
      - {source_labels: [__address__], regex: "([^.]+).*", target_label: instance}
  - job_name: probes
    metrics_path: /probe
    params: {module: [http_2xx]}
    static_configs: [{targets: ["https://cryb.example/health"]}]
    relabel_configs:
      - {source_labels: [__address__], target_label: __param_target}
      - {source_labels: [__param_target], target_label: instance}
      - {target_label: __address__, replacement: "blackbox:9115"}
  - job_name: self
    metrics_path: /prometheus/metrics
    static_configs: [{targets: ["localhost:9090"]}]
  - job_name: alertmanager
    metrics_path: /am/metrics
    static_configs: [{targets: ["alertmanager:9093"]}]
  - job_name: nobody
    static_configs: [{targets: ["nobody:1234"]}]
"""
RULES = """\
groups:
  - name: hosts
    interval: 1s
    rules:
      - {alert: HostDown, expr: 'up{job="hosts"} == 0', labels: {severity: page}}
"""
ALERTMANAGER = """\
route: {receiver: team}
receivers: [{name: team, webhook_configs: [{url: "http://127.0.0.1:9/"}]}]
"""


class Platform:
    """Two API servers, two hosts of which the second is down, one probe."""

    _INSTANCES = {  # noqa: RUF012
        "cryb-api": ("api-1", "api-2"),
        "node-exporter": ("node-1", "node-2"),
        "blackbox-http": ("probe-1",),
    }

    def jobs(self) -> tuple[str, ...]:
        return tuple(self._INSTANCES)

    def instances(self, job: str) -> tuple[str, ...]:
        return self._INSTANCES[job]

    def is_up(self, job: str, instance: str, at_ms: int) -> bool:
        return instance != "node-2"

    def blocks(self, job: str, instance: str, times_ms: NDArray[np.int64]) -> tuple[FamilyBlock, ...]:
        return tuple(
            FamilyBlock(
                name, MetricType.GAUGE, "", (Series(name, (("is", instance),)),), times_ms, np.ones((len(times_ms), 1))
            )
            for name in ("secret_thing", "thing")
        )


@pytest.fixture
def emitter(tmp_path: Path) -> Iterator[str]:
    sink = ScrapeSink(Platform(), WallClock(), RouteFile(tmp_path / "routes.json"))
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    server = ScrapeServer(sink.answer)
    yield asyncio.run_coroutine_threadsafe(server.start(), loop).result(5)
    asyncio.run_coroutine_threadsafe(server.stop(), loop).result(5)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()
    sink.close()


def eventually(ask: Callable[[], Any], wanted: Callable[[Any], bool], seconds: float = 20.0) -> Any:
    deadline = time.monotonic() + seconds
    while not wanted(answer := ask()):
        assert time.monotonic() < deadline, answer
        time.sleep(0.1)
    return answer


def test_targets_are_seen_as_the_team_wrote_them(tmp_path: Path, emitter: str, binaries: Binaries) -> None:
    team = tmp_path / "team"
    team.mkdir()
    (team / "prometheus.yml").write_text(TEAM)
    (team / "rules.yml").write_text(RULES)
    config = PrometheusConfig.read(team / "prometheus.yml")
    routes = tmp_path / "routes.json"
    unmapped: list[str] = []

    def configure(prometheus_url: str) -> str:
        upstreams = {"prometheus": [prometheus_url], "alertmanager": [run.alertmanager_url]}
        table = map_routes(config.jobs, Platform(), upstreams=upstreams, mapping={"API servers": "cryb-api"})
        unmapped[:] = table.unmapped
        write_routes(routes, table.routes)
        return config.copy(emitter_url=emitter, alertmanager_url=run.alertmanager_url)

    run = LocalStack(tmp_path / "run", prometheus=binaries.prometheus.path, alertmanager=binaries.alertmanager.path)
    with run:
        run.start_alertmanager(ALERTMANAGER, route_prefix=config.alertmanager_prefix)
        run.start_prometheus(configure)
        with http_client(run.prometheus_url) as prometheus, http_client(run.alertmanager_url) as am:

            def query(expression: str) -> dict[tuple[str, str], float]:
                found = prometheus.get("/api/v1/query", params={"query": expression}).json()["data"]["result"]
                return {(r["metric"]["job"], r["metric"]["instance"]): float(r["value"][1]) for r in found}

            up = eventually(lambda: query("up"), lambda found: len(found) == 8)
            assert up == {
                ("API servers", "api-a.internal:443"): 1,  # as over https
                ("API servers", "api-b.internal:8443"): 1,
                ("hosts", "h1"): 1,
                ("hosts", "h2"): 0,
                ("probes", "https://cryb.example/health"): 1,
                ("self", "localhost:9090"): 1,
                ("alertmanager", "alertmanager:9093"): 1,
                ("nobody", "nobody:1234"): 1,
            }
            things = prometheus.get("/api/v1/query", params={"query": 'thing{tier="web"}'}).json()["data"]["result"]
            assert {r["metric"]["instance"]: r["metric"]["is"] for r in things} == {
                "api-a.internal:443": "api-1",
                "api-b.internal:8443": "api-2",
            }
            assert set(things[0]["metric"]) == {"__name__", "job", "instance", "tier", "is"}
            assert query("secret_thing") == {k: 1 for k in query("thing") if k[0] != "API servers"}
            assert ("self", "localhost:9090") in query("prometheus_build_info")
            assert ("alertmanager", "alertmanager:9093") in query("alertmanager_build_info")

            alerts = eventually(lambda: am.get("api/v2/alerts").json(), bool)
            assert [alert["labels"]["instance"] for alert in alerts] == ["h2"]
            assert alerts[0]["labels"]["cluster"] == "eu-1"
        assert run.health() == {}

    assert unmapped == ["job 'nobody', target nobody:1234: not in the catalogue; it is up and exposes nothing"]
