"""The planned rate: day, week, holidays, growth, and the faults of demand that load follows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.errors import InputError
from simulator.profile.load import parse_profile
from simulator.profile.load_plan import LoadPlan
from simulator.profile.schema import Profile
from simulator.profile.traffic import LEAST_GROWTH, demand, planned_rate, season, usual_rate
from simulator.units import DAY, HOUR, MINUTE


def profile(*faults: dict[str, object], **traffic: object) -> Profile:
    return Profile.model_validate(
        {
            "name": "x",
            "description": "x",
            "start": "2026-01-05T12:00:00",  # a Monday
            "duration": "30d",
            "traffic": {"peak": "10/s", "shape": "daily", **traffic},
            "faults": faults,
        }
    )


def at(*days: float) -> np.ndarray:
    return np.array([round(day * DAY) for day in days], dtype=np.int64)


def test_growth_is_a_share_in_thirty_days_forwards_and_back() -> None:
    factors = season(profile(growth=0.3, weekend=1), at(0, 30, -30, -300))
    assert factors == pytest.approx([1.0, 1.3, 0.7, LEAST_GROWTH])


def test_a_holiday_is_one_day_of_the_users_calendar() -> None:
    given = profile(holidays=[{"day": "2026-01-07", "factor": 0.25}], time_zone="America/New_York")
    local_midnight = at(1.5)  # the run starts at noon
    hours = local_midnight + np.arange(-2, 27, dtype=np.int64) * HOUR
    ratio = season(given, hours) / season(profile(time_zone="America/New_York"), hours)
    assert ratio.tolist() == [1.0] * 2 + [0.25] * 24 + [1.0] * 3


def test_weekends_and_holidays_multiply() -> None:
    given = profile(weekend=2.0, holidays=[{"day": "2026-01-10", "factor": 3}])
    assert season(given, at(4, 5, 6, 7)).tolist() == [1.0, 6.0, 2.0, 1.0]


def test_a_day_has_one_factor() -> None:
    text = """
name: x
description: twice the same day
start: 2026-01-05T12:00:00
duration: 1h
traffic:
  holidays:
    - {day: 2026-01-10, factor: 2}
    - {day: 2026-01-10, factor: 3}
"""
    with pytest.raises(InputError) as caught:
        parse_profile(text, file="x.yaml")
    (problem,) = caught.value.problems
    assert "2026-01-10 is traffic.holidays[0] already" in str(problem)
    with pytest.raises(InputError, match="is not a day"):
        parse_profile(text.replace("2026-01-10, factor: 3", "2026-02-30, factor: 3"), file="x.yaml")


SPIKE = {"id": "s", "kind": "traffic_spike", "at": "10m", "for": "20m", "intensity": 0.5, "parameters": {"factor": 5}}
DROP = {"id": "d", "kind": "traffic_drop", "at": "20m", "for": "20m", "intensity": 0.4}


def test_spikes_and_drops_multiply_the_plan_while_they_last() -> None:
    minutes = np.array([0, 9, 10, 19, 20, 29, 30, 39, 40], dtype=np.int64) * MINUTE
    expected = [1, 1, 3, 3, 1.8, 1.8, 0.6, 0.6, 1]
    assert demand(profile(SPIKE, DROP), minutes) == pytest.approx(expected)
    both, none = profile(SPIKE, DROP), profile()
    assert np.array_equal(usual_rate(both, minutes), planned_rate(none, minutes))


def test_load_follows_a_spike() -> None:
    calm, spiked = (LoadPlan(profile(*faults).model_copy(update={"duration": HOUR})) for faults in ((), (SPIKE,)))
    assert spiked.at(15 * MINUTE).rate == pytest.approx(3 * calm.at(15 * MINUTE).rate)
    assert spiked.at(35 * MINUTE) == calm.at(35 * MINUTE)
    more = spiked.turns - calm.turns
    assert more == pytest.approx(2 * (calm.turns_by(30 * MINUTE) - calm.turns_by(10 * MINUTE)), rel=1e-3)


@given(st.floats(-1, 20), st.floats(-400, 400))
def test_the_rate_is_never_negative(growth: float, day: float) -> None:
    assert planned_rate(profile(DROP | {"intensity": 1}, growth=growth), at(day))[0] >= 0
