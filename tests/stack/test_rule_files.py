"""Rule files that this Prometheus refuses: at which line, and whether a newer one would take them."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.errors import InputError, UnobservedError
from simulator.stack.binaries import find_binaries
from simulator.stack.rule_files import check_rule_files

pytestmark = pytest.mark.stack


def _check(tmp_path: Path, rule: str, group: str = "", version: str = "2.42.0") -> None:
    file = tmp_path / "rules.yml"
    file.write_text(f"groups:\n- name: g\n{group}  rules:\n  - alert: A\n{rule}")
    check_rule_files(find_binaries().promtool.path, [file], version)


def test_rules_without_fault_pass(tmp_path: Path) -> None:
    _check(tmp_path, "    expr: up == 0\n    for: 1m\n")


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
            r"rules\.yml:3:1: query_offset needs Prometheus ≥ 2\.53, this is 2\.42",
        ),
        ("    expr: histogram_avg(x) > 1\n", "", r"rules\.yml:5:11: histogram_avg needs Prometheus ≥ 2\.51"),
    ],
)
def test_a_feature_of_a_newer_prometheus_is_named_as_such(tmp_path: Path, rule: str, group: str, message: str) -> None:
    with pytest.raises(UnobservedError, match=message):
        _check(tmp_path, rule, group)


def test_beside_a_mistake_the_run_cannot_start(tmp_path: Path) -> None:
    with pytest.raises(InputError) as raised:
        _check(tmp_path, "    expr: histogram_avg(x) > 1\n    frobnicate: 1\n    keep_fireing_for: 1m\n")
    assert [str(problem).partition("yml:")[2] for problem in raised.value.problems] == [
        "6:1: there is no field 'frobnicate' here",
        "7:1: there is no field 'keep_fireing_for' here",
    ]
