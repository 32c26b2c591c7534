"""Rehearsals as a user starts them: the command in a process of its own, several side by side."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

MARK = "CRYBSIM_TEST_RUN"
"""An environment variable that every process of a run inherits, so that none can hide."""


@dataclass
class Finished:
    """What a user is left with."""

    exit_code: int
    output: str
    verdict: dict[str, Any]
    folder: Path

    def words(self, alert: str) -> set[str]:
        """The words of every finding on an alert."""
        return {finding["word"] for finding in self.verdict["findings"] if finding["alert"] == alert}

    def words_of(self, words: set[str]) -> set[str]:
        """The alerts of which a finding says one of these words."""
        return {finding["alert"] for finding in self.verdict["findings"] if finding["word"] in words}

    def messages(self, word: str) -> str:
        """The messages of the findings with that word."""
        return "\n".join(finding["message"] for finding in self.verdict["findings"] if finding["word"] == word)


class Rehearsal:
    """`crybsim rehearse …` under way in a folder of its own. With `nice` it leaves processors to others."""

    def __init__(self, folder: Path, *arguments: str | Path, nice: int = 0) -> None:
        self.folder = folder
        self.run = folder / "run"
        self.mark = f"{folder.name}-{os.getpid()}-{time.monotonic_ns()}"
        self._log = (folder / "output.txt").open("w")
        self._process = subprocess.Popen(
            [
                *(["nice", "-n", str(nice)] if nice else []),
                *[sys.executable, "-m", "simulator", "rehearse", *map(str, arguments), "--out", str(self.run)],
            ],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            env={**os.environ, MARK: self.mark, "COLUMNS": "200"},
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    @property
    def output(self) -> str:
        return (self.folder / "output.txt").read_text()

    def wait_for(self, text: str, within_seconds: float) -> None:
        """Until the output has this text. Raises AssertionError when it ends or takes too long without."""
        deadline = time.monotonic() + within_seconds
        while text not in self.output:
            assert self._process.poll() is None, f"ended without {text!r}:\n{self.output}"
            assert time.monotonic() < deadline, f"no {text!r} within {within_seconds} s:\n{self.output}"
            time.sleep(0.05)

    def finish(self, within_seconds: float) -> Finished:
        """Wait for its end."""
        try:
            code = self._process.wait(within_seconds)
        finally:
            self.kill()
        verdict = self.run / "verdict.json"
        return Finished(code, self.output, json.loads(verdict.read_text()) if verdict.exists() else {}, self.run)

    def kill(self) -> None:
        """SIGKILL to crybsim itself, as the out-of-memory killer would."""
        self._process.kill()
        self._process.wait()
        self._log.close()

    def survivors(self) -> list[psutil.Process]:
        """Processes of this run that still exist."""
        return survivors(self.mark)

    def ports(self) -> set[int]:
        """The ports that processes of this run listen on."""
        listening = set()
        for process in self.survivors():
            try:
                listening |= {c.laddr.port for c in process.net_connections("inet") if c.status == psutil.CONN_LISTEN}
            except psutil.Error:
                continue
        return listening


def survivors(mark: str) -> list[psutil.Process]:
    """Processes that still exist of those whose environment has this mark."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == mark and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


def changed(source: Path, target: Path, replacements: Mapping[str, str] | Sequence[tuple[str, str]]) -> Path:
    """A copy of a file with some text replaced; each replacement must be found."""
    text = source.read_text()
    for old, new in dict(replacements).items():
        assert old in text, f"{old!r} is not in {source}"
        text = text.replace(old, new)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)
    return target
