"""A team's files as a rehearsal would read them: what is wrong, what is left out on this machine, what is in order.

promtool and amtool have the first word. What they refuse is then read as a rehearsal does it: a mistake is one, and
what these servers lack (a newer field, a service discovery that they were built without) is only noted.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from simulator.errors import InputError, UnobservedError
from simulator.stack.alertmanager_config import redirect
from simulator.stack.binaries import Missing, Program, Search
from simulator.stack.prometheus_config import NOT_IN_A_COPY, PrometheusConfig
from simulator.stack.redirect_check import check_config
from simulator.stack.redirect_ledger import is_unfilled
from simulator.stack.rule_files import check_rule_files
from simulator.stack.tool_checks import check_alertmanager_config, check_prometheus_config, check_rules
from simulator.telemetry.checks import Check, State

_UNKNOWN: Final = re.compile(r"field (?P<field>\w+) not found in type")
_DISCOVERS: Final = "_sd_configs"
_NOBODY: Final = "http://127.0.0.1:9"
_MOST_CHANGES: Final = 3
_Files = TypeVar("_Files", Path, Sequence[Path])


@dataclass(frozen=True)
class CheckedFiles:
    """The rules and configurations that a rehearsal would use; all of them exist."""

    rules: Sequence[Path]
    prometheus_config: Path
    alertmanager_config: Path


def check_files(programs: Search, files: CheckedFiles) -> Iterator[Check]:
    """What is to be said of rules, scrape configuration and routes."""
    yield from _rules(programs.promtool, files.rules)
    yield from _scrapes(programs.promtool, files.prometheus_config)
    yield from _routes(programs.amtool, files.alertmanager_config)


def _rules(promtool: Program | Missing, files: Sequence[Path]) -> Iterator[Check]:
    checks = list(_judged("rules", _in_short(files), promtool, check_rules, files))
    if isinstance(promtool, Missing) or not _refused(checks):
        yield from checks
        return
    try:
        checked = check_rule_files(promtool.path, files, _version(promtool))
    except InputError as error:
        yield from (Check("rules", State.BROKEN, str(one), "promtool refuses that") for one in error.problems)
        return
    except UnobservedError as error:
        for line in str(error).splitlines():
            yield Check("rules", State.BROKEN, line, "nothing of this file could be evaluated here")
        return
    for told in checked.told:
        yield Check("rules", State.NOTE, f"left out here: {told}", "the other rules are judged")
    if checked.changes:
        rest = len(checked.changes) - _MOST_CHANGES
        told = "; ".join(checked.changes[:_MOST_CHANGES]) + (f"; {rest} more" if rest > 0 else "")
        yield Check("rules", State.NOTE, told, "no result depends on that")
    yield Check("rules", State.OK, f"{_in_short(files)} (promtool finds no fault in the rest)")


def _scrapes(promtool: Program | Missing, file: Path) -> Iterator[Check]:
    checks = list(_judged("prometheus.yml", str(file), promtool, check_prometheus_config, file))
    refused = _refused(checks)
    fields = dict.fromkeys(found["field"] for check in refused if (found := _UNKNOWN.search(check.found)))
    lacking = [field for field in fields if field in NOT_IN_A_COPY or field.endswith(_DISCOVERS)]
    others = [check for check in refused if not _UNKNOWN.search(check.found) and not _is_heading(check.found)]
    if isinstance(promtool, Missing) or not lacking or others or len(lacking) < len(fields):
        yield from checks
        return
    discovers = [field for field in lacking if field.endswith(_DISCOVERS)]
    if discovers:
        what = f"{', '.join(discovers)}: this promtool was built without; targets stand in for what it finds"
        yield Check("prometheus.yml", State.NOTE, what, "`discovered` in crybsim.yaml names them better")
    newer = [field for field in lacking if field not in discovers]
    if newer:
        what = f"left out here: {', '.join(newer)}, newer than Prometheus {_version(promtool)}"
        yield Check("prometheus.yml", State.NOTE, what, "a rehearsal does without")
    config = PrometheusConfig.read(file, rules=())
    yield from (Check("prometheus.yml", State.NOTE, told, "runs are inconclusive") for told in config.lacking)
    with tempfile.TemporaryDirectory(prefix="crybsim-") as folder:
        copy = Path(folder) / "prometheus.yml"
        copy.write_text(config.copy(emitter_url=_NOBODY, alertmanager_url=_NOBODY), encoding="utf-8")
        complaints = check_prometheus_config(promtool.path, copy)
    if not complaints:
        yield Check("prometheus.yml", State.OK, f"{file} (promtool finds no fault in the rest)")
    for complaint in complaints:
        yield Check("prometheus.yml", State.BROKEN, complaint, f"promtool refuses {file}")


def _routes(amtool: Program | Missing, file: Path) -> Iterator[Check]:
    checks = list(_judged("alertmanager.yml", str(file), amtool, check_alertmanager_config, file))
    refused = [check for check in _refused(checks) if not _is_heading(check.found)]
    newer = [check for check in refused if _UNKNOWN.search(check.found)]
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        text = ""
    if isinstance(amtool, Missing) or not (newer or (refused and is_unfilled(text))):
        yield from checks
        return
    try:
        copy = redirect(
            text,
            http_url=_NOBODY,
            smtp="127.0.0.1:9",
            source=str(file),
            base_dir=file.parent.absolute(),
            proxy_url=_NOBODY,
            ca_file=Path("/receivers-ca.pem"),
            version=_version(amtool),
        )
        check_config(copy, amtool.path, str(file))
    except InputError as error:
        mistakes = (Check("alertmanager.yml", State.BROKEN, str(one), "amtool refuses that") for one in error.problems)
        yield from mistakes if newer else checks
        return
    for name, why in copy.removed_receivers.items():
        what = f"left out here: receiver {name}: {why}"
        then = "who else hears of an alert is judged; --alertmanager-bin takes the one you run"
        yield Check("alertmanager.yml", State.NOTE, what, then)
    yield from (Check("alertmanager.yml", State.NOTE, told, "runs are inconclusive") for told in copy.lacking)
    for check in refused:
        if check not in newer:
            yield Check(
                check.name,
                State.NOTE,
                check.found,
                "a deployment fills that in; the copy that a rehearsal runs is in order",
            )
    yield Check("alertmanager.yml", State.OK, f"{file} (amtool finds no fault in the copy that a rehearsal runs)")


def _judged(
    name: str, where: str, tool: Program | Missing, judge: Callable[[Path, _Files], Sequence[str]], files: _Files
) -> Iterator[Check]:
    """What a tool says of files as they are written."""
    if isinstance(tool, Missing):
        yield Check(name, State.NOTE, f"not checked, {tool.name} is missing: {where}")
        return
    complaints = judge(tool.path, files)
    if not complaints:
        yield Check(name, State.OK, f"{where} ({tool.name} finds no fault)")
    for complaint in complaints:
        yield Check(name, State.BROKEN, complaint, f"{tool.name} refuses {where}")


def _refused(checks: Sequence[Check]) -> list[Check]:
    return [check for check in checks if check.state is State.BROKEN]


def _is_heading(complaint: str) -> bool:
    """Whether it only says that lines on fields follow."""
    return complaint.endswith("unmarshal errors:")


def _version(program: Program) -> str:
    return program.version.split("+")[0]


def _in_short(files: Sequence[Path]) -> str:
    folders = ", ".join(sorted({str(path.parent) for path in files}))
    return str(files[0]) if len(files) == 1 else f"{len(files)} files in {folders}"
