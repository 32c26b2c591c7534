"""The load plan: its integral is what is held against the requests sent, so it has to be exact."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.errors import InputError
from simulator.profile.load_plan import LoadPlan, check_everybody_connects
from simulator.profile.schema import Profile, Scenario
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
    assert plan.turns == pytest.approx(integral, rel=1e-3, abs=0.1)


@given(profiles, st.floats(-0.5, 1.5))
def test_users_stay_within_bounds_and_nobody_is_there_for_nothing(given: Profile, share: float) -> None:
    planned = LoadPlan(given).at(share * given.duration)
    assert 0 <= planned.users <= given.load.max_users
    assert (planned.users > 0) == (planned.rate > 0)
    if not 0 <= share < 1:
        assert planned.users == 0


@given(profiles, st.floats(0, 1, exclude_max=True))
def test_due_is_the_inverse_of_turns_by(given: Profile, share: float) -> None:
    plan = LoadPlan(given)
    nth = share * plan.turns
    due = plan.due_ms(nth)
    if due is not None:
        assert 0 <= due <= given.duration
        assert plan.turns_by(due) == pytest.approx(nth, rel=1e-6, abs=1e-6)
    assert plan.due_ms(plan.turns) is None


def test_a_trough_of_nothing_plans_nothing() -> None:
    night = profile(shape="office", trough=0.0).model_copy(update={"start": profile().start.replace(hour=2)})
    plan = LoadPlan(night)
    assert plan.turns == 0
    assert plan.at(60_000).users == 0
    assert plan.due_ms(0) is None


def test_few_users_arrive_first_and_the_rate_is_whole_from_the_start() -> None:
    plan = LoadPlan(profile())
    assert plan.at(0).users == 20  # a request a second each
    assert plan.at(30_000).users == 100  # one each five seconds
    assert plan.at(0).rate == plan.at(90_000).rate == 20.0
    assert plan.turns == 3_600
    assert plan.peak == 20.0


def test_the_scale_is_part_of_the_plan() -> None:
    assert LoadPlan(profile(scale=0.5)).turns == 1_800


def test_socket_users_are_those_online_and_messages_follow_requests() -> None:
    plan = LoadPlan(profile(max_users=5_000), Scenario.SOCKETIO)
    assert plan.at(60_000).users == 1_265  # 20/s are 1100 users at 55 s a request, 1.15 sockets each
    assert plan.at(15_000).users == 633  # who come within half a minute
    assert plan.at(0).rate == plan.at(90_000).rate == pytest.approx(20 * 0.11 * 0.8)
    assert LoadPlan(profile(max_users=50), Scenario.SOCKETIO).at(60_000).users == 50
    assert LoadPlan(profile(max_users=50), Scenario.SOCKETIO).turns == plan.turns


def test_as_many_calls_begin_as_it_takes_to_keep_the_callers_of_the_model() -> None:
    plan = LoadPlan(profile(minutes=30, max_users=5_000), Scenario.VOICE)
    callers = 20 * 55 * 0.08
    assert plan.at(600_000).rate == pytest.approx(callers / 240)  # Little's law
    assert plan.at(600_000).users == math.ceil(callers * 1.25)
    assert plan.turns_by(30_000) == pytest.approx(callers, rel=0.1)  # at the start, all of them come
    fewer = LoadPlan(profile(minutes=30, max_users=10), Scenario.VOICE)
    assert fewer.at(600_000).rate == pytest.approx(10 / 1.25 / 240)
    assert fewer.at(600_000).users == 10


@given(profiles, st.sampled_from(Scenario), st.floats(0, 1, exclude_max=True))
def test_each_scenario_has_users_exactly_where_it_has_turns(given: Profile, scenario: Scenario, share: float) -> None:
    plan = LoadPlan(given, scenario)
    planned = plan.at(share * given.duration)
    assert (planned.users > 0) == (planned.rate > 0)
    assert planned.users <= plan.most_users <= given.load.max_users


def test_a_rehearsal_connects_everybody_or_says_how_many_that_are() -> None:
    given = profile(max_users=50)
    check_everybody_connects(given, "p.yaml")  # HTTP users only carry the rate
    chatting = given.model_copy(update={"load": given.load.model_copy(update={"scenarios": (Scenario.SOCKETIO,)})})
    wanted = LoadPlan(chatting, Scenario.SOCKETIO).wanted_users
    with pytest.raises(InputError, match=f"max_users: 50 are fewer than the {wanted} who are connected"):
        check_everybody_connects(chatting, "p.yaml")
    enough = chatting.model_copy(update={"load": chatting.load.model_copy(update={"max_users": wanted})})
    check_everybody_connects(enough, "p.yaml")
