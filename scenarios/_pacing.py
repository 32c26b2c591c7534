"""When each request leaves: by the run's plans, or with a person's think time under plain `locust -f`."""

from __future__ import annotations

import math
import random
from typing import ClassVar

from _arrivals import Crowd
from _run import RUN
from gevent.event import Event
from locust import User, events
from locust.env import Environment
from locust.exception import StopUser
from locust.rpc import Message
from locust.runners import STATE_RUNNING, STATE_SPAWNING, WorkerRunner
from locust.user.task import LOCUST_STATE_WAITING

from simulator.profile.schema import LoadModel, Scenario
from simulator.streams.arrivals import Arrivals
from simulator.streams.turns import Turns

THINK_SECONDS, THINK_SIGMA = 1.2, 0.6  # between two requests of one user, without a plan: median of a lognormal law
NO_MORE_TURNS = 3600.0  # longer than any drain; a waiting user is stopped at once
_UNUSED_TURN = 0.1
_NOBODYS = (10**9 - 1, 10**9)  # the last one of so many has no turn in any plan

TURNS: dict[Scenario, Turns] = {}
"""The turns of each scenario that fall to this process; none under plain `locust -f`."""

CROWDS: dict[Scenario, Crowd] = {}
"""The scenarios whose turns come by themselves (the open model), and who takes them."""

if RUN is not None:
    _load = RUN.manifest.profile.load
    for _scenario, _plan in RUN.plans.items():
        if _scenario is Scenario.HTTP and _load.model is LoadModel.OPEN:
            TURNS[_scenario] = _arrivals = Arrivals(_plan)
            CROWDS[_scenario] = Crowd(_arrivals, RUN.elapsed_ms, _load.max_in_flight)
            CROWDS[_scenario].dealt = False
        else:
            TURNS[_scenario] = Turns(_plan)
        TURNS[_scenario].share(*_NOBODYS, 0.0)  # until it is known how many share the plan


class _Shares:
    """Whether the plans are dealt anew while users wait, as a worker comes or goes: turns that they wait for are then
    void, or they would be taken twice, once by the plan of old."""

    def __init__(self) -> None:
        self.fixed = False
        self.changed = Event()

    def change(self) -> None:
        """Let everybody who waits take another turn."""
        before, self.changed = self.changed, Event()
        before.set()


_shares = _Shares()


class PacedUser(User):
    """A user who takes a turn before each request: call `self.turn()`, then send one.

    So a journey is plain code, while the rate counts requests and not journeys. `scenario` says by which plan's turns:
    what a turn is (a request, a message, a call), each scenario decides.
    """

    abstract = True
    scenario: ClassVar[Scenario] = Scenario.HTTP
    _has_turn = RUN is None  # without a plan everybody begins at once
    _due_ms: float | None = None
    _leaving = False

    def stop(self, force: bool = False) -> bool:
        """Locust ends a user who waits at once, but one after the other: whose turn comes before that sends nothing any
        more, or it would be cut off from the answer."""
        self._leaving = self._state == LOCUST_STATE_WAITING
        return bool(super().stop(force))

    def turn(self) -> None:
        """Wait until this user may send one request. Ends the user when it was told to stop meanwhile."""
        if not self._has_turn:
            self.wait()
        if self._leaving:
            raise StopUser
        self._has_turn = False
        if RUN is not None and self._due_ms is not None and self.scenario not in CROWDS:
            TURNS[self.scenario].begin(self._due_ms, RUN.elapsed_ms())

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
        if self.scenario in CROWDS:
            self._due_ms = CROWDS[self.scenario].wait(self)
            self._has_turn = True
            return 0.0
        self._has_turn = True
        if RUN is None:
            return THINK_SECONDS * random.lognormvariate(0, THINK_SIGMA)
        while True:
            self._due_ms = TURNS[self.scenario].take(RUN.elapsed_ms())
            seconds = NO_MORE_TURNS if self._due_ms is None else max(0.0, self._due_ms - RUN.elapsed_ms()) / 1000
            if _shares.fixed:
                return seconds
            if not _shares.changed.wait(seconds):
                return 0.0


@events.init.add_listener
def _share_the_plan(environment: Environment, **_: object) -> None:
    """A process begins with the present, however late it is; workers take their shares, and new ones when told to."""
    if RUN is None:
        return
    run, runner = RUN, environment.runner
    told: list[tuple[int, int]] = []  # this worker's share, where the master dealt anew

    def begin(environment: Environment, **_: object) -> None:
        processes = environment.parsed_options.expect_workers if isinstance(runner, WorkerRunner) else 1
        index = runner.worker_index if isinstance(runner, WorkerRunner) else 0
        # who comes late has no turns before the master deals them anew, and may have been told already
        share(*(told[0] if told else (index, processes) if index < processes else _NOBODYS))

    def share(index: int, processes: int) -> None:
        for turns in TURNS.values():
            turns.share(index, processes, run.elapsed_ms())
        for crowd in CROWDS.values():
            crowd.dealt = (index, processes) != _NOBODYS
            crowd.most = math.ceil(run.manifest.profile.load.max_in_flight / processes)

    def change(environment: Environment, msg: Message) -> None:
        told[:] = [(msg.data["index"], msg.data["processes"])]
        share(*told[0])
        _shares.change()

    environment.events.test_start.add_listener(begin)
    _shares.fixed = not isinstance(runner, WorkerRunner)
    if isinstance(runner, WorkerRunner):
        runner.register_message("turns", change)
        if runner.worker_state in (STATE_SPAWNING, STATE_RUNNING):  # its users were told to come before we were
            begin(environment)
            _shares.change()
            runner.send_message("turns")
