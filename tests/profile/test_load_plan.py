"""The load plan: its integral is what is held against the requests sent, so it has to be exact."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.profile.load_plan import LoadPlan
from simulator.profile.schema import Profile
from simulator.profile.traffic import planned_rate

SHAPES = ["flat", "daily", "evening", "office"]


def profile(
    *,
    peak: str = "20/s",
    shape: str = "flat",
    trough: float = 0.15,
    minutes: int = 3,
    max_users: int = 200,
    scale: float = 1.0,
) -> Profile:
    return Profile.model_validate(
        {
            "name": "plan",
            "description": "a plan",
            "start": "2026-01-05T20:00:00",
            "duration": f"{minutes}m",
            "traffic": {"peak": peak, "shape": shape, "trough": trough},
            "load": {"max_users": max_users, "scale": scale},
        }
    )


profiles = st.builds(
    profile,
    peak=st.integers(1, 5_000).map("{}/m".format),
    shape=st.sampled_from(SHAPES),
    trough=st.sampled_from([0.0, 0.15, 1.0]),
    minutes=st.integers(1, 600),
    max_users=st.integers(1, 500),
    scale=st.sampled_from([0.1, 1.0, 7.0]),
)


@given(profiles)
def test_the_plan_is_the_integral_of_the_planned_rate(given: Profile) -> None:
    plan = LoadPlan(given)
    instants = np.arange(0, given.duration + 1, 250, dtype=np.int64)
    rates = planned_rate(given, instants)
    integral = float(np.sum((rates[1:] + rates[:-1]) / 2 * np.diff(instants) / 1000))
    assert plan.requests == pytest.approx(integral, rel=1e-3, abs=0.1)


@given(profiles, st.floats(-0.5, 1.5))
def test_users_stay_within_bounds_and_nobody_is_there_for_nothing(given: Profile, share: float) -> None:
    planned = LoadPlan(given).at(share * given.duration)
    assert 0 <= planned.users <= given.load.max_users
    assert (planned.users > 0) == (planned.requests_per_second > 0)
    if not 0 <= share < 1:
        assert planned.users == 0


@given(profiles, st.floats(0, 1, exclude_max=True))
def test_due_is_the_inverse_of_requests_by(given: Profile, share: float) -> None:
    plan = LoadPlan(given)
    nth = share * plan.requests
    due = plan.due_ms(nth)
    if due is not None:
        assert 0 <= due <= given.duration
        assert plan.requests_by(due) == pytest.approx(nth, rel=1e-6, abs=1e-6)
    assert plan.due_ms(plan.requests) is None


def test_a_trough_of_nothing_plans_nothing() -> None:
    night = profile(shape="office", trough=0.0).model_copy(update={"start": profile().start.replace(hour=2)})
    plan = LoadPlan(night)
    assert plan.requests == 0
    assert plan.at(60_000).users == 0
    assert plan.due_ms(0) is None


def test_few_users_arrive_first_and_the_rate_is_whole_from_the_start() -> None:
    plan = LoadPlan(profile())
    assert plan.at(0).users == 20  # a request a second each
    assert plan.at(30_000).users == 100  # one each five seconds
    assert plan.at(0).requests_per_second == plan.at(90_000).requests_per_second == 20.0
    assert plan.requests == 3_600
    assert plan.peak == 20.0


def test_the_scale_is_part_of_the_plan() -> None:
    assert LoadPlan(profile(scale=0.5)).requests == 1_800
