"""The platform at some instants: named signals, computed when asked for.

A signal is a pure function of a `Moment`, registered under its name with a unit and a sentence:

    @signal("db.queries", "1/s", "queries that the API sends to the database")
    def queries(m: Moment) -> Floats:
        return 3.0 * m["http.served"]

It may read other signals, the faults that act (`m.fault(kind)`), noise of its own (`m.noise(...)`) and, within a
declared look-back, its past (`m.mean_over`). Everything is elementwise in time and made of +, -, *, /, comparisons and
the functions of `simulator.model.arrays`: so a value depends on its instant alone, to the last bit.

Undisturbed, a moment knows no faults. Where a fault has no effect the two must agree bit by bit: write effects so that
a level of 0 leaves a value alone (`x * (1 - level)`, `x + level * y`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.model.arrays import window_means
from simulator.model.grid import CELL_MS, Times, grid_start
from simulator.model.keys import key
from simulator.model.noise import long_memory
from simulator.profile.activity import level, parameter
from simulator.profile.schema import Fault, Profile
from simulator.units import DAY

Floats = NDArray[np.float64]
SignalFunction = Callable[["Moment"], Floats]


@dataclass(frozen=True)
class Signal:
    """One named quantity of the model. `unit` as in `1/s`, `seconds`, `ratio`."""

    name: str
    unit: str
    meaning: str
    compute: SignalFunction


SIGNALS: Final[dict[str, Signal]] = {}
"""Every signal by name; `simulator.model.signals` fills it."""


def signal(name: str, unit: str, meaning: str) -> Callable[[SignalFunction], SignalFunction]:
    """Register a signal. Raises ValueError when the name is taken."""

    def register(compute: SignalFunction) -> SignalFunction:
        if name in SIGNALS:
            raise ValueError(f"there is a signal {name!r} already")
        SIGNALS[name] = Signal(name, unit, meaning, compute)
        return compute

    return register


class World:
    """What all moments of one run share: the profile, the seed, the grid."""

    def __init__(self, profile: Profile, seed: int) -> None:
        self.profile = profile
        self.seed = seed
        self.start = grid_start(profile)

    def instances(self, service: str) -> tuple[str, ...]:
        """The logical instances of a service: `api-1`, `api-2`, …; one where the profile does not count them."""
        count = getattr(self.profile.platform.instances, service, 1)
        return tuple(f"{service}-{number}" for number in range(1, count + 1))


class Moment:
    """The platform at some instants of grid time, as one instance of a service (and, for HTTP, one route) sees it."""

    def __init__(
        self, world: World, grid_ms: Times, *, instance: str = "", route: str | None = None, disturbed: bool = True
    ) -> None:
        self.world = world
        self.grid_ms = grid_ms
        self.instance = instance
        self.route = route
        self.disturbed = disturbed
        self._known: dict[str, Floats] = {}

    def __getitem__(self, name: str) -> Floats:
        """The signal of that name, one value for each instant. Raises KeyError."""
        if name not in self._known:
            self._known[name] = SIGNALS[name].compute(self)
        return self._known[name]

    def __len__(self) -> int:
        return len(self.grid_ms)

    @property
    def profile(self) -> Profile:
        return self.world.profile

    @property
    def elapsed_ms(self) -> Times:
        """Milliseconds since the run's start; negative in its history."""
        return self.grid_ms - self.world.start

    @property
    def elapsed_days(self) -> Floats:
        """Days since the run's start; negative in its history."""
        return np.asarray(self.elapsed_ms / DAY, dtype=np.float64)

    def full(self, value: float) -> Floats:
        """The same value at every instant."""
        return np.full(len(self.grid_ms), value)

    def faults(self, kind: str) -> list[tuple[Fault, Floats]]:
        """The faults of a kind that concern this instance and route, with their levels in [0, 1]."""
        if not self.disturbed:
            return []
        return [
            (fault, level(fault, self.elapsed_ms))
            for fault in self.profile.faults
            if fault.kind == kind and self.concerns(fault)
        ]

    def fault(self, kind: str) -> Floats:
        """The level of all faults of a kind together: the chance that at least one of them strikes."""
        spared = np.ones(len(self.grid_ms))
        for _, strength in self.faults(kind):
            spared = spared * (1.0 - strength)
        return 1.0 - spared

    def worst(self, kind: str, name: str) -> Floats:
        """The largest value of a parameter among the faults of a kind that act now; 0 where none does."""
        worst = np.zeros(len(self.grid_ms))
        for fault, strength in self.faults(kind):
            worst = np.maximum(worst, np.where(strength > 0, parameter(fault, name), 0.0))
        return worst

    def noise(self, name: str, hurst: float = 0.85, first: int = 0, last: int = 13) -> Floats:
        """Long-memory noise of mean 0 and variance 1, the same for all who ask for it by this name."""
        return long_memory(key(self.world.seed, "noise", name), self.grid_ms, hurst, first, last)

    def mean_over(self, name: str, lookback_ms: int, step_ms: int = CELL_MS) -> Floats:
        """The mean of a signal over its look-back, read at the middles of steps that ended before each instant."""
        steps = lookback_ms // step_ms
        last = self.grid_ms // step_ms  # the step that each instant is in; it has not ended
        if not len(last):
            return np.zeros(0)
        first = int(last[0]) - steps
        middles = np.arange(first, int(last[-1]), dtype=np.int64) * step_ms + step_ms // 2
        past = Moment(self.world, middles, instance=self.instance, route=self.route, disturbed=self.disturbed)
        return window_means(past[name], last - first, steps)

    def concerns(self, fault: Fault) -> bool:
        """Whether a fault aims at this instance and route, or at everything."""
        target = fault.target
        if target.route is not None and target.route != self.route:
            return False
        service = self.instance.rpartition("-")[0]
        return (
            target.instance is None
            or not self.instance
            or not target.instance.startswith(f"{service}-")
            or (target.instance == self.instance)
        )
