"""What promtool and amtool say about a team's files."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

_TIMEOUT_SECONDS: Final = 60.0
_FAILED: Final = re.compile(r"^(?:Checking .*)?\s*FAILED: ?")
_NOISE: Final = re.compile(r"^(Checking |\s*SUCCESS|Found:|\s+- |amtool: error: failed to validate)")


def check_rules(promtool: Path, files: Sequence[Path]) -> tuple[str, ...]:
    """The complaints of `promtool check rules`; empty when there is none."""
    return _complaints([promtool, "check", "rules", *files])


def check_prometheus_config(promtool: Path, file: Path) -> tuple[str, ...]:
    """The complaints of `promtool check config`; tokens and certificates, which only production has, need not exist."""
    return _complaints([promtool, "check", "config", "--syntax-only", file])


def check_alertmanager_config(amtool: Path, file: Path) -> tuple[str, ...]:
    """The complaints of `amtool check-config`, templates included; empty when there is none."""
    return _complaints([amtool, "check-config", file])


def _complaints(command: Sequence[str | Path]) -> tuple[str, ...]:
    try:
        answer = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_TIMEOUT_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return (f"{Path(command[0]).name} gave no answer in {_TIMEOUT_SECONDS:g} s",)
    if answer.returncode == 0:
        return ()
    lines = (answer.stdout + answer.stderr).decode(errors="replace").splitlines()
    said = tuple(filter(None, (_FAILED.sub("", line).strip() for line in lines if not _is_noise(line))))
    return said or (f"{Path(command[0]).name} ended with {answer.returncode}",)


def _is_noise(line: str) -> bool:
    return bool(_NOISE.match(line)) and not _FAILED.match(line)
