"""The grid of time that every draw hangs on: local days, hours and cells of 60 s.

Grid time is milliseconds of the platform's life on the users' clock: the profile's start in its zone plus elapsed time,
with the zone's offset at the start throughout, so that no change of the clocks doubles or drops an hour.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from simulator.profile.manifest import Manifest
from simulator.profile.schema import Profile
from simulator.units import DAY, HOUR, MINUTE

CELL_MS: Final = MINUTE
CELLS_PER_HOUR: Final = HOUR // CELL_MS
HOURS_PER_DAY: Final = DAY // HOUR
ORIGIN_DAYS: Final = 45
"""Every instance of the platform was started on the day this many days before the profile's: counters begin there. Or
earlier, where the profile asks for a longer history (`origin_days`)."""

Times = NDArray[np.int64]


@dataclass(frozen=True)
class Grid:
    """Maps wall and elapsed time to grid time. `start` is the grid time of the profile's start."""

    start: int
    wall_start: int

    @classmethod
    def of(cls, manifest: Manifest) -> Grid:
        return cls(start=grid_start(manifest.profile), wall_start=manifest.started_ms)

    def from_wall(self, wall_ms: Times) -> Times:
        return wall_ms - self.wall_start + self.start

    def elapsed(self, grid_ms: Times) -> Times:
        """Milliseconds since the run's start; negative in its history."""
        return grid_ms - self.start


def origin_days(profile: Profile) -> int:
    """How many days before the run's first day its platform was started."""
    return max(ORIGIN_DAYS, -(-profile.history.length // DAY) + 1)


def grid_start(profile: Profile) -> int:
    """Grid time at which the profile starts."""
    offset = ZoneInfo(profile.traffic.time_zone).utcoffset(profile.start.replace(tzinfo=None))
    return profile.start_ms + (round(offset.total_seconds() * 1000) if offset else 0)
