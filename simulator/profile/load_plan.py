"""The load plan: how many requests a run sends by when, and how many users send them. Pure.

The rate is `simulator.profile.traffic.planned_rate`; its integral is what is held against the requests really sent.
Users only carry the rate: each sends a request about every `SETTLED_SECONDS`, so that requests of up to that length
cost no rate, and so that one user stays far below the API's limits per user (the contract's 100 a minute).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.profile.schema import Profile
from simulator.profile.traffic import planned_rate
from simulator.units import SECOND

SETTLED_SECONDS = 5.0
"""Between two requests of one user, once the run is under way."""

ARRIVING_SECONDS = 1.0
"""Between two requests of one user at the start: few users first, so that logins do not crowd out everything else."""

ARRIVAL_MS = 30 * SECOND
"""How long users go on arriving."""

_STEP_MS = SECOND
_MOST_STEPS = 1_000_000


@dataclass(frozen=True)
class Planned:
    """The plan at one instant."""

    users: int
    requests_per_second: float


class LoadPlan:
    """The plan of one profile. Instants are milliseconds from the run's start; nothing is planned outside the run."""

    def __init__(self, profile: Profile) -> None:
        self.duration_ms = profile.duration
        self.max_users = profile.load.max_users
        step = max(_STEP_MS, math.ceil(profile.duration / _MOST_STEPS))
        self._instants: NDArray[np.int64] = np.append(np.arange(0, profile.duration, step), profile.duration)
        self._rates: NDArray[np.float64] = planned_rate(profile, self._instants)
        areas = np.diff(self._instants) / SECOND * (self._rates[1:] + self._rates[:-1]) / 2
        self._requests: NDArray[np.float64] = np.concatenate(([0.0], np.cumsum(areas)))

    @property
    def requests(self) -> float:
        """Requests of the whole run."""
        return float(self._requests[-1])

    @property
    def peak(self) -> float:
        """The highest rate, in requests per second."""
        return float(self._rates.max())

    def at(self, elapsed_ms: float) -> Planned:
        """Users and rate at an instant; nobody outside the run or where nothing is asked for."""
        if not 0 <= elapsed_ms < self.duration_ms:
            return Planned(0, 0.0)
        rate = float(np.interp(elapsed_ms, self._instants, self._rates))
        if rate <= 0:
            return Planned(0, 0.0)
        arrived = min(1.0, elapsed_ms / ARRIVAL_MS)
        interval = ARRIVING_SECONDS + (SETTLED_SECONDS - ARRIVING_SECONDS) * arrived
        return Planned(min(self.max_users, math.ceil(rate * interval)), rate)

    def requests_by(self, elapsed_ms: float) -> float:
        """Requests that are due before an instant: the rate's integral from the start."""
        return float(np.interp(elapsed_ms, self._instants, self._requests))

    def due_ms(self, nth: float) -> float | None:
        """The instant at which the nth request (from 0) is due: the inverse of `requests_by`; None beyond the last."""
        if nth >= self._requests[-1]:
            return None
        right = int(np.searchsorted(self._requests, nth, side="right"))
        low, high = self._requests[right - 1], self._requests[right]
        start, end = self._instants[right - 1], self._instants[right]
        return float(start + (end - start) * (nth - low) / (high - low))
