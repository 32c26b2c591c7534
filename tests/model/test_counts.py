"""Random access: a count is the same whatever else is asked for, and by whom."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.model.counts import count_within_cell
from simulator.units import DAY, HOUR, MINUTE

from . import toy

instants = st.lists(st.integers(0, 40 * DAY), min_size=1, max_size=6, unique=True).map(sorted)


@settings(deadline=None, max_examples=60)
@given(instants, st.integers(0, 2**62))
def test_an_instant_alone_is_what_it_is_among_others(offsets: list[int], seed: int) -> None:
    at = toy.ORIGIN + np.array(offsets, dtype=np.int64)
    together = toy.undisturbed(seed).at(at)
    assert (np.diff(together, axis=1) >= 0).all()
    for column, instant in enumerate(at):
        assert (toy.undisturbed(seed).at(np.array([instant]))[:, 0] == together[:, column]).all()


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 20 * DAY), st.sampled_from([1000, 7001, 15_000, 60_000]), st.integers(2, 7))
def test_two_steps_agree_where_they_meet(first: int, step: int, times: int) -> None:
    at = toy.ORIGIN + first + np.arange(0, 3 * HOUR, step, dtype=np.int64)
    assert (toy.undisturbed().at(at)[:, ::times] == toy.undisturbed().at(at[::times])).all()


@given(st.permutations(range(len(toy.NAMES))), st.integers(1, len(toy.NAMES) - 1))
@settings(deadline=None, max_examples=20)
def test_two_shards_together_are_the_whole(order: list[int], cut: int) -> None:
    at = toy.ORIGIN + 3 * DAY + np.arange(0, HOUR, 15_000)
    whole = toy.undisturbed().at(at)
    for part in (np.array(order[:cut]), np.array(order[cut:])):
        assert (toy.undisturbed(only=part).at(at) == whole[part]).all()


def test_a_later_start_of_the_day_does_not_change_the_hours_before() -> None:
    tree = toy.undisturbed()
    morning = toy.ORIGIN + np.arange(0, 6 * HOUR, MINUTE)
    first = tree.at(morning)
    tree.at(toy.ORIGIN + 9 * DAY + morning - toy.ORIGIN)
    assert (tree.at(morning) == first).all()


def test_counts_follow_their_intensity() -> None:
    days = 200
    ends = toy.ORIGIN + np.arange(0, days * DAY + 1, 6 * HOUR)
    drawn = np.diff(toy.undisturbed().at(ends), axis=1)[toy.MISSES]  # 0.3/s throughout
    expected = 0.3 * 6 * 3600
    assert drawn.mean() == pytest.approx(expected, rel=4 / np.sqrt(expected * len(drawn)))
    assert drawn.var() / expected == pytest.approx(1.0, abs=0.25)  # index of dispersion of a Poisson process
    swinging = np.diff(toy.undisturbed().at(ends), axis=1)[toy.OK].sum(axis=0).reshape(days, 4).mean(axis=0)
    assert swinging[0] > 2.5 * swinging[2]  # the wave is high in the first half of the day


def test_events_inside_a_cell_are_spread_over_it() -> None:
    at = toy.ORIGIN + np.arange(0, DAY, 3750)
    quarters = np.diff(toy.undisturbed().at(at), axis=1)[toy.MISSES]
    assert quarters.mean() == pytest.approx(0.3 * 3.75, rel=0.03)
    assert quarters.var() / quarters.mean() == pytest.approx(1.0, abs=0.05)


def test_amounts_come_in_lumps() -> None:
    at = toy.ORIGIN + np.arange(0, DAY, MINUTE)
    minutes = np.diff(toy.undisturbed().at(at), axis=1)[toy.BYTES]
    middle = minutes[300:420]  # near the crest the intensity hardly moves
    assert middle.var() / middle.mean() == pytest.approx(800, rel=0.4)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**64 - 1), st.integers(0, 5000), st.sampled_from([0.0, 1.0, 50.0]))
def test_a_cell_never_counts_backwards(key: int, n: int, dispersion: float) -> None:
    seen = [count_within_cell(np.uint64(key), 77, n, offset, dispersion) for offset in range(0, 60_000, 311)]
    assert seen[0] == 0
    assert all(0 <= one <= other <= n for one, other in pairwise(seen))


def test_before_the_origin_there_is_nothing_to_ask() -> None:
    with pytest.raises(ValueError, match="before the origin"):
        toy.undisturbed().at(np.array([toy.ORIGIN - 1]))
