"""Rules that this Prometheus cannot load are judged as not evaluated; the others are loaded."""

from __future__ import annotations

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from simulator.rehearsal.loaded_rules import LoadedRules
from simulator.rehearsal.request import Servers
from simulator.stack.binaries import find_binaries
from simulator.stack.prometheus_config import PrometheusConfig
from simulator.telemetry.observations import RecordingEvaluated, RuleEvaluated

pytestmark = pytest.mark.stack

RULES = """
groups:
- name: g
  rules:
  - {record: 'a:b', expr: 'mad_over_time(x[5m])'}
  - {alert: Old, expr: 'a:b > 1 or up == 0', labels: {severity: page}}
  - {alert: New, expr: 'histogram_avg(x) > 1', for: 1m, labels: {severity: info}}
"""


def test_rules_that_are_left_out_are_told_and_the_rest_is_loaded(tmp_path: Path) -> None:
    old = tmp_path / "old.yml"
    old.write_text("groups: []\n")
    file = tmp_path / "rules.yml"
    file.write_text(RULES)
    (tmp_path / "prometheus.yml").write_text("rule_files: ['rul*.yml', old.yml]\n")
    found = find_binaries()
    programs = (found.prometheus, found.promtool, found.alertmanager, found.amtool)
    servers = Servers(*(program.path for program in programs), "2.42.0", "0.25.0")
    config = PrometheusConfig.read(tmp_path / "prometheus.yml")
    rules = LoadedRules(config, servers)
    assert rules.told[0].startswith(f"{file}:5: a:b is not evaluated: mad_over_time needs Prometheus ≥ 2.49")
    kept, copy = YAML(typ="safe").load(config.rules_only())["rule_files"]
    assert kept == str(old)
    assert rules.original(copy) == str(file)
    assert rules.original(kept) == kept
    assert [rule["alert"] for rule in YAML(typ="safe").load(Path(copy).read_text())["groups"][0]["rules"]] == ["Old"]
    ours = [(group["file"], rule["name"], rule["duration"]) for group in rules.left_out for rule in group["rules"]]
    assert ours == [(str(file), "a:b", 0.0), (str(file), "New", 60.0)]
    assert config.rule_files == (old, file)

    recording, alert = rules.never_evaluated(7)
    assert isinstance(recording, RecordingEvaluated)
    assert isinstance(alert, RuleEvaluated)
    assert (recording.record, recording.health) == ("a:b", "unknown")
    assert (alert.alert, alert.labels, alert.last_evaluation_ms) == ("New", (("severity", "info"),), 0)
    assert alert.error.startswith("histogram_avg needs Prometheus ≥ 2.51, this is 2.42.0")
