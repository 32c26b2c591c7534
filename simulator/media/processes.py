"""Starts the media processes and speaks their lines; for whoever has blocking files (or gevent's, once patched).

With asyncio: `asyncio.create_subprocess_exec(*relay_argv(), stdin=PIPE, stdout=PIPE)` and `messages.read_relay_event`.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Generic, Self, TypeVar, cast

from simulator.errors import SimulatorError
from simulator.media.messages import (
    Connected,
    Counts,
    GeneratorCommand,
    Left,
    Paced,
    Ready,
    Refused,
    RelayCommand,
    Report,
    read_generator_event,
    read_relay_event,
)

GRACE_SECONDS: Final = 5.0
"""How long an ended process may take for its last reports."""

Command = TypeVar("Command", GeneratorCommand, RelayCommand)
Event = TypeVar("Event")


def generator_argv(*, report_seconds: float = 5.0) -> list[str]:
    """The command that is a generator. Each session is reported every `report_seconds`, and at its end."""
    return [sys.executable, "-m", "simulator.media.generator", "--report-seconds", f"{report_seconds:g}"]


def relay_argv(
    *, host: str = "127.0.0.1", port: int = 0, manifest: Path | None = None, instance: str = "livekit-1"
) -> list[str]:
    """The command that is a relay. With a manifest the profile's voice faults act, as on that instance of LiveKit."""
    argv = [sys.executable, "-m", "simulator.media.relay", "--host", host, "--port", str(port), "--instance", instance]
    return argv if manifest is None else [*argv, "--manifest", str(manifest)]


class _MediaProcess(Generic[Command, Event]):
    """A running media process. Leaving the context ends it; so does our own death, whatever its cause."""

    def __init__(self, argv: list[str], read: Callable[[bytes], Event], log: Path | None) -> None:
        stderr = None if log is None else log.open("ab")
        try:
            self._process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr)
        finally:
            if stderr is not None:
                stderr.close()
        self._read = read
        self._to = cast(IO[bytes], self._process.stdin)
        self._from = cast(IO[bytes], self._process.stdout)
        self.ready = self._first()

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, *commands: Command) -> None:
        """Tell it. Raises BrokenPipeError when it is gone."""
        self._to.write(b"".join(command.line() for command in commands))
        self._to.flush()

    def events(self) -> Iterator[Event]:
        """What it says, as it says it; ends when the process does."""
        while line := self._from.readline():
            yield self._read(line)

    def finish(self) -> None:
        """Tell it to come to its end; `events` goes on to the last report."""
        try:
            self._to.close()
        except BrokenPipeError:
            pass

    def stop(self) -> int:
        """End it: as `finish`, and by force after a grace. Returns the exit code."""
        self.finish()
        try:
            self._process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._from.close()
        return self._process.wait()

    def _first(self) -> Ready:
        line = self._from.readline()
        if not line:
            code = self.stop()
            raise SimulatorError(f"{self._process.args!r} ended with code {code} before it was ready")
        event = self._read(line)
        assert isinstance(event, Ready)
        return event

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class Generator(_MediaProcess[GeneratorCommand, Ready | Connected | Report | Paced | Refused]):
    """A generator of sessions, for those of one load worker. Raises SimulatorError where it does not start."""

    def __init__(self, *, report_seconds: float = 5.0, log: Path | None = None) -> None:
        super().__init__(generator_argv(report_seconds=report_seconds), read_generator_event, log)


class Relay(_MediaProcess[RelayCommand, Ready | Left | Counts | Refused]):
    """A relay. Raises SimulatorError where it does not start (its log says why)."""

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        manifest: Path | None = None,
        instance: str = "livekit-1",
        log: Path | None = None,
    ) -> None:
        super().__init__(relay_argv(host=host, port=port, manifest=manifest, instance=instance), read_relay_event, log)

    @property
    def address(self) -> str:
        """Where it listens, as `Join.relay` wants it."""
        return self.ready.urls["relay"].removeprefix("udp://")
