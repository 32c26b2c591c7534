"""Durations lie in their buckets and follow the spread inside them."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.catalog.http import DURATION_BOUNDS
from simulator.model.durations import SLICES, bucket_quantiles, draw_durations
from simulator.model.spreads import SPREADS, bucket_means, shares_below

HTTP = [name for name in SPREADS if name.startswith("http.")]


def draws(name: str, bucket: int, count: int = 20_000) -> np.ndarray:
    table = bucket_quantiles(name, DURATION_BOUNDS)[None]
    zeros = np.zeros(count, dtype=np.int64)
    return draw_durations(table, zeros, zeros + bucket, np.arange(count, dtype=np.uint64)) / 1e6


@pytest.mark.parametrize("name", HTTP)
def test_every_duration_lies_in_its_bucket(name: str) -> None:
    edges = (0.0, *DURATION_BOUNDS, 3 * DURATION_BOUNDS[-1])
    for bucket in range(len(DURATION_BOUNDS) + 1):
        seconds = draws(name, bucket)
        assert (seconds > edges[bucket]).all()
        assert (seconds <= edges[bucket + 1]).all()


@pytest.mark.parametrize("name", HTTP)
def test_inside_a_bucket_they_follow_the_spread_and_have_the_mean_of_the_sum(name: str) -> None:
    below = shares_below(name, np.array([0.0001, *DURATION_BOUNDS]))
    means = bucket_means(name, DURATION_BOUNDS)
    for bucket in range(1, len(DURATION_BOUNDS)):
        low, high = DURATION_BOUNDS[bucket - 1 : bucket + 1]
        share = below[bucket + 1] - below[bucket]
        seconds = draws(name, bucket)
        assert seconds.mean() == pytest.approx(means[bucket], rel=0.03)
        if share > 1e-3:
            middle = (low + high) / 2
            expected = (shares_below(name, np.array([middle]))[0] - below[bucket]) / share
            assert (seconds <= middle).mean() == pytest.approx(expected, abs=0.02)


def test_tables_rise_from_bound_to_bound() -> None:
    table = bucket_quantiles("http.read", DURATION_BOUNDS)
    assert table.shape == (len(DURATION_BOUNDS) + 1, SLICES + 1)
    assert (np.diff(table, axis=1) >= 0).all()
    assert (table[1:, 0] == DURATION_BOUNDS).all()
