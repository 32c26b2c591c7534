"""The reference dashboards against the rules of grafana/dashboard-linter."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from simulator.engine.panels import read_dashboard
from tests.dashboards.lint import EXCLUSIONS, RULES, Json, complaints, excluded
from tests.dashboards.shown import FOLDER

FILES = sorted(FOLDER.glob("*.json"))
API = FOLDER / "api-performance.json"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_rules_are_kept(path: Path) -> None:
    assert complaints(json.loads(path.read_text()), read_dashboard(path)) == []


def test_no_exclusion_is_stale() -> None:
    needed = {
        (rule, key)
        for path in FILES
        for dashboard in [read_dashboard(path)]
        for rule, check in RULES.items()
        for where, _ in check(json.loads(path.read_text()), dashboard)
        for key in ("*", dashboard.uid, f"{dashboard.uid}/{where}")
        if (rule, key) in EXCLUSIONS
    }
    assert needed == EXCLUSIONS.keys()
    assert not excluded("panel-units-rule", "cryb-slo", "Requests")


def _first(content: Json) -> Json:
    found: Json = next(panel for panel in content["panels"] if panel["type"] != "row")
    return found


def _asks(expr: str) -> Callable[[Json], None]:
    def change(content: Json) -> None:
        _first(content)["targets"][0]["expr"] = expr

    return change


_OF_API = 'job="cryb-api", instance=~"$instance"'
MISTAKES: dict[str, Callable[[Json], object]] = {
    "template-datasource-rule": lambda content: content["templating"]["list"][0].update(name="ds"),
    "template-instance-rule": lambda content: content["templating"]["list"][2].update(allValue=".*"),
    "template-label-promql-rule": lambda content: content["templating"]["list"][1].update(query="label_values(up{, x)"),
    "template-on-time-change-reload-rule": lambda content: content["templating"]["list"][1].update(refresh=1),
    "panel-datasource-rule": lambda content: _first(content).update(datasource={"type": "prometheus", "uid": "x"}),
    "panel-title-description-rule": lambda content: _first(content).pop("description"),
    "panel-units-rule": lambda content: _first(content)["fieldConfig"]["defaults"].update(unit="furlongs"),
    "panel-no-targets-rule": lambda content: _first(content).update(targets=[]),
    "target-rate-interval-rule": _asks(f"rate(http_requests_total{{{_OF_API}}}[5m])"),
    "target-job-rule": _asks('up{instance=~"$instance"}'),
    "target-instance-rule": _asks('up{job="cryb-api"}'),
    "target-counter-agg-rule": _asks(f"sum(http_requests_total{{{_OF_API}}})"),
    "uneditable-dashboard-rule": lambda content: content.update(editable=True),
}


@pytest.mark.parametrize("rule", MISTAKES)
def test_a_mistake_is_noticed_by_its_rule_and_no_other(rule: str, tmp_path: Path) -> None:
    content = copy.deepcopy(json.loads(API.read_text()))
    MISTAKES[rule](content)
    path = tmp_path / "dashboard.json"
    path.write_text(json.dumps(content))
    assert {line.partition(":")[0] for line in complaints(content, read_dashboard(path))} == {rule}


def test_each_rule_has_a_mistake_or_is_tried_below() -> None:
    assert RULES.keys() - MISTAKES.keys() == {"template-job-rule", "target-promql-rule", "target-logql-auto-rule"}


def test_promql_that_does_not_parse_is_noticed(tmp_path: Path) -> None:
    content = json.loads(API.read_text())
    _asks("sum(rate(")(content)
    path = tmp_path / "dashboard.json"
    path.write_text(json.dumps(content))
    assert len(list(RULES["target-promql-rule"](content, read_dashboard(path)))) == 1


def test_a_range_of_its_own_in_logql_is_noticed(tmp_path: Path) -> None:
    text = (FOLDER / "logs.json").read_text()
    path = tmp_path / "dashboard.json"
    path.write_text(text.replace("[$__auto]", "[5m]"))
    assert len(list(RULES["target-logql-auto-rule"](json.loads(text), read_dashboard(path)))) == 6
