"""A Prometheus for virtual time: rules as it understands them, and samples of any age."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.errors import InputError
from simulator.stack.binaries import Binaries
from simulator.stack.local import LocalStack
from simulator.stack.virtual import rule_groups_as_loaded, start_virtual_prometheus
from simulator.transport import http_client

pytestmark = pytest.mark.stack

RULES = """\
groups:
- name: g
  rules:
  - {alert: A, expr: sum   by(job)(up)>0, for: 90s, keep_firing_for: 1m}
"""


def test_rules_are_told_as_the_server_read_them(tmp_path: Path, binaries: Binaries) -> None:
    (tmp_path / "rules.yml").write_text(RULES)
    config = f"global: {{evaluation_interval: 20s}}\nrule_files: [{tmp_path}/*.yml]\n"
    (group,) = rule_groups_as_loaded(config, prometheus=binaries.prometheus.path)
    assert (group["name"], group["file"], group["interval"]) == ("g", f"{tmp_path}/rules.yml", 20)
    (rule,) = group["rules"]
    assert (rule["query"], rule["duration"], rule["keepFiringFor"]) == ("sum by (job) (up) > 0", 90, 60)


def test_rules_that_it_refuses_are_the_users_mistake(tmp_path: Path, binaries: Binaries) -> None:
    (tmp_path / "rules.yml").write_text(RULES.replace("sum   by", "sam   by"))
    with pytest.raises(InputError, match=r"rules\.yml: 4:22: group"):
        rule_groups_as_loaded(f"rule_files: [{tmp_path}/*.yml]\n", prometheus=binaries.prometheus.path)


def test_it_keeps_its_storage_where_it_is_told_to_and_looks_back_as_production_does(
    tmp_path: Path, binaries: Binaries
) -> None:
    data = tmp_path / "history"
    data.mkdir()
    stack = LocalStack(tmp_path, prometheus=binaries.prometheus.path, alertmanager=binaries.alertmanager.path)
    with stack, http_client(start_virtual_prometheus(stack, "{}", data=data, lookback="90s")) as client:
        flags = client.get("/api/v1/status/flags").json()["data"]
    assert (data / "wal").is_dir()
    assert flags["query.lookback-delta"] == "1m30s"
    assert flags["web.enable-remote-write-receiver"] == "true"
    assert flags["storage.tsdb.min-block-duration"] == flags["storage.tsdb.max-block-duration"] == "83d8h"
