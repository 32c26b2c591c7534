"""The planned rate of traffic at any instant: the smooth curve, before noise and before faults."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from simulator.profile.schema import Profile, Shape
from simulator.units import DAY, HOUR

# Share of the peak at each full local hour, 0 to 23; between hours the curve is linear, and it closes over midnight.
_CURVES: dict[Shape, tuple[float, ...]] = {
    Shape.FLAT: (1.0,) * 24,
    Shape.DAILY: (
        0.38, 0.22, 0.12, 0.05, 0.0, 0.02, 0.1, 0.25, 0.4, 0.5, 0.56, 0.6,
        0.66, 0.66, 0.62, 0.62, 0.66, 0.74, 0.84, 0.93, 1.0, 0.98, 0.85, 0.6,
    ),
    Shape.EVENING: (
        0.45, 0.25, 0.12, 0.05, 0.0, 0.0, 0.02, 0.06, 0.1, 0.12, 0.15, 0.18,
        0.22, 0.22, 0.24, 0.28, 0.36, 0.5, 0.7, 0.88, 1.0, 1.0, 0.9, 0.7,
    ),
    Shape.OFFICE: (
        0.02, 0.0, 0.0, 0.0, 0.0, 0.02, 0.1, 0.35, 0.75, 0.95, 1.0, 0.95,
        0.75, 0.85, 0.98, 0.95, 0.85, 0.6, 0.35, 0.22, 0.16, 0.12, 0.08, 0.04,
    ),
}  # fmt: skip


def day_curve(shape: Shape, local_ms: NDArray[np.int64]) -> NDArray[np.float64]:
    """The curve's height in [0, 1] at local milliseconds (any day), same shape."""
    hours = (local_ms % DAY) / HOUR
    curve = _CURVES[shape]
    return np.interp(hours, np.arange(25), (*curve, curve[0]))


def planned_rate(profile: Profile, elapsed_ms: NDArray[np.int64]) -> NDArray[np.float64]:
    """HTTP requests per second over all instances at `elapsed_ms` after the run's start (may be negative), scaled.

    `load.scale` is included, since history, telemetry and load all follow the scaled rate. The zone's offset is that of
    the run's start throughout, so that a profile means the same on either side of a change of the clocks.
    """
    traffic = profile.traffic
    offset = ZoneInfo(traffic.time_zone).utcoffset(profile.start.replace(tzinfo=None))
    local = elapsed_ms + profile.start_ms + (round(offset.total_seconds() * 1000) if offset else 0)
    height = traffic.trough + (1 - traffic.trough) * day_curve(traffic.shape, local)
    weekday = (local // DAY + 3) % 7  # 1970-01-01 was a Thursday; Monday is 0
    weekly = np.where(weekday >= 5, traffic.weekend, 1.0) if traffic.shape is not Shape.FLAT else 1.0
    return traffic.peak * profile.load.scale * height * weekly
