"""The team's rule files as this Prometheus reads them: mistakes at their lines, and features that it has not yet."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from simulator.errors import InputError, Problem, UnobservedError
from simulator.stack.loadable_rules import (
    FIELDS_SINCE,
    FUNCTIONS_SINCE,
    NOT_OF_PROMETHEUS,
    LeftOut,
    Loadable,
    loadable,
    needs,
    older,
)
from simulator.stack.tool_checks import check_rules

_PLACED: Final = re.compile(r"(?P<file>[^:]+): (?P<line>\d+):(?P<column>\d+): (?P<what>.*)")
_FIELD: Final = re.compile(r"line (?P<line>\d+): field (?P<field>\w+) not found in type .*")
_FUNCTION: Final = re.compile(r"unknown function with name \"(?P<name>\w+)\"")
_OF_RULE: Final = re.compile(r"group \"(?P<group>.*?)\", rule \d+, \"(?P<rule>.*?)\": could not parse expression")
_DOCUMENT: Final = re.compile(r"^---(?:\s.*)?$", re.MULTILINE)
_HEADER: Final = re.compile(r"(?P<file>[^:]+): yaml: unmarshal errors:")


@dataclass(frozen=True)
class CheckedRules:
    """Rule files without a mistake. `texts` are those that this Prometheus has to load otherwise than they are written,
    `left_out` the rules that it cannot load at all, by file, and `changes` what the texts say otherwise.
    """

    texts: Mapping[Path, str] = field(default_factory=dict)
    changes: tuple[str, ...] = ()
    left_out: tuple[tuple[Path, LeftOut], ...] = ()

    @property
    def told(self) -> tuple[str, ...]:
        """A line on each rule that is left out."""
        return tuple(f"{file}:{one.line}: {one.name} is not evaluated: {one.reason}" for file, one in self.left_out)


def check_rule_files(promtool: Path, files: Sequence[Path], version: str) -> CheckedRules:
    """Raises InputError with every mistake; UnobservedError where what is lacking cannot be told from the rest.

    Each file is checked by itself: promtool names no file in some of its complaints.
    """
    mistakes: list[Problem] = []
    lacking: list[Problem] = []
    unresolved: list[Problem] = []
    texts: dict[Path, str] = {}
    changes: list[str] = []
    left_out: list[tuple[Path, LeftOut]] = []
    for file in files:
        complaints = check_rules(promtool, [file])
        found, refused = _loadable(promtool, file, version) if complaints else (None, ())
        if refused:
            found = None
        before = len(mistakes)
        left_out_here = {(one.group, one.name) for one in found.left_out} if found else set()
        for problem, is_lacking in _problems(complaints, file, version):
            of_rule = _OF_RULE.match(problem.message)
            is_told = of_rule is not None and (of_rule["group"], of_rule["rule"]) in left_out_here
            (lacking if is_lacking or is_told else mistakes).append(problem)
            unresolved += [problem] if found is None else []
        if refused and len(mistakes) == before:  # behind what is lacking, promtool did not see them
            hidden = (problem for problem, is_lacking in _problems(refused, file, version) if not is_lacking)
            mistakes += (replace(problem, line=0, column=0) for problem in hidden)  # the places are the copy's
        if found is not None:
            texts[file] = found.text
            changes += (f"{file}: {change}" for change in found.changes)
            left_out += ((file, one) for one in found.left_out)
    if mistakes:
        raise InputError(*mistakes, *lacking)
    if unresolved:
        raise UnobservedError("\n".join(map(str, unresolved)))
    return CheckedRules(texts, tuple(changes), tuple(left_out))


def _loadable(promtool: Path, file: Path, version: str) -> tuple[Loadable | None, tuple[str, ...]]:
    """What of a refused file can be loaded, and what this Prometheus has against that."""
    try:
        found = loadable(_first_document(file.read_text(encoding="utf-8-sig")), str(file), version)
    except (OSError, UnicodeDecodeError):
        return None, ()
    if found is None:
        return None, ()
    with tempfile.TemporaryDirectory(prefix="crybsim-") as folder:
        copy = Path(folder) / file.name
        copy.write_text(found.text, encoding="utf-8")
        return found, tuple(complaint.replace(str(copy), str(file)) for complaint in check_rules(promtool, [copy]))


def _first_document(text: str) -> str:
    """What Prometheus reads of a file."""
    later = (mark.start() for mark in _DOCUMENT.finditer(text) if text[: mark.start()].strip())
    return text[: next(later, len(text))]


def _problems(complaints: Sequence[str], file: Path, version: str) -> Iterator[tuple[Problem, bool]]:
    for complaint in complaints:
        if _HEADER.match(complaint):
            continue
        line, column, what = 0, 0, complaint.removeprefix(f"{file}: ")
        if placed := _PLACED.match(complaint):
            line, column, what = int(placed["line"]), int(placed["column"]), placed["what"]
        since, name = "", ""
        if unknown := _FIELD.match(what):
            line, column, name = int(unknown["line"]), 1, unknown["field"]
            what, since = f"there is no field {name!r} here", FIELDS_SINCE.get(name, "")
        elif function := _FUNCTION.search(what):
            name = function["name"]
            since = FUNCTIONS_SINCE.get(name, "")
        lacking = bool(since) and older(version, since)
        if lacking:
            what = needs(name, since, version)
        yield Problem(str(file), line, column, "", what), lacking or name in NOT_OF_PROMETHEUS
