"""When each request leaves: by the run's plan, or with a person's think time under plain `locust -f`."""

from __future__ import annotations

import random

from _run import RUN
from locust import User, events
from locust.env import Environment
from locust.runners import WorkerRunner

from simulator.streams.turns import Turns

THINK_SECONDS = (0.5, 2.5)  # between two requests of one user, without a plan
_NO_MORE_TURNS = 3600.0  # longer than any drain; a waiting user is stopped at once
_UNUSED_TURN = 0.1

TURNS = Turns(RUN.plan) if RUN else None


class PacedUser(User):
    """A user who takes a turn before each request: call `self.turn()`, then send one.

    So a journey is plain code, while the rate counts requests and not journeys.
    """

    abstract = True
    _has_turn = RUN is None  # without a plan everybody begins at once

    def turn(self) -> None:
        """Wait until this user may send one request. Ends the user when it was told to stop meanwhile."""
        if not self._has_turn:
            self.wait()
        self._has_turn = False

    def wait_time(self) -> float:
        """Seconds until the next turn. Locust asks after each journey, `turn` between the requests of one."""
        if self._has_turn:  # a journey that sent nothing
            return _UNUSED_TURN
        self._has_turn = True
        if RUN is None or TURNS is None:
            return random.uniform(*THINK_SECONDS)
        wait_ms = TURNS.take(RUN.elapsed_ms())
        return _NO_MORE_TURNS if wait_ms is None else wait_ms / 1000


def _share(environment: Environment, msg: object = None, **_: object) -> None:
    """Take this worker's share of the plan: its own idea at the start, the master's when workers came or went."""
    if RUN is None or TURNS is None or not isinstance(environment.runner, WorkerRunner):
        return
    told = getattr(msg, "data", None)
    index, processes = told or (environment.runner.worker_index, environment.parsed_options.expect_workers)
    TURNS.share(index, processes, RUN.elapsed_ms())


@events.test_start.add_listener
def _share_at_start(environment: Environment, **_: object) -> None:
    _share(environment)


@events.init.add_listener
def _listen_for_shares(environment: Environment, **_: object) -> None:
    if isinstance(environment.runner, WorkerRunner):
        environment.runner.register_message("turns", _share)
