"""The load plan: how many turns each scenario of a run takes by when, and how many users take them. Pure.

A turn is one HTTP request, one message over Socket.IO, or one user's call. All follow the traffic's planned rate
(`simulator.profile.traffic.planned_rate`), by the ratios of `simulator.profile.people`; the integral of a plan's rate
is what is held against the turns really taken.

HTTP users only carry the rate: each sends a request about every `SETTLED_SECONDS`, so that requests of up to that
length cost no rate, and so that one user stays far below the API's limits per user (the contract's 100 a minute).
Socket.IO's users are those who are online, voice's those who are in calls; `load.max_users` limits each scenario.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.catalog.voice import PARTICIPANTS_PER_SFU
from simulator.errors import InputError
from simulator.profile import people
from simulator.profile.schema import Profile, Scenario
from simulator.profile.traffic import planned_rate
from simulator.units import SECOND

SETTLED_SECONDS = 5.0
"""Between two requests of one user, once the run is under way."""

ARRIVING_SECONDS = 1.0
"""Between two requests of one user at the start: few users first, so that logins do not crowd out everything else."""

ARRIVAL_MS = 30 * SECOND
"""How long users go on arriving."""

BETWEEN_CALLS = 1.25
"""Voice users over those who are in calls: the rest have just left one, or wait for the turn to join the next."""

_STEP_MS = SECOND
_MOST_STEPS = 1_000_000
_Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Planned:
    """The plan at one instant. `rate` is turns per second."""

    users: int
    rate: float


class LoadPlan:
    """The plan of one scenario. Instants are milliseconds from the run's start; nothing is planned outside the run."""

    def __init__(self, profile: Profile, scenario: Scenario = Scenario.HTTP) -> None:
        self.scenario = scenario
        self.duration_ms = profile.duration
        self.max_users = profile.load.max_users
        step = max(_STEP_MS, math.ceil(profile.duration / _MOST_STEPS))
        self._instants: NDArray[np.int64] = np.append(np.arange(0, profile.duration, step), profile.duration)
        self._users, self._rates = self._planned(profile)
        areas = np.diff(self._instants) / SECOND * (self._rates[1:] + self._rates[:-1]) / 2
        self._turns: _Floats = np.concatenate(([0.0], np.cumsum(areas)))

    def _planned(self, profile: Profile) -> tuple[_Floats, _Floats]:
        """Users (as yet without a limit, where they do not limit the rate) and turns per second at the instants."""
        requests = planned_rate(profile, self._instants)
        arrived = np.minimum(1.0, self._instants / ARRIVAL_MS)
        online = people.SECONDS_BETWEEN_REQUESTS * requests
        match self.scenario:
            case Scenario.HTTP:
                return requests * (ARRIVING_SECONDS + (SETTLED_SECONDS - ARRIVING_SECONDS) * arrived), requests
            case Scenario.SOCKETIO:
                messages = people.MESSAGES_PER_REQUEST * people.OVER_SOCKETS * requests
                return people.SOCKETS_PER_USER * online * arrived, messages
            case Scenario.VOICE:
                return _callers(profile, online, arrived)

    @property
    def turns(self) -> float:
        """Turns of the whole run."""
        return float(self._turns[-1])

    @property
    def peak(self) -> float:
        """The highest rate, in turns per second."""
        return float(self._rates.max())

    @property
    def most_users(self) -> int:
        """The users of the busiest instant."""
        return min(self.max_users, math.ceil(float(self._users.max())))

    @property
    def wanted_users(self) -> int:
        """The same without the limit."""
        return math.ceil(float(self._users.max()))

    def at(self, elapsed_ms: float) -> Planned:
        """Users and rate at an instant; nobody outside the run or where nothing is asked for."""
        if not 0 <= elapsed_ms < self.duration_ms:
            return Planned(0, 0.0)
        rate = float(np.interp(elapsed_ms, self._instants, self._rates))
        if rate <= 0:
            return Planned(0, 0.0)
        users = math.ceil(np.interp(elapsed_ms, self._instants, self._users))
        return Planned(min(self.max_users, max(1, users)), rate)

    def turns_by(self, elapsed_ms: float) -> float:
        """Turns that are due before an instant: the rate's integral from the start."""
        return float(np.interp(elapsed_ms, self._instants, self._turns))

    def due_ms(self, nth: float) -> float | None:
        """The instant at which the nth turn (from 0) is due: the inverse of `turns_by`; None beyond the last."""
        if nth >= self._turns[-1]:
            return None
        right = int(np.searchsorted(self._turns, nth, side="right"))
        low, high = self._turns[right - 1], self._turns[right]
        start, end = self._instants[right - 1], self._instants[right]
        return float(start + (end - start) * (nth - low) / (high - low))


def plans_of(profile: Profile) -> dict[Scenario, LoadPlan]:
    """The plan of each scenario that the profile drives, in its order."""
    return {scenario: LoadPlan(profile, scenario) for scenario in profile.load.scenarios}


def _callers(profile: Profile, online: _Floats, arrived: _Floats) -> tuple[_Floats, _Floats]:
    """Voice's users, and calls that begin per second: as many as end, and at the start one for each who comes.

    More users than `load.max_users` would be needed for more calls, so here that limits the rate, too.
    """
    at_peak = people.SECONDS_BETWEEN_REQUESTS * profile.traffic.peak * profile.load.scale
    places = PARTICIPANTS_PER_SFU * profile.platform.instances.livekit
    talking = online * min(people.TALKING, people.MOST_AT_PEAK * places / at_peak)
    talking = np.minimum(talking, profile.load.max_users / BETWEEN_CALLS)
    coming = np.where(arrived < 1, talking / (ARRIVAL_MS / SECOND), 0.0)
    return BETWEEN_CALLS * talking * arrived, coming + talking * arrived / people.CALL_SECONDS


def check_everybody_connects(profile: Profile, path: str) -> None:
    """Raises InputError where a rehearsal's load would connect fewer sockets than the traffic has members online: to
    whoever watches, the others would be lost as the run begins."""
    if Scenario.SOCKETIO not in profile.load.scenarios:
        return
    wanted, most = LoadPlan(profile, Scenario.SOCKETIO).wanted_users, profile.load.max_users
    if wanted > most * (1 + profile.load.tolerance):
        raise InputError(
            f"{path}: load.max_users: {most} are fewer than the {wanted} who are connected at the busiest moment, and "
            f"to the alerts the rest would be lost; write {wanted}, or lower traffic.peak or load.scale"
        )
