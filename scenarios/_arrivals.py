"""The open model: iterations are started when they are due, whatever became of those before.

An arrival goes to a user who is free, else to a new one, until `most` are under way; above that it is dropped, and
counted. So a target that stalls meets the load that the world would send it, and not what its own users, all of them
waiting, have left. New users are Locust's own (they are in its count and end with its test), and are kept for later.

Under plain `locust -f`, with no more than one user asked for (`-u 1`, or one for each worker):

    class Visitor(ArrivalUser, FastUser):
        arrivals_per_second = 200
        max_in_flight = 1_000

        @task
        def look(self):
            self.client.get("/api/v1/posts")
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable
from time import perf_counter
from typing import Any

import gevent
from gevent import GreenletExit, get_hub, getcurrent
from gevent.hub import Waiter
from locust import User, events
from locust.env import Environment

from simulator.streams.arrivals import Arrivals, ConstantRate

_log = logging.getLogger(__name__)
_LEAST_SLEEP = 0.0005  # seconds: what is due within it is started together
_LONGEST_SLEEP = 0.5


class Crowd:
    """Those who take one process's arrivals. A user calls `wait` whenever it is free, and gets the next one's instant.

    `elapsed_ms` is the clock of the arrivals' instants; `most` users at once are under way with one.
    """

    def __init__(self, arrivals: Arrivals, elapsed_ms: Callable[[], float], most: int) -> None:
        self.arrivals = arrivals
        self._elapsed_ms = elapsed_ms
        self.most = most
        """Iterations under way at most."""
        self.dealt = True
        """Whether it is known which arrivals are this process's; before that none come, and there is no end."""
        self._members: dict[Any, User] = {}  # by greenlet
        # who has been free for longest is chosen, so that no user sends more than its share (APIs have limits by user)
        self._free: OrderedDict[Any, Waiter] = OrderedDict()
        self._handed: dict[Any, float] = {}  # arrivals that their user has not begun yet
        self._asked_for = 0  # users whom Locust itself wants
        self._dealer: gevent.Greenlet | None = None
        self._over = False

    @property
    def in_flight(self) -> int:
        """Iterations under way."""
        return len(self._members) - len(self._free)

    def wait(self, user: User) -> float:
        """Wait for an arrival and return its instant. Ends the user when no more will come."""
        greenlet = getcurrent()
        if greenlet in self._handed:  # a new one's first
            user._taskset_instance._sleep = _sleep
            return self._begin(greenlet)
        if greenlet in self._members:
            self.arrivals.finished += 1
        else:
            user._taskset_instance._sleep = _sleep
            self._join(greenlet, user)
        if self._over:
            raise GreenletExit
        waiter = self._free[greenlet] = Waiter()
        try:
            due: float | None = waiter.get()
        except BaseException:
            self._free.pop(greenlet, None)
            self._give_back(greenlet)
            raise
        if due is None:
            raise GreenletExit
        return self._begin(greenlet)

    def _begin(self, greenlet: Any) -> float:
        """Count an arrival, now that its user has it."""
        due = self._handed.pop(greenlet)
        self.arrivals.begin(due, self._elapsed_ms())
        return due

    def _join(self, greenlet: Any, user: User) -> None:
        """One of those whom Locust wants."""
        self._asked_for += 1
        self._members[greenlet] = user
        greenlet.rawlink(self._left)
        if self._dealer is None:
            self._dealer = gevent.spawn(self._deal)

    def _deal(self) -> None:
        arrivals, elapsed_ms = self.arrivals, self._elapsed_ms
        while not self._over:
            for due in arrivals.due(elapsed_ms()):
                self._start(due)
            next_ms = arrivals.next_ms()
            if next_ms is None and self.dealt:
                break
            if next_ms is None:
                gevent.sleep(_LONGEST_SLEEP)
                continue
            seconds = (next_ms - elapsed_ms()) / 1000
            gevent.sleep(min(max(seconds, _LEAST_SLEEP), _LONGEST_SLEEP))
        self._end()

    def _start(self, due: float) -> None:
        if self.in_flight >= self.most:
            self.arrivals.missed += 1
            return
        if self._free:
            greenlet, waiter = self._free.popitem(last=False)
            self._handed[greenlet] = due
            get_hub().loop.run_callback(waiter.switch, due)
        else:
            self._add(due)

    def _add(self, due: float) -> None:
        """A new user, of the kind of those who are here."""
        example = next(iter(self._members.values()))
        try:
            user = type(example)(example.environment)
        except Exception:
            _log.exception("no new user for an arrival")
            self.arrivals.missed += 1
            return
        greenlet = user.start(example.environment.runner.user_greenlets)
        self._members[greenlet] = user
        self._handed[greenlet] = due
        greenlet.rawlink(self._left)

    def _left(self, greenlet: Any) -> None:
        """Before the end nobody leaves but whom Locust stops; it does not tell its own users from ours."""
        self._members.pop(greenlet, None)
        self._free.pop(greenlet, None)
        self._give_back(greenlet)
        self._asked_for -= 1
        if self._asked_for <= 0:
            self._end()

    def _give_back(self, greenlet: Any) -> None:
        """What a user was to begin when it was stopped nobody begins."""
        if self._handed.pop(greenlet, None) is not None:
            self.arrivals.missed += 1

    def _end(self) -> None:
        """No more arrivals: whoever is free goes, the others when they are done."""
        self._over = True
        for waiter in self._free.values():
            get_hub().loop.run_callback(waiter.switch, None)
        self._free.clear()


