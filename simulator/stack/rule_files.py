"""The team's rule files as this Prometheus reads them: mistakes at their lines, and features that it has not yet."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from simulator.errors import InputError, Problem, UnobservedError
from simulator.stack.tool_checks import check_rules

_FIELDS_SINCE: Final = {"limit": "2.31", "keep_firing_for": "2.42", "query_offset": "2.53", "labels": "3.0"}
"""Fields of rules and rule groups, and the first Prometheus that knows them (its CHANGELOG.md)."""

_FUNCTIONS_SINCE: Final = {
    "clamp": "2.26", "last_over_time": "2.26", "sgn": "2.26", "present_over_time": "2.29",
    "histogram_count": "2.40", "histogram_sum": "2.40", "histogram_fraction": "2.40", "histogram_stddev": "2.48",
    "histogram_stdvar": "2.48", "mad_over_time": "2.49", "sort_by_label": "2.49", "sort_by_label_desc": "2.49",
    "histogram_avg": "2.51", "info": "2.55", "double_exponential_smoothing": "3.0", "ts_of_min_over_time": "3.5",
    "ts_of_max_over_time": "3.5", "ts_of_last_over_time": "3.5", "first_over_time": "3.7",
    "ts_of_first_over_time": "3.7", "histogram_quantiles": "3.11",
}  # fmt: skip
"""PromQL functions and the first Prometheus that has them (its CHANGELOG.md)."""

_PLACED: Final = re.compile(r"(?P<file>[^:]+): (?P<line>\d+):(?P<column>\d+): (?P<what>.*)")
_FIELD: Final = re.compile(r"line (?P<line>\d+): field (?P<field>\w+) not found in type .*")
_FUNCTION: Final = re.compile(r"unknown function with name \"(?P<name>\w+)\"")
_HEADER: Final = re.compile(r"(?P<file>[^:]+): yaml: unmarshal errors:")


def check_rule_files(promtool: Path, files: Sequence[Path], version: str) -> None:
    """Raises InputError with every mistake, or, where newer features are all that is wrong, UnobservedError.

    Each file is checked by itself: promtool names no file in some of its complaints.
    """
    mistakes: list[Problem] = []
    lacking: list[Problem] = []
    for file in files:
        for problem, is_lacking in _problems(check_rules(promtool, [file]), file, version):
            (lacking if is_lacking else mistakes).append(problem)
    if mistakes:
        raise InputError(*mistakes, *lacking)
    if lacking:
        raise UnobservedError("\n".join(str(problem) for problem in lacking))


def _problems(complaints: Sequence[str], file: Path, version: str) -> Iterator[tuple[Problem, bool]]:
    for complaint in complaints:
        if _HEADER.match(complaint):
            continue
        line, column, what = 0, 0, complaint.removeprefix(f"{file}: ")
        if placed := _PLACED.match(complaint):
            line, column, what = int(placed["line"]), int(placed["column"]), placed["what"]
        since, name = "", ""
        if field := _FIELD.match(what):
            line, column, name = int(field["line"]), 1, field["field"]
            what, since = f"there is no field {name!r} here", _FIELDS_SINCE.get(name, "")
        elif function := _FUNCTION.search(what):
            name = function["name"]
            since = _FUNCTIONS_SINCE.get(name, "")
        lacking = bool(since) and _number(version) < _number(since)
        if lacking:
            what = f"{name} needs Prometheus ≥ {since}, this is {version}; --prometheus-bin takes the one you run"
        yield Problem(str(file), line, column, "", what), lacking


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:2])
