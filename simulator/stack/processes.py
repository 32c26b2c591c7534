"""Child processes that end with us: real servers and crybsim's own services.

A child has its own session, so a Ctrl-C in the terminal reaches crybsim alone, which then stops its children in order.
A service is a child that binds its own ports and then prints one JSON line on stdout:
`{"event": "ready", "urls": {"name": "http://127.0.0.1:PORT"}}`; all else it says goes to stderr, that is, its log.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

from simulator.errors import ExitCode, InputError, SimulatorError
from simulator.stack import leash

GRACE_SECONDS: Final = 5.0
_POLL_SECONDS: Final = 0.02
_TAIL_BYTES: Final = 16_384


class Child:
    """A running child process. `log` holds what it says."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], log: Path, log_start: int = 0) -> None:
        self.name = name
        self.log = log
        self._process = process
        self._log_start = log_start  # what an earlier process wrote into the same file is not this one's

    @property
    def pid(self) -> int:
        return self._process.pid

    def poll(self) -> int | None:
        """The exit code (negative: the signal that killed it), or None while it runs."""
        return self._process.poll()

    def join(self, within_seconds: float | None = None) -> int | None:
        """Wait until it ends by itself. Returns the exit code, as `poll` does; None where it still runs by then."""
        with suppress(subprocess.TimeoutExpired):
            return self._process.wait(within_seconds)
        return None

    def stop(self, grace_seconds: float = GRACE_SECONDS) -> int:
        """SIGTERM; what still runs after the grace is killed, its process group with it. Returns the exit code.

        Interrupted while it waits, it kills at once and passes the interruption on.
        """
        if self.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(grace_seconds)
            except subprocess.TimeoutExpired:
                self._kill()
            except BaseException:
                self._kill()
                raise
        return self._process.wait()

    def _kill(self) -> None:
        try:
            os.killpg(self.pid, signal.SIGKILL)  # not reaped yet, so the number is still its own
        except ProcessLookupError:
            pass
        self._process.wait()

    def last_lines(self, count: int = 5) -> tuple[str, ...]:
        """The end of its log, for an error message."""
        try:
            with self.log.open("rb") as file:
                file.seek(max(self._log_start, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
                lines = file.read().decode(errors="replace").splitlines()
        except OSError:
            return ()
        return tuple(line for line in lines if line.strip())[-count:]

    def how_it_ended(self) -> str:
        """`ended with code 1: <last line>` or `was killed by SIGKILL`, for people; empty while it runs."""
        code = self.poll()
        if code is None:
            return ""
        if code < 0:
            return f"was killed by {signal.Signals(-code).name}"
        last = self.last_lines(1) if code else ()  # of an orderly end, its farewell says no more
        return f"ended with code {code}" + (f": {last[0]}" if last else "")


class Service(Child):
    """A child that said where it listens: `urls`, by name."""

    def __init__(
        self, name: str, process: subprocess.Popen[bytes], log: Path, log_start: int, urls: Mapping[str, str]
    ) -> None:
        super().__init__(name, process, log, log_start)
        self.urls = dict(urls)


def spawn(
    argv: Sequence[str | Path],
    *,
    name: str,
    log: Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Child:
    """Start a leashed child whose output goes to `log`. Raises SimulatorError off the main thread.

    The kernel ties the child to the thread that starts it, not to the process, hence the main thread only.
    `env=None` passes the environment on.
    """
    log_start = _size(log)
    return Child(name, _start(argv, name=name, log=log, output=log, env=env, cwd=cwd), log, log_start)


class ComingService(Child):
    """A service on its way up; several may be, at the same time."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], log: Path, log_start: int, output: Path) -> None:
        super().__init__(name, process, log, log_start)
        self._output = output
        self._since = time.monotonic()

    def wait(self, ready_within_seconds: float = 15.0) -> Service:
        """Wait for its ready line, counted from when it was started. One that does not get there is stopped.

        Raises InputError where the service refused its input (exit code 2), SimulatorError where it never got ready.
        """
        try:
            while True:
                code = self.poll()  # before reading: a service that ends at once still had its say
                urls = _ready_urls(self._output)
                if urls is not None:
                    return Service(self.name, self._process, self.log, self._log_start, urls)
                if code is not None:
                    kind = InputError if code == ExitCode.USAGE else SimulatorError
                    raise kind(f"{self.name} {_with_last_lines(self.how_it_ended(), self)}")
                if time.monotonic() > self._since + ready_within_seconds:
                    waited = f"was not ready within {ready_within_seconds:g} s"
                    raise SimulatorError(f"{self.name} {_with_last_lines(waited, self)}")
                time.sleep(_POLL_SECONDS)
        except BaseException:
            self.stop()
            raise


def begin_service(
    argv: Sequence[str | Path],
    *,
    name: str,
    log: Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> ComingService:
    """Start a service, whose ready line will be beside its log in `<log>.out`. Raises as `spawn` does."""
    output = log.with_name(log.name + ".out")
    output.unlink(missing_ok=True)
    log_start = _size(log)
    process = _start(argv, name=name, log=log, output=output, env=env, cwd=cwd)
    return ComingService(name, process, log, log_start, output)


def start_service(
    argv: Sequence[str | Path],
    *,
    name: str,
    log: Path,
    ready_within_seconds: float = 15.0,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Service:
    """Start a service and wait until it is ready. Raises as `ComingService.wait` does."""
    return begin_service(argv, name=name, log=log, env=env, cwd=cwd).wait(ready_within_seconds)


def _start(
    argv: Sequence[str | Path],
    *,
    name: str,
    log: Path,
    output: Path,
    env: Mapping[str, str] | None,
    cwd: Path | None,
) -> subprocess.Popen[bytes]:
    if threading.current_thread() is not threading.main_thread():
        raise SimulatorError(f"{name}: children have to be started from the main thread, or they die with another one")
    log.parent.mkdir(parents=True, exist_ok=True)
    wrapper = [sys.executable, "-I", "-S", leash.__file__, str(os.getpid())]
    with log.open("ab") as log_file, output.open("ab") as output_file:
        return subprocess.Popen(
            [*wrapper, *map(str, argv)],
            stdin=subprocess.DEVNULL,
            stdout=output_file,
            stderr=log_file,
            env=None if env is None else dict(env),
            cwd=cwd,
            start_new_session=True,
        )


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _ready_urls(output: Path) -> dict[str, str] | None:
    for line in output.read_bytes().splitlines(keepends=True):
        if not line.endswith(b"\n"):
            return None
        try:
            message = json.loads(line)
        except ValueError:
            continue
        if isinstance(message, dict) and message.get("event") == "ready":
            return {str(name): str(url) for name, url in message.get("urls", {}).items()}
    return None


def _with_last_lines(what: str, child: Child) -> str:
    lines = child.last_lines()
    if not lines:
        return f"{what} (it said nothing; {child.log})"
    if len(lines) == 1 and lines[0] in what:
        return f"{what} ({child.log})"
    return "\n".join([f"{what}; the last lines of {child.log}:", *(f"  {line}" for line in lines)])


class Children(ExitStack):
    """A context that stops, latest first, every child handed to it, whatever happens while it does so.

    Anything else to be undone in its turn goes in by `callback`, as into any ExitStack.
    """

    def __init__(self) -> None:
        super().__init__()
        self._children: list[Child] = []

    def add(self, child: Child) -> None:
        """Stop this child at the end; `ended` tells whether it died before."""
        self._children.append(child)
        self.callback(child.stop)

    def ended(self) -> tuple[Child, ...]:
        """The children that run no more."""
        return tuple(child for child in self._children if child.poll() is not None)
