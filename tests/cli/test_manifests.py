"""A team whose rules and routes lie in Kubernetes manifests needs no other step than one with plain files."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.cli.discovery import discover
from simulator.cli.drafting import read_rules
from simulator.cli.main import main
from simulator.cli.manifests import later_documents, plain_patterns
from simulator.engine.expressions import expressions_in
from simulator.errors import InputError

RULES = """\
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {name: api}
spec:
  groups: [{name: g, rules: [{alert: Gone, expr: 'up{job="cryb-api"} == 0', for: 1m}]}]
---
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {name: hosts}
spec:
  groups: [{name: g, rules: [{alert: Busy, expr: node_load1 > 9}]}]
"""
ROUTES = """\
apiVersion: v1
kind: Secret
stringData:
  alertmanager.yaml: |
    route: {receiver: x}
    receivers: [{name: x}]
"""
SECOND = """\
---
groups: [{name: g, rules: [{alert: Read, expr: up}]}]
---
groups: [{name: h, rules: [{alert: NeverRead, expr: up}]}]
"""
HELM = "{{- if .Values.rules }}\napiVersion: v1\nkind: PrometheusRule\nspec:\n{{- end }}\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules.yaml").write_text(RULES)
    (tmp_path / "routes.yaml").write_text(ROUTES)
    return tmp_path


def test_init_finds_them_and_names_what_has_to_be_rendered(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "chart.yaml").write_text(HELM)
    found = discover(folder)
    assert (found.rules, found.alertmanager) == ((Path("rules.yaml"),), (Path("routes.yaml"),))
    assert found.unrendered == (Path("chart.yaml"),)
    assert main(["init", "--dry-run"]) == 0
    assert "chart.yaml: rules in a Helm template; render it" in capsys.readouterr().err


def test_validate_reads_what_they_carry(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "--rules", "rules.yaml", "--alertmanager-config", "routes.yaml"]) == 0
    told = capsys.readouterr().out
    assert "rules.yaml: a Kubernetes manifest; its rules (api, hosts) are read from" in told
    assert sorted(path.name for path in folder.glob(".crybsim/manifests/rules/*")) == ["api.yml", "hosts.yml"]
    assert (folder / ".crybsim/manifests/routes/alertmanager.yml").read_text() == (
        "route: {receiver: x}\nreceivers: [{name: x}]\n"
    )


def test_profiles_and_the_catalogue_read_them_too(folder: Path) -> None:
    assert main(["profile", "new", "gone", "--alert", "Gone", "--rules", "rules.yaml"]) == 0
    assert "Gone" in (folder / "profiles/gone.yaml").read_text()
    assert [one.place for one in expressions_in(folder / "rules.yaml")] == ["g/Gone", "g/Busy"]


def test_a_helm_template_is_refused_with_what_to_do(folder: Path) -> None:
    (folder / "chart.yaml").write_text(HELM)
    with pytest.raises(InputError, match="render it first: helm template"):
        plain_patterns(["*.yaml"], folder)


def test_later_documents_of_a_rule_file_are_told(folder: Path) -> None:
    path = folder / "two.yml"
    path.write_bytes(b"groups: []\r\n---\r\n# more\r\ngroups: []\r\n")
    said: list[str] = []
    assert plain_patterns(["two.yml"], folder, said.append) == ("two.yml",)
    assert said == ["two.yml: has 2 YAML documents with groups; Prometheus reads the first and ignores the rest"]
    (folder / "two.yml").write_text(SECOND)
    assert [rule.name for rule in read_rules([path]).alerts] == ["Read"]
    path.write_text("---\n# generated\ngroups: []\n")
    assert later_documents(path) == 0
