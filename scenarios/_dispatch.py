"""How many users of each class run, and on which worker: exactly as many as the plans say.

Locust's own dispatcher keeps classes in a fixed proportion. The plans of two scenarios do not move alike: HTTP users
arrive in half a minute, those who are connected follow the day. So the shape names each class as often as there are to
be users of it (`Spread`), and the users of a class are dealt to the workers in turn.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from operator import attrgetter
from typing import ClassVar

from _pacing import PacedUser
from locust import User
from locust.dispatch import UsersDispatcher
from locust.runners import WorkerNode

Spread = list[type[User]]
"""Each class as often as there are to be users of it."""


def spread(users: int, classes: Sequence[type[User]]) -> Spread:
    """So many users of these classes, by their weights; who is left over goes to the first ones."""
    ordered = sorted(classes, key=attrgetter("__name__"))
    total = sum(one.weight for one in ordered) or 1
    found: Spread = []
    weight = 0.0
    for one in ordered:
        weight += one.weight
        found += [one] * (-int(-users * weight // total) - len(found))
    return found


def dealt(counts: Mapping[str, int], workers: Sequence[str]) -> dict[str, dict[str, int]]:
    """The users of each class on each worker; the workers that get one more differ from class to class."""
    found: dict[str, dict[str, int]] = {worker: {} for worker in workers}
    for first, (name, count) in enumerate(sorted(counts.items())):
        for index, worker in enumerate(workers):
            found[worker][name] = (count + (first - index) % len(workers)) // len(workers)
    return found


class PlannedDispatcher(UsersDispatcher):
    """Gives each worker its users at once: the plan is followed second by second, so there is nothing to ramp."""

    _wanted: ClassVar[Counter[str]] = Counter()  # of the run: Locust makes a new dispatcher as it loses a worker

    def __init__(self, worker_nodes: list[WorkerNode], user_classes: list[type[User]]) -> None:
        super().__init__(worker_nodes, user_classes)
        self._names = sorted(one.__name__ for one in user_classes)

    def new_dispatch(self, target_user_count: int, spawn_rate: float, user_classes: Spread | None = None) -> None:
        """`user_classes` is what the shape wants; without it (a worker came or went) that stays as it was."""
        if user_classes is not None or target_user_count == 0:
            PlannedDispatcher._wanted = Counter(one.__name__ for one in user_classes or ())
        self._target_user_count = self._current_user_count = target_user_count
        self._dispatcher_generator = self._once()

    def add_worker(self, worker_node: WorkerNode) -> None:
        self._worker_nodes.append(worker_node)
        self._sort_workers()

    def remove_worker(self, worker_node: WorkerNode) -> None:
        self._worker_nodes = [one for one in self._worker_nodes if one.id != worker_node.id]

    def _once(self) -> Iterator[dict[str, dict[str, int]]]:  # type: ignore[override]
        workers = [node.id for node in self._worker_nodes]
        self._users_on_workers = dealt({name: self._wanted[name] for name in self._names}, workers)
        yield self._users_on_workers


def follows_plan(classes: Sequence[type[User]]) -> bool:
    """Whether all these users belong to a scenario of the run (a team's own do not: Locust spreads them)."""
    return all(issubclass(one, PacedUser) for one in classes)
