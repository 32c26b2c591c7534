"""What a monitoring stack reads of Kubernetes manifests."""

from __future__ import annotations

import base64
import json

import pytest
from ruamel.yaml import YAML

from simulator.wire.kubernetes import Carried, carried_files, is_helm_template, is_manifest

RULE = """\
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {{name: {name}}}
spec:
  groups:
    - name: g
      rules:
        - alert: {alert}
          expr: |
            up{{job="x"}}
              == 0
          labels: {{severity: "on"}}
          annotations: {{text: '{{{{ $labels.job }}}}: "gone"'}}
"""


def test_rules_keep_every_word_of_theirs() -> None:
    text = RULE.format(name="one", alert="A") + "---\n" + RULE.format(name="two", alert="B")
    assert is_manifest(text)
    files = carried_files(text)
    assert [(file.kind, file.name) for file in files] == [(Carried.RULES, "one"), (Carried.RULES, "two")]
    (rule,) = YAML(typ="safe").load(files[1].text)["groups"][0]["rules"]
    assert rule == {
        "alert": "B",
        "expr": 'up{job="x"}\n  == 0\n',
        "labels": {"severity": "on"},
        "annotations": {"text": '{{ $labels.job }}: "gone"'},
    }


def test_lists_config_maps_and_secrets() -> None:
    routes = "route: {receiver: x}\nreceivers: [{name: x}]\n"
    manifest = {
        "apiVersion": "v1",
        "kind": "List",
        "items": [
            {"kind": "ConfigMap", "data": {"a.yml": "groups: []\n", "b.json": json.dumps({"panels": []}), "c": "x"}},
            {"kind": "Secret", "data": {"am.yaml": base64.b64encode(routes.encode()).decode(), "raw": "%%%"}},
            {"kind": "Secret", "stringData": {"p.yml": "scrape_configs: []\n"}},
            {"kind": "Deployment", "spec": {"groups": []}},
            None,
        ],
    }
    files = carried_files(json.dumps(manifest))
    assert [(file.kind, file.name) for file in files] == [
        (Carried.RULES, "a.yml"),
        (Carried.DASHBOARD, "b.json"),
        (Carried.ALERTMANAGER, "am.yaml"),
        (Carried.PROMETHEUS, "p.yml"),
    ]
    assert files[2].text == routes


@pytest.mark.parametrize("text", ["groups:\n- name: g\n", "route: {}\n", "kind of: words\n", ""])
def test_what_is_no_manifest(text: str) -> None:
    assert not is_manifest(text)


def test_a_helm_template_is_told_from_rules_with_templates_of_prometheus() -> None:
    assert is_helm_template("apiVersion: v1\n{{- if .Values.on }}\nkind: PrometheusRule\n{{- end }}\n")
    assert not is_helm_template(RULE.format(name="one", alert="A"))
    with pytest.raises(ValueError, match="line"):
        carried_files("kind: x\n{{- if .Values.on }}\na: b\n{{- end }}\n")
