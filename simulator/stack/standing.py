"""The stack that `crybsim stack up` started: who runs it and where it listens, in `.crybsim/stack.json`.

A process is known by its number and the moment it began, so that a number that went to somebody else is never taken
for ours.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

import psutil

from simulator.errors import InputError

STATE_FILE: Final = Path(".crybsim/stack.json")
NOTIFICATIONS_FILE: Final = "notifications.jsonl"  # in its folder
STOP_SECONDS: Final = 20.0


@dataclass(frozen=True)
class Standing:
    """A stack that was started. `began` is the process's start (seconds since the epoch); no `urls` yet: starting."""

    pid: int
    began: float
    folder: str = ""
    urls: dict[str, str] = field(default_factory=dict)

    @property
    def is_ready(self) -> bool:
        """Whether everything is up."""
        return bool(self.urls)

    def process(self) -> psutil.Process | None:
        """Its process, or None when that one has ended."""
        try:
            process = psutil.Process(self.pid)
            is_it = process.create_time() == self.began and process.status() != psutil.STATUS_ZOMBIE
        except psutil.Error:
            return None
        return process if is_it else None

    def stop(self) -> None:
        """Ask it to end; what does not within 20 s is killed, and its children with it."""
        process = self.process()
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(STOP_SECONDS)


class StateFile:
    """The file, in the folder where the command is run."""

    def __init__(self, path: Path = STATE_FILE) -> None:
        self._path = path

    def read(self) -> Standing | None:
        """The stack that is running, or None. What a killed one left behind does not count."""
        try:
            standing = Standing(**json.loads(self._path.read_bytes()))
        except (OSError, ValueError, TypeError):
            return None
        return standing if standing.process() is not None else None

    def claim(self) -> Standing:
        """Say that this process is about to start a stack. Raises InputError while another one is up."""
        other = self.read()
        if other is not None and other.process() != psutil.Process():
            where = other.urls.get("prometheus", "still starting")
            raise InputError(f"a stack is up already (pid {other.pid}, {where}); crybsim stack down ends it")
        mine = psutil.Process()
        standing = Standing(mine.pid, mine.create_time())
        self.write(standing)
        return standing

    def write(self, standing: Standing) -> None:
        """Replace the content in one step."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._path.with_name(f"{self._path.name}.{standing.pid}")
        draft.write_text(json.dumps(asdict(standing), indent=2) + "\n", encoding="utf-8")
        draft.replace(self._path)

    def release(self) -> None:
        """Remove the file."""
        self._path.unlink(missing_ok=True)
