"""The reference prometheus.yml: the jobs, paths, intervals and labels of the platform contract."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest
from ruamel.yaml import YAML

from alerting.rules import MONITORING
from simulator.catalog.jobs import BY_NAME
from simulator.profile.schema import Instances
from simulator.stack.binaries import Binaries
from simulator.stack.prometheus_config import PrometheusConfig
from simulator.stack.routes import catalogue_job_of
from simulator.units import SECOND, parse_duration

FILE = MONITORING / "prometheus" / "prometheus.yml"
DOCUMENT: dict[str, Any] = YAML(typ="safe").load(FILE.read_text())
JOBS: dict[str, dict[str, Any]] = {job["job_name"]: job for job in DOCUMENT["scrape_configs"]}
FAST = {"prometheus": 5, "cryb-api": 10, "websocket-monitoring": 10}
SLOW = dict.fromkeys(("elasticsearch", "minio", "grafana", "database-performance"), 30)
UNLABELLED = {"prometheus", "node-exporter", "blackbox-http", "blackbox-ssl"}


OF_THE_CONTRACT = {
    *("prometheus", "node-exporter", "cryb-api", "postgresql", "redis", "nginx", "elasticsearch", "minio", "livekit"),
    *("blackbox-http", "blackbox-ssl", "cadvisor", "alertmanager", "grafana"),
    *("error-tracking", "websocket-monitoring", "database-performance"),
}
SUGGESTED = {"business-metrics", "socketio", "bullmq", "search-analytics", "security", "security-automation"}


def test_the_contract_s_jobs_are_scraped_and_those_that_it_suggests() -> None:
    assert JOBS.keys() == OF_THE_CONTRACT | SUGGESTED
    assert BY_NAME.keys() - {"cryb-web"} <= JOBS.keys()


def test_intervals_are_the_contract_s() -> None:
    assert parse_duration(DOCUMENT["global"]["scrape_interval"]) == 15 * SECOND
    for name, seconds in (FAST | SLOW).items():
        assert parse_duration(JOBS[name]["scrape_interval"]) == seconds * SECOND == BY_NAME[name].interval_ms
    suggested = {"business-metrics", "search-analytics"}  # the contract has no job for them
    assert {name for name, job in JOBS.items() if "scrape_interval" in job} - suggested == {*FAST, *SLOW}


def test_the_api_is_asked_as_the_contract_says() -> None:
    assert JOBS["cryb-api"]["params"] == {"format": ["prometheus"]}
    assert JOBS["minio"]["metrics_path"] == "/minio/v2/metrics/cluster"
    (dropped,) = JOBS["cryb-api"]["metric_relabel_configs"]
    assert dropped["action"] == "drop"


@pytest.mark.parametrize("name", JOBS)
def test_a_job_tells_its_service(name: str) -> None:
    labels = [group.get("labels", {}) for group in JOBS[name]["static_configs"]]
    assert labels == [{} if name in UNLABELLED else {"service": name}]


@pytest.mark.parametrize("name", JOBS)
def test_targets_are_of_the_job_and_there_are_several_where_instances_are_counted(name: str) -> None:
    (job,) = [job for job in PrometheusConfig.read(FILE).jobs if job.name == name]
    for target in job.targets:
        assert catalogue_job_of(job, target, {name}, {}) == name
    known = BY_NAME.get(name)
    several = known is not None and (known.service in Instances.model_fields or bool(known.targets))
    assert (len(job.targets) > 1) == several


@pytest.mark.stack
def test_promtool_accepts_it_with_all_its_rules(binaries: Binaries) -> None:
    ran = subprocess.run([binaries.promtool.path, "check", "config", FILE], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
