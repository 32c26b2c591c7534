"""The highest arrival rate that a target bears: which rates to try, and what the tries come to. Pure.

Rates are doubled until one is not kept, then halved, on a scale of ratios, between the highest that is kept and the
lowest that is not, until these are less than `exact` apart. A rate at which the generator itself was the bottleneck
says nothing about the target: it bounds the search, and the result is then a lower bound.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict

from simulator.load.judgement import MOST_CPU_RATIO
from simulator.profile.thresholds import Measure, Threshold
from simulator.telemetry.observations import LoadEnded

EXACT: Final = 1.05
"""Rates less than a twentieth apart are the same, for what a few seconds of load can tell."""


class Bearing(StrEnum):
    """How a rate went."""

    KEPT = "kept"
    BROKEN = "broken"
    UNKNOWN = "unknown"


class Step(BaseModel):
    """One rate that was tried. Latencies are seconds; `achieved` is done over planned."""

    model_config = ConfigDict(frozen=True)

    rate: float
    bearing: Bearing
    why: str
    requests: int
    achieved: float | None
    error_ratio: float
    p50_seconds: float | None
    p95_seconds: float | None
    p99_seconds: float | None
    cpu_ratio: float | None


class Capacity(BaseModel):
    """A sweep over arrival rates. `kept` is the highest rate that the target bore, `broken` the lowest it did not."""

    model_config = ConfigDict(frozen=True)

    profile: str
    target: str
    thresholds: tuple[str, ...]
    seconds: float
    warm_up_seconds: float
    kept: float | None
    broken: float | None
    steps: tuple[Step, ...]
    rerun: str

    @property
    def told(self) -> str:
        """The result in a sentence."""
        unknown = next((step for step in self.steps if step.bearing is Bearing.UNKNOWN), None)
        if self.kept is None:
            lowest = min(self.steps, key=lambda step: step.rate)
            word = "is not borne" if lowest.bearing is Bearing.BROKEN else "could not be judged"
            return f"even {lowest.rate:g}/s {word}: {lowest.why}"
        if self.broken is not None:
            why = next(step.why for step in self.steps if step.rate == self.broken)
            return f"{self.kept:g} requests a second are borne, {self.broken:g} are not: {why}"
        if unknown is not None:
            return f"at least {self.kept:g} requests a second; {unknown.rate:g} could not be judged: {unknown.why}"
        return f"at least {self.kept:g} requests a second, the highest rate that was tried"


def judge_step(rate: float, ended: LoadEnded, tolerance: float) -> Step:
    """What one run at this rate says about the target.

    Arrivals that were not begun, or a rate that was not reached, while the generator had time, are the target's doing.
    """
    bearing, why = _bearing(ended, tolerance)
    overall = ended.overall
    return Step(
        rate=rate,
        bearing=bearing,
        why=why,
        requests=overall.requests,
        achieved=ended.achieved_ratio,
        error_ratio=overall.failures / overall.requests if overall.requests else 0.0,
        p50_seconds=overall.p50_seconds,
        p95_seconds=overall.p95_seconds,
        p99_seconds=overall.p99_seconds,
        cpu_ratio=ended.worker_cpu_ratio,
    )


def _bearing(ended: LoadEnded, tolerance: float) -> tuple[Bearing, str]:
    if ended.problem:
        return Bearing.UNKNOWN, ended.problem
    if ended.worker_cpu_ratio is not None and ended.worker_cpu_ratio > MOST_CPU_RATIO:
        return Bearing.UNKNOWN, f"the generator used {ended.worker_cpu_ratio:.0%} of a core; take more --processes"
    for result in ended.thresholds:
        if result.met is False:
            return Bearing.BROKEN, f"`{result.text}`: {result.told}"
    if ended.achieved_ratio is not None and ended.achieved_ratio < 1 - tolerance:
        return Bearing.BROKEN, f"only {ended.achieved_ratio:.0%} of the planned requests came through"
    for result in ended.thresholds:
        if result.met is None:
            return Bearing.UNKNOWN, f"`{result.text}`: {result.reason}"
    return Bearing.KEPT, "every threshold was kept"


def next_rate(steps: Sequence[Step], lowest: float, highest: float, *, exact: float = EXACT) -> float | None:
    """The rate to try next; None when there is nothing left to find out."""
    kept, above = bounds(steps)
    if not steps:
        return lowest
    if kept is None:
        return None  # not even the lowest one
    if above is None:
        return None if kept >= highest else min(rounded(kept * 2), highest)
    return None if above / kept <= exact else rounded(math.sqrt(kept * above))


def bounds(steps: Sequence[Step]) -> tuple[float | None, float | None]:
    """The highest rate kept below all others, and the lowest that was not kept or is not known."""
    above = min((step.rate for step in steps if step.bearing is not Bearing.KEPT), default=None)
    below = [step.rate for step in steps if step.bearing is Bearing.KEPT and (above is None or step.rate < above)]
    return max(below, default=None), above


def lowest_broken(steps: Sequence[Step]) -> float | None:
    """The lowest rate that the target did not bear."""
    return min((step.rate for step in steps if step.bearing is Bearing.BROKEN), default=None)


def seconds_for(rate: float, thresholds: Sequence[Threshold], seconds: float) -> float:
    """How long a rate has to last, at least `seconds`, so that thresholds on all requests have the samples they need.

    A fifth more than that: the rate is held within its tolerance only.
    """
    needed = [
        one.fewest_samples for one in thresholds if one.measure is Measure.LATENCY and one.subject in ("", "*", "http")
    ]
    return max(seconds, 1.2 * max(needed, default=0) / rate)


def rounded(rate: float) -> float:
    """Three digits, which are plenty."""
    return float(f"{rate:.3g}")
