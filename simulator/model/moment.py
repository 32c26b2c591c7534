"""The platform at some instants: named signals, computed when asked for.

A signal is a pure function of a `Moment`, registered under its name with a unit and a sentence:

    @signal("db.queries", "1/s", "queries that the API sends to the database")
    def queries(m: Moment) -> Floats:
        return 3.0 * m["http.served"]

It may read other signals, what another instance sees (`m.of("node-1")["node.cpu"]`), the faults that act
(`m.fault(kind)`), noise of its own (`m.noise(...)`) and, within a declared look-back, its past (`m.mean_over`). With
`shared=True` it is of the platform as a whole, the same whoever asks: faults of one instance or route count by their
share of the traffic. Everything is elementwise in time and made of +, -, *, /, comparisons and
the functions of `simulator.model.arrays`: so a value depends on its instant alone, to the last bit.

Undisturbed, a moment knows no faults. Where a fault has no effect the two must agree bit by bit: write effects so that
a level of 0 leaves a value alone (`x * (1 - level)`, `x + level * y`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from weakref import WeakValueDictionary, ref

import numpy as np
from numpy.typing import NDArray

from simulator.catalog.families import rows
from simulator.catalog.http import REQUESTS
from simulator.catalog.jobs import JOBS
from simulator.catalog.sizes import Extent
from simulator.model.arrays import window_means
from simulator.model.grid import CELL_MS, Times, grid_start
from simulator.model.keys import key
from simulator.model.noise import long_memory
from simulator.profile.activity import level, parameter
from simulator.profile.presence import instances_of, restarts, service_name
from simulator.profile.schema import Fault, Profile
from simulator.units import DAY

Floats = NDArray[np.float64]
SignalFunction = Callable[["Moment"], Floats]

_KEPT: Final = 12
_GROWING: Final = 3
_KEPT_BYTES: Final = 96 * 2**20  # of moments of the platform as a whole

ELSEWHERE: Final = ""
"""The route of a moment that looks at all routes but those that a fault names."""


@dataclass(frozen=True)
class Signal:
    """One named quantity of the model. `unit` as in `1/s`, `seconds`, `ratio`."""

    name: str
    unit: str
    meaning: str
    compute: SignalFunction
    shared: bool = False


SIGNALS: Final[dict[str, Signal]] = {}
"""Every signal by name; `simulator.model.signals` fills it."""


def signal(name: str, unit: str, meaning: str, *, shared: bool = False) -> Callable[[SignalFunction], SignalFunction]:
    """Register a signal. Raises ValueError when the name is taken."""

    def register(compute: SignalFunction) -> SignalFunction:
        if name in SIGNALS:
            raise ValueError(f"there is a signal {name!r} already")
        SIGNALS[name] = Signal(name, unit, meaning, compute, shared)
        return compute

    return register


_SHARES: Final[dict[str, str]] = {job.service: job.share for job in JOBS if job.share}
"""Service to the signal of the part of the traffic that one instance of it gets."""


@lru_cache(maxsize=8)
def route_shares(extent: Extent) -> dict[str, float]:
    """Route to its part of all requests."""
    found: dict[str, float] = {}
    for labels, share in rows(REQUESTS.dimensions, extent):
        found[labels["route"]] = found.get(labels["route"], 0.0) + share
    return found


class World:
    """What all moments of one run share: the profile, the seed, the grid."""

    def __init__(self, profile: Profile, seed: int, started_ms: int | None = None) -> None:
        """`started_ms`: the wall instant that the run's start is mapped to; not given: as the profile has it."""
        self.profile = profile
        self.seed = seed
        self.start = grid_start(profile)
        self.started_ms = profile.start_ms if started_ms is None else started_ms
        self._restarts: dict[str, Times] = {}
        self._wholes: WeakValueDictionary[tuple[bytes, bool], Moment] = WeakValueDictionary()
        self._latest: list[Moment] = []
        self._held: list[int] = []  # bytes of each of them

    def whole(self, grid_ms: Times, *, disturbed: bool) -> Moment:
        """The platform as a whole at some instants: one moment for all who ask, so that what they share is computed
        once. It lives as long as somebody holds it; the latest are held here."""
        known = (grid_ms.tobytes(), disturbed)
        found = self._wholes.get(known)
        if found is None:
            found = Moment(self, grid_ms, disturbed=disturbed)
            self._wholes[known] = found
            self._keep(found)
        return found

    def _keep(self, whole: Moment) -> None:
        """Hold the latest, as many as memory allows. Only those that may still grow are weighed anew."""
        self._latest.append(whole)
        self._held.append(0)
        for place in range(max(0, len(self._latest) - _GROWING), len(self._latest)):
            self._held[place] = self._latest[place].held_bytes
        while len(self._latest) > _KEPT or (len(self._latest) > 2 and sum(self._held) > _KEPT_BYTES):
            del self._latest[0], self._held[0]

    def instances(self, service: str) -> tuple[str, ...]:
        """The logical instances of a service: `api-1`, `api-2`, …; one where the profile does not count them."""
        return instances_of(self.profile, service)

    def restarts(self, instance: str) -> Times:
        """Grid times at which the processes of an instance began anew, rising."""
        if instance not in self._restarts:
            self._restarts[instance] = np.array(restarts(self.profile, instance), dtype=np.int64) + self.start
        return self._restarts[instance]


