"""Rule files that this Prometheus refuses: at which line, and whether a newer one would take them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from simulator.errors import InputError
from simulator.stack.binaries import find_binaries
from simulator.stack.rule_files import CheckedRules, check_rule_files

pytestmark = pytest.mark.stack


def _check(tmp_path: Path, rule: str, group: str = "", version: str = "2.42.0") -> CheckedRules:
    file = tmp_path / "rules.yml"
    file.write_text(f"groups:\n- name: g\n{group}  rules:\n  - alert: A\n{rule}")
    return check_rule_files(find_binaries().promtool.path, [file], version)


def test_rules_without_fault_pass(tmp_path: Path) -> None:
    assert _check(tmp_path, "    expr: up == 0\n    for: 1m\n") == CheckedRules()


def test_a_mistake_has_its_place(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"rules\.yml:5:11: group \"g\", rule 1, \"A\": could not parse") as raised:
        _check(tmp_path, "    expr: rate(x[5m)\n")
    assert len(raised.value.problems) == 1


@pytest.mark.parametrize(
    ("rule", "group", "message"),
    [
        (
            "    expr: up\n",
            "  query_offset: 1m\n",
            r"rules\.yml:5: A is not evaluated: query_offset needs Prometheus ≥ 2\.53, this is 2\.42",
        ),
        (
            "    expr: histogram_avg(x) > 1\n",
            "",
            r"rules\.yml:4: A is not evaluated: histogram_avg needs Prometheus ≥ 2\.51",
        ),
    ],
)
def test_a_feature_of_a_newer_prometheus_is_named_as_such(tmp_path: Path, rule: str, group: str, message: str) -> None:
    (told,) = _check(tmp_path, rule, group).told
    assert re.search(message, told)


def test_beside_a_mistake_the_run_cannot_start(tmp_path: Path) -> None:
    with pytest.raises(InputError) as raised:
        _check(tmp_path, "    expr: histogram_avg(x) > 1\n    frobnicate: 1\n    keep_fireing_for: 1m\n")
    assert [str(problem).partition("yml:")[2] for problem in raised.value.problems] == [
        "6:1: there is no field 'frobnicate' here",
        "7:1: there is no field 'keep_fireing_for' here",
    ]


def test_what_can_be_loaded_is_and_what_cannot_is_told(tmp_path: Path) -> None:
    """Groups of Thanos, of Mimir, of Prometheus 3: the rest of the file is still judged."""
    file = tmp_path / "rules.yml"
    file.write_text(
        """
groups:
- name: thanos
  partial_response_strategy: warn
  labels: {team: ours, severity: info}
  rules:
  - {alert: Plain, expr: up == 0, labels: {severity: page}}
  - {record: 'a:b', expr: 'double_exponential_smoothing(x[5m], 0.1, 0.1)'}
  - {alert: Dotted, expr: '{"http.requests", "service.name"="a"} > 1'}
  - {alert: Quoted, expr: 'x{a="{\\"b\\"}"} > 1 # {"c"}'}
- name: late
  query_offset: 1m
  rules: [{alert: Late, expr: up == 0}]
---
groups: [{name: ignored}]
""",
        encoding="utf-8",
    )
    checked = check_rule_files(find_binaries().promtool.path, [file], "2.42.0")
    assert [(one.group, one.name, one.line, one.reason.partition(",")[0]) for _, one in checked.left_out] == [
        ("thanos", "a:b", 8, "double_exponential_smoothing needs Prometheus ≥ 3.0"),
        ("thanos", "Dotted", 9, "a name in quotes needs Prometheus ≥ 3.0"),
        ("late", "Late", 13, "query_offset needs Prometheus ≥ 2.53"),
    ]
    groups = YAML(typ="safe").load(checked.texts[file])["groups"]
    assert [[rule.get("alert") for rule in group["rules"]] for group in groups] == [["Plain", "Quoted"], []]
    assert groups[0]["rules"][0]["labels"] == {"severity": "page", "team": "ours"}


def test_fields_that_say_nothing_of_a_result_do_not_keep_a_rule_from_being_loaded(tmp_path: Path) -> None:
    assert _check(tmp_path, "    expr: up == 0\n    debug: true\n", "  concurrency: 2\n").told == ()
