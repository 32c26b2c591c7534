"""The load shape of a run: as many users as the plans want, and at its end nobody is cut off in mid-request."""

from __future__ import annotations

import signal

import gevent
from _dispatch import PlannedDispatcher, Spread, follows_plan, spread
from _run import CLOCK, RUN
from locust import LoadTestShape, events
from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner

REQUEST_SECONDS = 10.0
"""A request without an answer for so long has failed; nothing is waited for longer."""

_LAST_REPORTS_SECONDS = 0.9  # each worker reports once a second, and once more when it ends
_DRAIN_SECONDS = REQUEST_SECONDS + 5


class PlannedShape(LoadTestShape):
    """Follows the plans' users second by second, then lets the last requests finish, then ends the test."""

    abstract = True  # a locustfile takes part in a plan by a subclass, and only where there is one

    def __init__(self) -> None:
        super().__init__()
        self._told_to_end = False
        self._drain_since: float | None = None
        self._empty_since: float | None = None
        self.until_ms: int | None = None
        """When it stopped to follow the plan (epoch ms)."""

    def drain(self) -> None:
        """End the test with the next tick, in the same way as at the plan's end."""
        self._told_to_end = True

    def tick(self) -> tuple[int, float, Spread | None] | None:
        assert RUN is not None
        # users are planned to arrive one by one, so never hold one back
        at_once = max(100.0, sum(plan.max_users for plan in RUN.plans.values()) / 10)
        elapsed_ms = RUN.elapsed_ms()
        if not self._told_to_end and elapsed_ms < RUN.duration_ms:
            return self._wanted(max(0, elapsed_ms), at_once)
        if self._drain_since is None:
            self._drain_since, self.until_ms = CLOCK.monotonic(), CLOCK.now_ms()
        return None if self._drained(CLOCK.monotonic() - self._drain_since) else (0, at_once, None)

    def _wanted(self, elapsed_ms: int, at_once: float) -> tuple[int, float, Spread | None]:
        """The users of all plans, and of which classes where these belong to a scenario."""
        assert RUN is not None
        users = {scenario: plan.at(elapsed_ms).users for scenario, plan in RUN.plans.items()}
        classes = self.runner.user_classes if self.runner else []
        if not follows_plan(classes):
            return sum(users.values()), at_once, None
        wanted: Spread = []
        for scenario, count in users.items():
            wanted += spread(count, [one for one in classes if one.scenario is scenario])
        return len(wanted), at_once, wanted

    def _drained(self, seconds: float) -> bool:
        if seconds > _DRAIN_SECONDS:
            return True
        if self.runner is None or self.runner.user_count:
            self._empty_since = None
            return False
        if self._empty_since is None:
            self._empty_since = seconds
        settle = _LAST_REPORTS_SECONDS if isinstance(self.runner, MasterRunner) else 0.0
        return seconds - self._empty_since >= settle


if RUN is not None:

    class RunShape(PlannedShape):
        """What a locustfile imports to take part in a run: one class for all of them, as Locust wants it. Without a run
        Locust asks for users in its web UI or takes them from flags."""


@events.init.add_listener
def _follow_the_plan(environment: Environment, **_: object) -> None:
    """Users are dealt as the plans say. SIGUSR1 ends the test early without losing a count (SIGTERM, Locust's own way,
    may lose the last second)."""
    shape = environment.shape_class
    if isinstance(shape, PlannedShape) and follows_plan(environment.user_classes):
        environment.dispatcher_class = PlannedDispatcher
    if isinstance(shape, PlannedShape) and not isinstance(environment.runner, WorkerRunner):
        gevent.signal_handler(signal.SIGUSR1, shape.drain)
