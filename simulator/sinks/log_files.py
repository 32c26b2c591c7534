"""Log lines into files, laid out as on the platform's hosts, so that its Promtail reads them with `/var/log` replaced.

Files and sizes as in the platform contract, "Logs". Services that log through their container only have one file each
under `containers/`.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO, Final

from simulator.clock import Clock
from simulator.sinks.follower import Follower
from simulator.telemetry.logs import LogEntry, LogSource

_FILES: Final = {
    "api": "cryb/api/api.log",
    "auth": "cryb/api-auth.log",
    "nginx": "nginx/access.log",
    "postgresql": "postgresql/postgresql.log",
    "redis": "redis/redis.log",
    "system": "syslog",
    "security": "auth.log",
    "deployment": "cryb-deploy.log",
}
ROTATE_BYTES: Final = 10 * 1024 * 1024
ROTATE_KEPT: Final = 10


class LogFiles:
    """The files below one folder. A full one is renamed to `.1` (the older to `.2`, …) before a line would not fit."""

    def __init__(self, folder: Path, *, rotate_bytes: int = ROTATE_BYTES, kept: int = ROTATE_KEPT) -> None:
        self._folder = folder
        self._rotate_bytes = rotate_bytes
        self._kept = kept
        self._open: dict[str, BinaryIO] = {}

    def write(self, entries: Iterable[LogEntry]) -> int:
        """Append the lines and hand them to the system. Returns how many there were."""
        count = 0
        for entry in entries:
            service = next((value for name, value in entry.labels if name == "service"), "unknown")
            file = self._open.get(service) or self._open_file(service)
            if file.tell() and file.tell() + len(entry.line) >= self._rotate_bytes:
                file = self._rotate(service)
            file.write(entry.line + b"\n")
            count += 1
        for file in self._open.values():
            file.flush()
        return count

    def close(self) -> None:
        """Write out what is left and close every file."""
        for file in self._open.values():
            file.close()
        self._open.clear()

    def path(self, service: str) -> Path:
        """Where a service's lines go."""
        name = "".join(c if c.isalnum() or c in "._-" else "_" for c in service).lstrip(".") or "unknown"
        return self._folder / _FILES.get(service, f"containers/{name}.log")

    def _open_file(self, service: str) -> BinaryIO:
        path = self.path(service)
        path.parent.mkdir(parents=True, exist_ok=True)
        file = self._open[service] = path.open("ab")
        return file

    def _rotate(self, service: str) -> BinaryIO:
        self._open.pop(service).close()
        path = self.path(service)
        names = [path, *(path.with_name(f"{path.name}.{number}") for number in range(1, self._kept + 1))]
        for younger, older in reversed(list(pairwise(names))):
            if younger.exists():
                younger.replace(older)
        return self._open_file(service)


class LogFollower(Follower):
    """Writes each line once its time has come, from `start` on until `stop`."""

    def __init__(self, source: LogSource, files: LogFiles, clock: Clock, *, every_seconds: float = 1.0) -> None:
        super().__init__(
            "logs",
            lambda interval: files.write(source.entries(interval)),
            files.close,
            clock,
            every_seconds=every_seconds,
        )
