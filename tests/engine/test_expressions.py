"""Expressions are found in rule files and dashboards, Grafana's variables filled in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from simulator.engine.expressions import expressions_in
from simulator.errors import InputError

RULES = """
groups:
- name: g
  rules:
  - {record: "job:x:rate", expr: "rate(x[5m])"}
  - {alert: Broken, expr: "sum("}
"""
DASHBOARD = {
    "title": "Top",
    "templating": {"list": [{"name": "zone", "definition": 'label_values(up_zones{a="b"}, zone)'}]},
    "panels": [
        {
            "title": "Row",
            "panels": [
                {"title": "In", "targets": [{"expr": 'rate(a{zone=~"$zone"}[$__rate_interval]) / ${scale}'}]},
                {"title": "K", "targets": [{"expr": "topk($n, b) or sum by ($label) (c)"}]},
                {"title": "Logs", "targets": [{"expr": '{app="x"} |= "y"', "datasource": {"type": "loki"}}]},
            ],
        }
    ],
}


def names(path: Path) -> list[tuple[str, list[str] | None]]:
    return [
        (found.place, None if found.uses is None else [use.selector.metric for use in found.uses])
        for found in expressions_in(path)
    ]


def test_a_rule_file(tmp_path: Path) -> None:
    path = tmp_path / "r.yml"
    path.write_text(RULES)
    assert names(path) == [("g/job:x:rate", ["x"]), ("g/Broken", None)]
    assert [found.records for found in expressions_in(path)] == ["job:x:rate", ""]


def test_a_dashboard(tmp_path: Path) -> None:
    path = tmp_path / "d.json"
    path.write_text(json.dumps(DASHBOARD))
    assert names(path) == [("zone", ["up_zones"]), ("In", ["a"]), ("K", ["b", "c"])]


@pytest.mark.parametrize(
    ("expr", "matchers"),
    [
        ('up{job="$job"}', [("job", "=~", ".*")]),
        ("up{job!='$job', zone = \"eu-${zone:regex}\"}", [("job", "!~", ".*"), ("zone", "=~", "eu-.*")]),
        ('up{job=~"$job", code=~"5..$", zone="a"}', [("job", "=~", ".*"), ("code", "=~", "5..$"), ("zone", "=", "a")]),
    ],
)
def test_a_variable_in_a_matcher_may_be_anything(
    tmp_path: Path, expr: str, matchers: list[tuple[str, str, str]]
) -> None:
    path = tmp_path / "d.json"
    path.write_text(json.dumps({"panels": [{"targets": [{"expr": expr}]}]}))
    (found,) = expressions_in(path)
    assert found.uses is not None
    (use,) = found.uses
    assert sorted((m.label, m.op, m.value) for m in use.selector.matchers) == sorted(matchers)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("r.yml", "a: [", "is not YAML"),
        ("r.yml", "a: 1", "is not a rule file"),
        ("d.json", '{"a": }', "d.json:1:7: is not JSON"),
    ],
)
def test_what_is_neither_is_refused(tmp_path: Path, name: str, text: str, message: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        expressions_in(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        expressions_in(tmp_path / "none.yml")
