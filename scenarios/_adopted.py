"""Takes a team's own Locust users into a run: `crybsim load PROFILE --locustfile theirs.py`.

Locust reads this file beside theirs. Each of their users then begins an iteration (a task with its requests) only when
the run's plan says so, goes to the run's host, and is reported as the users of these scenarios are. Their code is not
changed: think times within a task stay, the wait between tasks is replaced by the plan.
"""

from __future__ import annotations

import itertools
from typing import Any

import _reporter  # noqa: F401 - reports to crybsim
from _pacing import CROWDS, NO_MORE_TURNS, TURNS, PacedUser
from _run import RUN
from _shape import PlannedShape
from locust import User, events
from locust.env import Environment

from simulator.profile.schema import Scenario

if RUN is not None:
    _run, _turns, _crowd = RUN, TURNS[Scenario.HTTP], CROWDS.get(Scenario.HTTP)
    _hosts = itertools.cycle(RUN.hosts)

    class RunShape(PlannedShape):
        """Their users follow the run's plan."""

    def _pace(theirs: Any) -> None:
        """Let the plan decide when this user's iterations begin, and where they go."""
        begin, introduce, context = theirs.__init__, theirs.on_start, theirs.context

        def init(self: Any, *args: Any, **named: Any) -> None:
            self.host = next(_hosts)
            self.crybsim_due_ms = self.crybsim_late_ms = None
            begin(self, *args, **named)

        def on_start(self: Any) -> None:
            introduce(self)
            self.wait()

        def wait_time(self: Any) -> float:
            """Seconds until the next turn. Locust asks after each iteration; before the first, `on_start` does."""
            if _crowd is not None:
                self.crybsim_due_ms = self.crybsim_late_ms = _crowd.wait(self)
                return 0.0
            if self.crybsim_due_ms is not None:
                _turns.finished += 1
            self.crybsim_due_ms = self.crybsim_late_ms = _turns.take(_run.elapsed_ms())
            if self.crybsim_due_ms is None:
                return NO_MORE_TURNS
            _turns.begin(self.crybsim_due_ms, max(self.crybsim_due_ms, _run.elapsed_ms()))
            return max(0.0, self.crybsim_due_ms - _run.elapsed_ms()) / 1000

        def late_context(self: Any) -> dict[str, Any]:
            """What each request is reported with: the first of an iteration counts from when that was to begin."""
            due_ms, self.crybsim_late_ms = self.crybsim_late_ms, None
            late = 0.0 if due_ms is None else max(0.0, _run.elapsed_ms() - due_ms) / 1000
            return {**context(self), "late": late}

        theirs.__init__, theirs.on_start = init, on_start
        theirs.wait_time, theirs.context = wait_time, late_context

    @events.init.add_listener
    def _adopt(environment: Environment, **_: object) -> None:
        theirs: list[type[User]] = [one for one in environment.user_classes if not issubclass(one, PacedUser)]
        for user in theirs:
            _pace(user)
