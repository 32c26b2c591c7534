"""The planned rate of traffic at any instant: day, week, holidays, growth, and faults of demand; before noise."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from simulator.profile.activity import level, parameter
from simulator.profile.schema import Profile, Shape
from simulator.units import DAY, HOUR

LEAST_GROWTH = 0.05
"""However long traffic has been growing or falling, it is never less than this share of what it is at the start."""
_GROWTH_MS = 30 * DAY
_EPOCH = date(1970, 1, 1).toordinal()

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


def season(profile: Profile, elapsed_ms: NDArray[np.int64]) -> NDArray[np.float64]:
    """What a day is worth against an ordinary weekday at the start of the run: week, holidays, growth."""
    traffic = profile.traffic
    day = _local(profile, elapsed_ms) // DAY
    weekend = (day + 3) % 7 >= 5  # 1970-01-01 was a Thursday; Monday is 0
    factor = np.where(weekend & (traffic.shape is not Shape.FLAT), traffic.weekend, 1.0)
    for holiday in traffic.holidays:
        factor = factor * np.where(day == holiday.day.toordinal() - _EPOCH, holiday.factor, 1.0)
    return np.asarray(factor * grown(profile, elapsed_ms))


def grown(profile: Profile, elapsed_ms: NDArray[np.int64]) -> NDArray[np.float64]:
    """How big the platform has become, against what it is at the run's start."""
    factor = 1.0 + profile.traffic.growth * (elapsed_ms / _GROWTH_MS)
    return np.asarray(np.maximum(factor, LEAST_GROWTH), dtype=np.float64)


def usual_rate(profile: Profile, elapsed_ms: NDArray[np.int64]) -> NDArray[np.float64]:
    """`planned_rate` without the faults that change how much people use the platform."""
    traffic = profile.traffic
    curve = day_curve(traffic.shape, _local(profile, elapsed_ms))
    height = traffic.trough + (1 - traffic.trough) * curve
    rate = traffic.peak * profile.load.scale * height * season(profile, elapsed_ms)
    return rate * staged(profile, elapsed_ms) if profile.load.stages else rate


def staged(profile: Profile, elapsed_ms: NDArray[np.int64]) -> NDArray[np.float64]:
    """The level of `load.stages` at `elapsed_ms` after the run's start: 1 until the first of them begins."""
    ends, levels = [0], [1.0]
    for stage in profile.load.stages:
        ends.append(ends[-1] + stage.for_)
        levels.append(stage.to)
    # at a step two levels stand at one instant; from there on the later one holds
    after = np.searchsorted(ends, elapsed_ms, side="right")
    right = np.minimum(after, len(ends) - 1)
    left = np.maximum(after - 1, 0)
    start, height = np.array(ends)[left], np.array(levels)
    width = np.maximum(np.array(ends)[right] - start, 1)
    part = np.clip((elapsed_ms - start) / width, 0.0, 1.0)
    return np.asarray(height[left] + (height[right] - height[left]) * part)


def demand(profile: Profile, elapsed_ms: NDArray[np.int64]) -> NDArray[np.float64]:
    """What the faults of the run make of traffic: 1 where none of them changes it."""
    factor = np.ones(elapsed_ms.shape)
    for fault in profile.faults:
        if fault.kind == "traffic_spike":
            factor = factor * (1.0 + (parameter(fault, "factor") - 1.0) * level(fault, elapsed_ms))
        elif fault.kind == "traffic_drop":
            factor = factor * (1.0 - level(fault, elapsed_ms))
    return factor


def planned_rate(profile: Profile, elapsed_ms: NDArray[np.int64]) -> NDArray[np.float64]:
    """HTTP requests per second over all instances at `elapsed_ms` after the run's start (may be negative), scaled.

    `load.scale` is included, since history, telemetry and load all follow the scaled rate. The zone's offset is that of
    the run's start throughout, so that a profile means the same on either side of a change of the clocks.
    """
    return usual_rate(profile, elapsed_ms) * demand(profile, elapsed_ms)


def _local(profile: Profile, elapsed_ms: NDArray[np.int64]) -> NDArray[np.int64]:
    if profile.load.day is not None:  # from the run's start on a day passes faster
        elapsed_ms = np.where(elapsed_ms > 0, (elapsed_ms * (DAY / profile.load.day)).astype(np.int64), elapsed_ms)
    offset = ZoneInfo(profile.traffic.time_zone).utcoffset(profile.start.replace(tzinfo=None))
    return elapsed_ms + profile.start_ms + (round(offset.total_seconds() * 1000) if offset else 0)
