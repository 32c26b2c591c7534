"""Doses are spread, then halved where it matters, and end at the trip point."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.rehearsal.sweeps.bisection import EXACT, Bracket, bracket_of, next_doses, rounded, spread, with_own


def test_doses_are_spread_at_equal_ratios_with_both_ends() -> None:
    assert spread(0.001, 1.0, 4) == (0.001, 0.01, 0.1, 1.0)
    assert spread(0.001, 1.0, 1) == (1.0,)


def test_the_profiles_own_dose_is_tried_unless_it_is_among_them() -> None:
    assert with_own((0.1, 1.0), 0.25, 3) == (0.1, 1.0, 0.25)
    assert with_own((0.1, 1.0), 0.95, 3) == (0.1, 1.0)
    assert with_own((0.1, 1.0), 0.25, 2) == (0.1, 1.0)


def test_an_alert_trips_at_the_smallest_dose_that_fires_it() -> None:
    assert bracket_of({0.0: False, 0.01: False, 0.1: True, 1.0: True}) == Bracket(0.01, 0.1)
    assert bracket_of({0.0: True, 1.0: True}) == Bracket(0.0, 0.0)
    assert bracket_of({0.0: False, 1.0: False}) is None
    assert bracket_of({0.0: False, 0.1: True, 0.5: False, 1.0: True}) == Bracket(0.0, 0.1)


def test_the_widest_bracket_is_halved_first_and_an_exact_one_not_at_all() -> None:
    brackets = [Bracket(0.5, 0.6), Bracket(0.01, 0.1), Bracket(0.2, 0.21), Bracket(0.0, 0.0)]
    assert next_doses(brackets, {0.5, 0.6, 0.01, 0.1}, 0.001, 5) == (rounded(0.001**0.5), rounded(0.3**0.5))
    assert next_doses(brackets, (), 0.001, 1) == (rounded(0.001**0.5),)
    assert next_doses([Bracket(0.0, 0.001)], (), 0.001, 3) == ()


@given(st.lists(st.floats(0.0015, 0.99), min_size=1, max_size=5))
def test_every_trip_point_is_found_to_a_tenth(trips: list[float]) -> None:
    tried = dict.fromkeys((0.0, *spread(0.001, 1.0, 6)))
    for _ in range(200):
        brackets = [bracket_of({dose: dose >= trip for dose in tried}) for trip in trips]
        following = next_doses([b for b in brackets if b is not None], tried, 0.001, 2)
        if not following:
            break
        tried |= dict.fromkeys(following)
    else:
        pytest.fail("it never ends")
    for trip in trips:
        found = bracket_of({dose: dose >= trip for dose in tried})
        assert found is not None
        assert found.silent < trip <= found.fires
        assert found.fires / found.silent <= EXACT * 1.02  # doses have three digits