def _sleep(seconds: float) -> None:
    """Locust's pause after `wait_time`, left out where there is none: a user who is stopped in it has begun nothing."""
    if seconds > 0:
        gevent.sleep(seconds)


class ArrivalUser(User):
    """A user for plain Locust whose iterations (a task each) are started at a constant rate.

    Locust's response times count from the instant at which an iteration was to begin, where the client can tell
    (FastUser's). What was dropped, and what began late, is logged as the test ends.
    """

    abstract = True
    arrivals_per_second: float = 1.0
    """Over all workers."""
    max_in_flight: int = 1_000
    """In each worker process."""

    def on_start(self) -> None:
        super().on_start()
        self.wait()

    def wait_time(self) -> float:
        """Not before the next arrival."""
        crowd = _crowd_of(type(self))
        due_ms = crowd.wait(self)
        client = getattr(self, "client", None)
        if client is not None:
            client.counts_from = _began + due_ms / 1000
        return 0.0


_crowds: dict[type[ArrivalUser], Crowd] = {}
_began = 0.0  # perf_counter's instant from which arrivals count
_share = (0, 1)


def _elapsed_ms() -> float:
    return (perf_counter() - _began) * 1000


def _crowd_of(kind: type[ArrivalUser]) -> Crowd:
    global _began
    crowd = _crowds.get(kind)
    if crowd is None:
        if not _crowds:
            _began = perf_counter()
        index, processes = _share
        arrivals = Arrivals(ConstantRate(kind.arrivals_per_second), index=index, processes=processes)
        crowd = _crowds[kind] = Crowd(arrivals, _elapsed_ms, kind.max_in_flight)
    return crowd


@events.test_start.add_listener
def _begin(environment: Environment, **_: object) -> None:
    global _share
    _crowds.clear()
    runner = environment.runner
    index = getattr(runner, "worker_index", -1)
    _share = (index, max(1, environment.parsed_options.expect_workers)) if index >= 0 else (0, 1)


@events.test_stop.add_listener
def _tell(environment: Environment, **_: object) -> None:
    for kind, crowd in _crowds.items():
        told = crowd.arrivals
        _log.info(
            "%s: %d arrivals started, %d of them late, %d dropped", kind.__name__, told.begun, told.late, told.missed
        )
