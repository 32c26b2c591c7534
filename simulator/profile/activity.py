"""When each fault acts, and how strongly: pure functions of time, read alike by API, emitter, load and judge."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.catalog.faults import BY_NAME
from simulator.profile.schema import Fault, FaultShape, Profile
from simulator.units import parse_duration


@dataclass(frozen=True)
class ActiveFault:
    """A fault at one instant. `intensity` is its profile's, scaled by ramp and pulse: in (0, 1]."""

    fault: Fault
    intensity: float

    def parameter(self, name: str) -> float:
        """A parameter of the fault's kind (durations in ms). Raises KeyError for a name the kind does not have."""
        return parameter(self.fault, name)


def parameter(fault: Fault, name: str) -> float:
    """The value of a kind's parameter, or its default (durations in ms). Raises KeyError."""
    for spec in BY_NAME[fault.kind].parameters:
        if spec.name == name:
            value = fault.parameters.get(name, None)
            if value is None:
                return spec.default
            return float(parse_duration(str(value))) if spec.unit == "duration" else float(value)
    raise KeyError(f"{fault.kind} has no parameter {name!r}")


def level(fault: Fault, elapsed_ms: NDArray[np.int64]) -> NDArray[np.float64]:
    """Intensity at each instant, in [0, fault.intensity], same shape. Exactly 0 outside `[at, at + for)`."""
    since = elapsed_ms - fault.at
    left = fault.end - elapsed_ms
    shape = ((since >= 0) & (left > 0)).astype(np.float64)
    if fault.shape is FaultShape.PULSES:
        shape *= (since % fault.period) < fault.period * fault.duty
    if fault.ramp:
        # half a millisecond in, so that a ramp is above 0 from its first instant on
        shape *= np.clip(np.minimum(since + 0.5, left) / fault.ramp, 0.0, 1.0)
    return shape * fault.intensity


def service_of(fault: Fault) -> str:
    """The service that a fault breaks: its target's, or its kind's own. Raises KeyError for an unknown kind."""
    return fault.target.service or BY_NAME[fault.kind].service


def spans(fault: Fault) -> list[tuple[int, int]]:
    """When a fault acts: `[start, end)` after the run's start, one for each pulse; a step has one."""
    if fault.shape is not FaultShape.PULSES:
        return [(fault.at, fault.end)]
    on = math.ceil(fault.period * fault.duty)  # up to the first millisecond that is off
    return [(start, min(start + on, fault.end)) for start in range(fault.at, fault.end, fault.period)]


def exposure(fault: Fault, elapsed_ms: NDArray[np.int64]) -> NDArray[np.float64]:
    """The integral of a fault's level since its onset, in ms at full intensity: how much leaked, filled, or piled up.

    Stays what it is once the fault is over. Level is a line between its corners, so this is exact.
    """
    corners: set[int] = {fault.at, fault.end}
    if fault.ramp:
        corners |= {fault.at + fault.ramp, fault.end - fault.ramp}
    for start, end in spans(fault):
        corners |= {start, end}
    edges = np.array(sorted(corners), dtype=np.int64)
    after, before = level(fault, edges[:-1]), level(fault, edges[1:] - 1)  # levels are 0 outside, so look inside
    held = np.concatenate(([0.0], np.cumsum((after + before) / 2.0 * np.diff(edges))))
    inside = np.clip(elapsed_ms, fault.at, fault.end)
    piece = np.clip(np.searchsorted(edges, inside, side="right") - 1, 0, len(edges) - 2)
    since = (inside - edges[piece]).astype(np.float64)
    slope = (before[piece] - after[piece]) / np.diff(edges)[piece]
    return np.asarray(held[piece] + (after[piece] + slope * since / 2.0) * since)


def active(profile: Profile, elapsed_ms: int) -> tuple[ActiveFault, ...]:
    """The faults that act at `elapsed_ms` after the run's start, in the profile's order."""
    instant = np.array([elapsed_ms], dtype=np.int64)
    found = ((fault, float(level(fault, instant)[0])) for fault in profile.faults)
    return tuple(ActiveFault(fault, intensity) for fault, intensity in found if intensity > 0)


def instances_hit(acting: ActiveFault, instances: Sequence[str]) -> frozenset[str]:
    """Which of a service's instances a fault takes down, where intensity is a share of instances (`outage`).

    A named target is hit alone. Otherwise the share is rounded up, and the instances come first to last: everybody who
    asks (API process, model, judge) gets the same answer, and a rising ramp only ever adds instances.
    """
    named = acting.fault.target.instance
    if named is not None:
        return frozenset({named}).intersection(instances)
    return frozenset(instances[: math.ceil(acting.intensity * len(instances) - 1e-9)])
