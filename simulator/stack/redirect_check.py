"""Alertmanager's own word on a configuration: `amtool check-config`."""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path

from simulator.errors import InputError, Problem, SimulatorError
from simulator.stack.alertmanager_config import Redirected

_TIMEOUT_SECONDS = 30.0


def check_config(redirected: Redirected, amtool: Path, source: str) -> None:
    """Raises InputError with what Alertmanager has against the file, at the original's lines where it names one.

    A field that crybsim does not know was removed from the copy; here it is a mistake if Alertmanager does not know
    it either, for production would not start.
    """
    problems: list[Problem] = []
    failure = _check(redirected.text, amtool)
    if failure:
        problems += _problems(failure, redirected, source)
    if redirected.unknown:
        failure = _check(redirected.probe, amtool)
        problems += [
            field.problem for field in redirected.unknown if f"field {field.name} not found in type" in failure
        ]
    if problems:
        raise InputError(*problems)


def _check(text: str, amtool: Path) -> str:
    """What amtool has against the text; empty when it has nothing."""
    with tempfile.TemporaryDirectory(prefix="crybsim-") as folder:
        path = Path(folder) / "alertmanager.yml"
        path.write_text(text, encoding="utf-8")
        try:
            done = subprocess.run(
                [str(amtool), "check-config", str(path)],
                capture_output=True,
                text=True,
                timeout=_TIMEOUT_SECONDS,
                check=False,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise SimulatorError(f"{amtool} did not run: {error}") from error
    if done.returncode == 0:
        return ""
    return (done.stdout + done.stderr).replace(str(path), "alertmanager.yml")


def _problems(output: str, redirected: Redirected, source: str) -> list[Problem]:
    """One problem per line of amtool's complaint."""
    reason = re.search(r"FAILED: (.*?)(?:\n\n|\namtool: |\Z)", output, re.DOTALL)
    complaint = (reason[1] if reason else output).strip()
    lines = [line.strip() for line in complaint.splitlines() if line.strip() and not line.endswith("unmarshal errors:")]
    problems = []
    for line in lines or [complaint]:
        at = re.match(r"line (\d+): (.*)", line)
        number = (redirected.lines or {}).get(int(at[1]), 0) if at else 0
        problems.append(Problem(source, number, 1 if number else 0, "", at[2] if at else line))
    return problems
