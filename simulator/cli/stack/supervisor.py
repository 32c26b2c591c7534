"""`crybsim stack up --detach`: the same command in a session of its own."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import Final

from simulator.errors import ExitCode, InputError, SimulatorError
from simulator.stack.standing import STATE_FILE, Standing, StateFile

_READY_WITHIN_SECONDS: Final = 100.0


def start_supervisor(arguments: list[str], state: StateFile) -> Standing:
    """The same command in a session of its own; returns once it is up. Raises what it said where it did not get up."""
    running = state.read()
    if running is not None:
        raise InputError(f"a stack is up already (pid {running.pid}); crybsim stack down ends it")
    log = STATE_FILE.with_name("stack.log")
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        supervisor = subprocess.Popen(
            [sys.executable, "-m", "simulator", "stack", "up", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    deadline = time.monotonic() + _READY_WITHIN_SECONDS
    while supervisor.poll() is None and time.monotonic() < deadline:
        standing = state.read()
        if standing is not None and standing.pid == supervisor.pid and standing.is_ready:
            supervisor.returncode = 0  # it lives on: nobody waits for it here
            return standing
        time.sleep(0.1)
    said = log.read_text(encoding="utf-8", errors="replace").strip()
    if supervisor.poll() == ExitCode.USAGE:
        raise InputError(*said.replace("crybsim: error: ", "").splitlines())
    if supervisor.poll() is None:
        supervisor.terminate()
        supervisor.wait()
        raise SimulatorError(f"the stack was not up within {_READY_WITHIN_SECONDS:g} s; see {log}")
    raise SimulatorError(f"the stack did not come up: {said or log}")
