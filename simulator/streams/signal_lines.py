"""Signals of the model over a run, with and without its faults: what an author wants to see before running it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

import numpy as np
from numpy.typing import NDArray

import simulator.model.signals  # noqa: F401  # registers the signals
from simulator.catalog.catalogue import PLATFORM
from simulator.catalog.families import Level
from simulator.errors import InputError, did_you_mean
from simulator.model.moment import SIGNALS, Moment, World
from simulator.profile.schema import Profile

Floats = NDArray[np.float64]

HEADLINES: Final = ("traffic.requests", "http.failing_percent", "http.mean_seconds", "node.cpu", "users.engagement")
"""Shown where nothing was asked for, whatever breaks."""

MOST_DISTURBED: Final = 8
"""Further signals shown then: those that the faults move most, and by this share of their size at least."""
LEAST_DISTURBANCE: Final = 0.05


@dataclass(frozen=True)
class SignalLine:
    """One signal at some instants. `calm` is what it would be without any fault; `instance` whose view it is (empty:
    the platform's)."""

    name: str
    unit: str
    meaning: str
    instance: str
    elapsed_ms: NDArray[np.int64]
    values: Floats
    calm: Floats

    @property
    def is_disturbed(self) -> bool:
        """Whether the faults move it at any of the instants."""
        return not np.array_equal(self.values, self.calm)

    @property
    def disturbance(self) -> float:
        """How far the faults move it, at most, against the size that it has anyway."""
        size = max(float(np.abs(self.calm).max()), 1e-9)
        return float(np.abs(self.values - self.calm).max()) / size


def signal_lines(
    profile: Profile, *, seed: int, points: int, patterns: Sequence[str] | None = None
) -> tuple[SignalLine, ...]:
    """Signals over the whole run at evenly spaced instants: those that patterns name, else what is worth a look.

    Raises InputError for a pattern that no signal has.
    """
    world = World(profile, seed)
    step = max(profile.duration // points, 1)
    elapsed = np.arange(0, profile.duration, step, dtype=np.int64) + step // 2
    sketch = _Sketch(world, elapsed)
    if patterns:
        return tuple(sketch.line(name) for name in _named(patterns))
    shown = [sketch.line(name) for name in HEADLINES if name in SIGNALS]
    exposed = {family.signal for family in PLATFORM.families if family.signal} - set(HEADLINES)
    others = [sketch.line(name) for name in sorted(exposed)]
    moved = sorted(
        (line for line in others if line.disturbance >= LEAST_DISTURBANCE),
        key=lambda line: (-line.disturbance, line.name),
    )
    return (*shown, *_varied(_distinct(moved))[:MOST_DISTURBED])


class _Sketch:
    def __init__(self, world: World, elapsed: NDArray[np.int64]) -> None:
        self._elapsed = elapsed
        self._world = world
        grid = elapsed + world.start
        self._disturbed = Moment(world, grid)
        self._calm = Moment(world, grid, disturbed=False)

    def line(self, name: str) -> SignalLine:
        signal = SIGNALS[name]
        instance = "" if signal.shared else self._instance(name)
        values, calm = (moment.of(instance)[name] for moment in (self._disturbed, self._calm))
        return SignalLine(name, signal.unit, signal.meaning, instance, self._elapsed, values, calm)

    def _instance(self, name: str) -> str:
        """Whose view it is: of the instances of the service that exposes or has it, the one that a fault aims at, else
        the first; none where no service is known for it."""
        services = {
            PLATFORM.job(family.job).service
            for family in PLATFORM.families
            if isinstance(family.view, Level) and family.signal == name
        }
        prefix = name.partition(".")[0]
        if not services and prefix in {job.service for job in PLATFORM.jobs}:
            services = {prefix}
        if len(services) != 1:
            return ""
        there = self._world.instances(services.pop())
        hit = [fault.target.instance for fault in self._world.profile.faults if fault.target.instance in there]
        return hit[0] or "" if hit else there[0]


def _named(patterns: Sequence[str]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for pattern in patterns:
        matches = [name for name in sorted(SIGNALS) if fnmatchcase(name, pattern)]
        if not matches:
            hint = did_you_mean(pattern, SIGNALS)
            raise InputError(f"--signals: there is no signal {pattern!r}{hint} (crybsim catalog signals lists them)")
        found.update(dict.fromkeys(matches))
    return tuple(found)


def _varied(lines: Sequence[SignalLine]) -> list[SignalLine]:
    """In another order: first the first of each area (`db`, `http`, …), then the second of each."""
    met: Counter[str] = Counter()
    turns = []
    for line in lines:
        turns.append(met[_area(line)])
        met[_area(line)] += 1
    return [line for _, line in sorted(zip(turns, lines, strict=True), key=lambda pair: pair[0])]


def _area(line: SignalLine) -> str:
    return line.name.partition(".")[0]


def _distinct(lines: Sequence[SignalLine]) -> list[SignalLine]:
    """Without those that are another one of their area times a number: they would draw the same picture."""
    kept: list[SignalLine] = []
    for line in lines:
        if not any(_alike(line, other) for other in kept):
            kept.append(line)
    return kept


def _alike(one: SignalLine, other: SignalLine) -> bool:
    if _area(one) != _area(other):
        return False
    scale = float(np.abs(one.values).max()), float(np.abs(other.values).max())
    return min(scale) > 0 and np.allclose(one.values / scale[0], other.values / scale[1], rtol=0.01, atol=0.01)