class Moment:
    """The platform at some instants of grid time, as one instance of a service (and, for HTTP, one route) sees it.

    Without an instance it is seen as a whole. A route of None is all routes together.
    """

    def __init__(
        self, world: World, grid_ms: Times, *, instance: str = "", route: str | None = None, disturbed: bool = True
    ) -> None:
        self.world = world
        self.grid_ms = grid_ms
        self.instance = instance
        self.route = route
        self.disturbed = disturbed
        self._known: dict[str, Floats] = {}
        self._views: dict[str, Moment] = {}  # of a whole: as its instances see it
        self._whole: Moment | None = None
        self._owner: ref[Moment] | None = None
        self._past: dict[tuple[int, int], tuple[Moment, Times]] = {}

    def __getitem__(self, name: str) -> Floats:
        """The signal of that name, one value for each instant. Raises KeyError."""
        if name not in self._known:
            asked = SIGNALS[name]
            self._known[name] = self.of("")[name] if asked.shared and self._is_one else asked.compute(self)
        return self._known[name]

    def __len__(self) -> int:
        return len(self.grid_ms)

    @property
    def profile(self) -> Profile:
        return self.world.profile

    def of(self, instance: str) -> Moment:
        """The same instants as another instance sees them, or the platform as a whole (""); all routes."""
        if instance == self.instance and self.route is None:
            return self
        whole = self._the_whole()
        if not instance:
            return whole
        if instance not in whole._views:
            view = Moment(self.world, self.grid_ms, instance=instance, disturbed=self.disturbed)
            view._owner = ref(whole)  # not a cycle: large arrays should not wait for the collector
            whole._views[instance] = view
        return whole._views[instance]

    def _the_whole(self) -> Moment:
        if not self._is_one:
            return self
        owner = self._owner() if self._owner is not None else self._whole
        if owner is None:
            owner = self._whole = self.world.whole(self.grid_ms, disturbed=self.disturbed)
        return owner

    @property
    def held_bytes(self) -> int:
        """Memory of what is known here, of its past, and of its instances."""
        others = (*(past for past, _ in self._past.values()), *self._views.values())
        return sum(known.nbytes for known in self._known.values()) + sum(other.held_bytes for other in others)

    @property
    def elapsed_ms(self) -> Times:
        """Milliseconds since the run's start; negative in its history."""
        return self.grid_ms - self.world.start

    @property
    def elapsed_days(self) -> Floats:
        """Days since the run's start; negative in its history."""
        return np.asarray(self.elapsed_ms / DAY, dtype=np.float64)

    @property
    def unix_seconds(self) -> Floats:
        """The wall clock's time at each instant: what a timestamp exposed then is measured by."""
        return np.asarray((self.elapsed_ms + self.world.started_ms) / 1000.0)

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
        """The level of all faults of a kind together: the chance that at least one of them strikes.

        A fault of one instance or route that this moment is only a part of counts by its share of the traffic.
        """
        spared = np.ones(len(self.grid_ms))
        for fault, weight in self._met(kind):
            spared = spared * (1.0 - level(fault, self.elapsed_ms) * weight)
        return 1.0 - spared

    def worst(self, kind: str, name: str) -> Floats:
        """The largest value of a parameter among the faults of a kind that act now; 0 where none does."""
        worst = np.zeros(len(self.grid_ms))
        for fault, _ in self._met(kind):
            worst = np.maximum(worst, np.where(level(fault, self.elapsed_ms) > 0, parameter(fault, name), 0.0))
        return worst

    def noise(self, name: str, hurst: float = 0.85, first: int = 0, last: int = 13) -> Floats:
        """Long-memory noise of mean 0 and variance 1, the same for all who ask for it by this name."""
        return long_memory(key(self.world.seed, "noise", name), self.grid_ms, hurst, first, last)

    def mean_over(self, name: str, lookback_ms: int, step_ms: int = CELL_MS) -> Floats:
        """The mean of a signal over its look-back, read at the middles of steps that ended before each instant."""
        if not len(self):
            return np.zeros(0)
        past, ends = self.past(lookback_ms, step_ms)
        return window_means(past[name], ends, lookback_ms // step_ms)

    def past(self, lookback_ms: int, step_ms: int = CELL_MS) -> tuple[Moment, Times]:
        """The middles of all steps that a look-back from any of these instants covers; and for each instant how many of
        them had ended by then: the last of these are its look-back, without a gap. There must be an instant."""
        known = (lookback_ms, step_ms)
        if known not in self._past:
            last = self.grid_ms // step_ms  # the step that each instant is in; it has not ended
            needed = _united_windows(last, lookback_ms // step_ms)
            middles = needed * step_ms + step_ms // 2
            past = Moment(self.world, middles, instance=self.instance, route=self.route, disturbed=self.disturbed)
            self._past[known] = (past, np.searchsorted(needed, last))
        return self._past[known]

    @property
    def _is_one(self) -> bool:
        return self.instance != "" or self.route is not None

    def _met(self, kind: str) -> Iterator[tuple[Fault, Floats | float]]:
        """The faults of a kind that strike here, and which part of what is seen here each of them strikes."""
        for fault in self.profile.faults if self.disturbed else ():
            if fault.kind != kind:
                continue
            weight = self._part_of(fault)
            if not isinstance(weight, float) or weight > 0:
                yield fault, weight

    def _part_of(self, fault: Fault) -> Floats | float:
        part: Floats | float = self.profile.platform.region_share(fault.target.region)
        route, instance = fault.target.route, fault.target.instance
        if route is not None and route != self.route:
            if self.route is not None:
                return 0.0
            part *= route_shares(self.profile.platform.extent).get(route, 0.0)
        if instance is not None and instance != self.instance:
            service = service_name(instance)
            if service == service_name(self.instance):
                return 0.0
            share = _SHARES.get(service, "")
            part = part * (self.of(instance)[share] if share in SIGNALS else 1.0 / len(self.world.instances(service)))
        return part

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


def _united_windows(ends: Times, width: int) -> Times:
    """The numbers in any of the windows `[end - width, end)`, rising; `ends` rise."""
    edges = np.unique(ends)
    opens = np.concatenate(([True], edges[1:] - width > edges[:-1]))  # a gap lies before this window
    firsts = edges[opens] - width
    lengths = edges[np.concatenate((opens[1:], [True]))] - firsts
    before = np.cumsum(lengths) - lengths
    return np.repeat(firsts - before, lengths) + np.arange(lengths.sum())
