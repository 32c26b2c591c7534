"""deploy/kubernetes/load.yaml without a cluster: command lines that exist, and workers that find their master; and
docs/scale.md, whose tables are computed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from bench.scale import DOCS, figures, needs, tables, written
from simulator.cli.load_machines import master_address
from simulator.load.rendezvous import LOCUST_PORT
from simulator.profile.settings import load_settings
from tests.test_compose import parse

ROOT = Path(__file__).parents[1]
SETTINGS, SERVICE, MASTER, WORKERS = YAML(typ="safe").load_all(ROOT / "deploy" / "kubernetes" / "load.yaml")


def container(job: dict[str, Any]) -> dict[str, Any]:
    (found,) = job["spec"]["template"]["spec"]["containers"]
    return dict(found)


def words(job: dict[str, Any]) -> list[str]:
    return [*container(job)["command"], *container(job)["args"]]


def test_as_many_workers_come_as_the_master_waits_for_and_find_it() -> None:
    master, worker = parse(words(MASTER)).params, parse(words(WORKERS)).params
    assert master["master"]
    assert worker["worker"]
    assert master["profile"] == worker["profile"]
    assert master["expect_workers"] == WORKERS["spec"]["completions"] == WORKERS["spec"]["parallelism"]
    assert master_address(master["master_bind"]) == ("0.0.0.0", LOCUST_PORT)  # noqa: S104 - of a pod
    assert worker["master_host"] == SERVICE["metadata"]["name"]
    assert SERVICE["spec"]["selector"] == MASTER["spec"]["template"]["metadata"]["labels"]
    assert [port["port"] for port in SERVICE["spec"]["ports"]] == [LOCUST_PORT, LOCUST_PORT + 1]


def test_both_may_go_where_they_are_to(tmp_path: Path) -> None:
    file = tmp_path / "crybsim.yaml"
    file.write_text(SETTINGS["data"]["crybsim.yaml"], encoding="utf-8")
    settings = load_settings(file)
    assert {"cryb-api", SERVICE["metadata"]["name"]} <= set(settings.allowed_hosts)
    assert settings.limits.users is not None
    for job in (MASTER, WORKERS):
        pod = job["spec"]["template"]["spec"]
        assert {mount["name"] for mount in container(job)["volumeMounts"]} == {one["name"] for one in pod["volumes"]}
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert container(job)["image"] == YAML(typ="safe").load(ROOT / "docker-compose.sim.yml")["x-crybsim"]["image"]


def test_the_tables_in_the_docs_are_those_of_the_figures() -> None:
    text = DOCS.read_text("utf-8")
    assert written(text, tables()) == text, "python bench/scale.py --write"


@pytest.mark.parametrize("users", [1, 10_000, 1_000_000])
def test_needs_grow_with_users_and_workers_are_not_too_busy(users: int) -> None:
    known = figures()
    for once, ten_times in zip(needs(users, known), needs(10 * users, known), strict=True):
        assert ten_times.cores == pytest.approx(10 * once.cores)
        assert once.cores / once.workers <= 0.7 + 1e-9
    http = needs(users, known)[0]
    assert http.cores == pytest.approx(users / 55 / known["http_requests_per_core"].value)
