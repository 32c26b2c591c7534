"""When each request leaves: by the run's plans, or with a person's think time under plain `locust -f`."""

from __future__ import annotations

import random
from typing import ClassVar

from _run import RUN
from locust import User, events
from locust.env import Environment
from locust.rpc import Message
from locust.runners import WorkerRunner

from simulator.profile.schema import Scenario
from simulator.streams.turns import Turns

THINK_SECONDS = (0.5, 2.5)  # between two requests of one user, without a plan
NO_MORE_TURNS = 3600.0  # longer than any drain; a waiting user is stopped at once
_UNUSED_TURN = 0.1

TURNS = {scenario: Turns(plan) for scenario, plan in RUN.plans.items()} if RUN else {}
"""The turns of each scenario that fall to this process; none under plain `locust -f`."""


class PacedUser(User):
    """A user who takes a turn before each request: call `self.turn()`, then send one.

    So a journey is plain code, while the rate counts requests and not journeys. `scenario` says by which plan's turns:
    what a turn is (a request, a message, a call), each scenario decides.
    """

    abstract = True
    scenario: ClassVar[Scenario] = Scenario.HTTP
    _has_turn = RUN is None  # without a plan everybody begins at once
    _due_ms: float | None = None

    def turn(self) -> None:
        """Wait until this user may send one request. Ends the user when it was told to stop meanwhile."""
        if not self._has_turn:
            self.wait()
        self._has_turn = False
        if RUN is not None:
            TURNS[self.scenario].begun += 1

    def late_seconds(self) -> float:
        """How much later than planned this user's turn has come, to be counted with the answer's latency.

        Where every user waits for an answer, the requests of the plan wait, too; left out, a stall would be hidden
        from the percentiles by the very requests that it held up ("coordinated omission").
        """
        return 0.0 if RUN is None or self._due_ms is None else max(0.0, RUN.elapsed_ms() - self._due_ms) / 1000

    def wait_time(self) -> float:
        """Seconds until the next turn. Locust asks after each journey, `turn` between the requests of one."""
        if self._has_turn:  # a journey that sent nothing
            return _UNUSED_TURN
        self._has_turn = True
        if RUN is None:
            return random.uniform(*THINK_SECONDS)
        self._due_ms = TURNS[self.scenario].take(RUN.elapsed_ms())
        return NO_MORE_TURNS if self._due_ms is None else max(0.0, self._due_ms - RUN.elapsed_ms()) / 1000


@events.init.add_listener
def _share_the_plan(environment: Environment, **_: object) -> None:
    """A process begins with the present, however late it is; workers take their shares, and new ones when told to."""
    if RUN is None:
        return
    run, runner = RUN, environment.runner

    def begin(environment: Environment, **_: object) -> None:
        processes = environment.parsed_options.expect_workers if isinstance(runner, WorkerRunner) else 1
        index = runner.worker_index if isinstance(runner, WorkerRunner) else 0
        share(index, processes)

    def share(index: int, processes: int) -> None:
        for turns in TURNS.values():
            turns.share(index, processes, run.elapsed_ms())

    def change(environment: Environment, msg: Message) -> None:
        share(msg.data["index"], msg.data["processes"])

    environment.events.test_start.add_listener(begin)
    if isinstance(runner, WorkerRunner):
        runner.register_message("turns", change)
