"""Alertmanager's own word on a configuration: `amtool check-config`."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

from simulator.errors import InputError, Problem
from simulator.stack.alertmanager_config import Redirected
from simulator.stack.tool_checks import check_alertmanager_config


def check_config(redirected: Redirected, amtool: Path, source: str) -> None:
    """Raises InputError with what Alertmanager has against the file, at the original's lines where it names one.

    A field that crybsim does not know was removed from the copy; here it is a mistake if Alertmanager does not know
    it either, for production would not start.
    """
    problems = _problems(_check(redirected.text, amtool), redirected, source)
    if redirected.unknown:
        refused = "\n".join(_check(redirected.probe, amtool))
        problems += [
            field.problem for field in redirected.unknown if f"field {field.name} not found in type" in refused
        ]
    if problems:
        raise InputError(*problems)


def _check(text: str, amtool: Path) -> tuple[str, ...]:
    """What amtool has against the text; empty when it has nothing."""
    with tempfile.TemporaryDirectory(prefix="crybsim-") as folder:
        path = Path(folder) / "alertmanager.yml"
        path.write_text(text, encoding="utf-8")
        return check_alertmanager_config(amtool, path)


def _problems(complaints: Sequence[str], redirected: Redirected, source: str) -> list[Problem]:
    """One problem per complaint; amtool counts the lines of the copy."""
    problems = []
    for complaint in complaints:
        if complaint.endswith("unmarshal errors:"):
            continue
        at = re.match(r"(?:yaml: )?line (\d+): (.*)", complaint)
        line = (redirected.lines or {}).get(int(at[1]), 0) if at else 0
        problems.append(Problem(source, line, 1 if line else 0, "", at[2] if at else complaint))
    return problems
