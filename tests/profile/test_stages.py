"""Shapes of load over a run: ramps, steps, spikes, a day in an hour."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.profile.load_plan import LoadPlan
from simulator.profile.schema import Profile
from simulator.profile.traffic import planned_rate, staged


def profile(shape: str = "flat", **load: object) -> Profile:
    return Profile.model_validate(
        {
            "name": "shapes",
            "description": "a shape of load",
            "start": "2026-01-05T06:00:00",
            "duration": "10m",
            "traffic": {"peak": "20/s", "shape": shape, "trough": 0.1},
            "load": load,
        }
    )


def levels(stages: list[dict[str, object]], *seconds: float) -> list[float]:
    instants = np.array([round(1000 * one) for one in seconds], dtype=np.int64)
    return [float(level) for level in staged(profile(stages=stages), instants)]


def test_without_stages_traffic_is_as_it_is() -> None:
    assert levels([], -5, 0, 100) == [1, 1, 1]


def test_a_ramp_from_nothing() -> None:
    ramp: list[dict[str, object]] = [{"for": "0s", "to": 0}, {"for": "100s", "to": 2}]
    assert levels(ramp, -0.001, 0, 25, 50, 100, 300) == [1, 0, 0.5, 1, 2, 2]


def test_steps_hold_from_their_instant_on() -> None:
    steps: list[dict[str, object]] = [{"for": "60s", "to": 1}, {"for": "0s", "to": 2}, {"for": "60s", "to": 2}]
    steps += [{"for": "0s", "to": 3}]
    assert levels(steps, 0, 59.999, 60, 119.999, 120, 500) == [1, 1, 2, 2, 3, 3]


def test_a_spike_comes_and_goes() -> None:
    spike: list[dict[str, object]] = [{"for": "60s", "to": 1}, {"for": "10s", "to": 5}, {"for": "10s", "to": 1}]
    assert levels(spike, 60, 65, 70, 75, 80, 90) == [1, 3, 5, 3, 1, 1]


def test_the_plan_of_requests_follows() -> None:
    plan = LoadPlan(profile(stages=[{"for": "0s", "to": 0}, {"for": "600s", "to": 1}]))
    assert plan.turns == pytest.approx(20 * 600 / 2, rel=1e-3)
    assert plan.at(300_000).rate == pytest.approx(10, rel=1e-2)


def test_a_day_passes_within_the_run() -> None:
    quick, usual = profile("daily", day="10m"), profile("daily")
    hours = np.arange(0, 24 * 3_600_000, 3_600_000, dtype=np.int64)
    assert planned_rate(quick, hours // 144) == pytest.approx(planned_rate(usual, hours))
    before = np.array([-7_200_000, -1], dtype=np.int64)
    assert planned_rate(quick, before) == pytest.approx(planned_rate(usual, before))
