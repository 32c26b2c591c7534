"""One clock for all processes of a run, so that what one sends and another receives can be timed.

The clock is the leading process's monotonic one (the master's, or that of the only process). On one machine every
process reads the same. On another, a worker asks the master for the time again and again and trusts the quickest
answer: half its round trip is by how much it may err (`clock_estimate`), and the report of a run says so.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import Any

import gevent
from gevent.event import Event
from locust.exception import RPCError
from locust.rpc import Message
from locust.runners import MasterRunner, Runner, WorkerRunner

from simulator.streams.clock_estimate import ClockEstimate

_ASK = "crybsim_time"
_FIRST_SECONDS, _LATER_SECONDS = 0.05, 5.0  # between two questions
_FIRST_QUESTIONS = 10
_WAIT_SECONDS = 10.0


class RunClock:
    """Microseconds of the run's clock. `error_us` is by how much it may be wrong; None as long as nobody knows."""

    def __init__(self) -> None:
        self.run = os.urandom(4).hex()
        """What the messages of this run are known by, in all its processes."""
        self.error_us: int | None = 0
        self._offset_us = 0
        self._estimate = ClockEstimate()
        self._settled = Event()
        self._runner: Runner | None = None

    def now_us(self) -> int:
        """The instant now."""
        return self.at_us(time.monotonic_ns())

    def at_us(self, monotonic_ns: int) -> int:
        """An instant of this process's monotonic clock."""
        return monotonic_ns // 1000 + self._offset_us

    def wait(self) -> bool:
        """Wait until a worker has heard from its master; false when it does not answer for a while."""
        return bool(self._settled.wait(_WAIT_SECONDS))

    def begin(self, runner: Runner) -> None:
        """Keep the time for others, or ask for it."""
        self._runner = runner
        if isinstance(runner, WorkerRunner):
            self.error_us = None
            runner.register_message(_ASK, lambda msg, **_: self._answered(msg))
            gevent.spawn(self._ask)
            return
        self._settled.set()
        if isinstance(runner, MasterRunner):

            def answer(msg: Message, **_: Any) -> None:
                told = {**msg.data, "at": _monotonic_us(), "machine": _machine(), "run": self.run}
                runner.send_message(_ASK, told, msg.node_id)

            runner.register_message(_ASK, answer)

    def _ask(self) -> None:
        asked = 0
        while True:
            with contextlib.suppress(RPCError):  # the master is gone for a moment: Locust sees to that
                self._runner.send_message(_ASK, {"asked": _monotonic_us()})
            asked += 1
            gevent.sleep(_FIRST_SECONDS if asked < _FIRST_QUESTIONS else _LATER_SECONDS)

    def _answered(self, msg: Message) -> None:
        now_us = _monotonic_us()
        self.run = msg.data["run"]
        if msg.data["machine"] == _machine():
            self.error_us, self._offset_us = 0, 0
        else:
            self._estimate.hear(msg.data["asked"], now_us, msg.data["at"])
            self.error_us, self._offset_us = self._estimate.at(now_us)
        if self.error_us == 0 or len(self._estimate) >= _FIRST_QUESTIONS // 2:
            self._settled.set()


def _monotonic_us() -> int:
    return time.monotonic_ns() // 1000


def _machine() -> str:
    """The same for all processes under one kernel since it booted, which is what a monotonic clock counts from."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        return f"{boot} {Path('/proc/self/ns/time').readlink()}"
    except OSError:
        return os.urandom(8).hex()  # cannot be told: ask for the time
