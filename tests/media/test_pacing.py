"""How late packets left, of each session and of all."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.media.pacing import LATENESS_BINS, lateness_quantile_ms, no_lateness, note_lateness


def test_lateness_is_counted_where_it_lies() -> None:
    lateness = no_lateness(3)
    note_lateness(np.array([1, 1, 2, 2]), 4, 0, 0, 16_000_000, lateness)
    note_lateness(np.array([0]), 1, 0, 0, 1_000_000, lateness)
    # of 4, 8, 12 and 16 ms, two are over half a frame
    assert (lateness.late.tolist(), lateness.all_late.tolist()) == ([0, 0, 2], [2])
    assert lateness.latest.tolist() == [1.0, 8.0, 16.0]
    assert lateness.bins.sum(axis=1).tolist() == [1, 2, 2]
    assert (lateness.bins.sum(axis=0) == lateness.all_bins).all()
    upper = [2 ** (place / 4) / 1000 for place in np.flatnonzero(lateness.all_bins)]
    for bound, milliseconds in zip(upper, (1, 4, 8, 12, 16), strict=True):
        assert milliseconds <= bound < milliseconds * 2**0.25 * 1.001


def test_a_quantile_is_over_all_packets() -> None:
    """One session of a hundred is late by 40 ms: that is the p99 of a session's p99, and a hundredth of all packets."""
    lateness = no_lateness(100)
    for session in range(100):
        ms = 40 if session == 99 else 1
        note_lateness(np.full(50, session), 50, 0, ms * 1_000_000, ms * 1_000_000, lateness)
    assert lateness_quantile_ms(lateness.all_bins, 5000, 0.98) == pytest.approx(1.0, rel=0.2)
    assert lateness_quantile_ms(lateness.all_bins, 5000, 0.995) == pytest.approx(40.0, rel=0.2)
    assert lateness_quantile_ms(lateness.all_bins, 0, 0.99) is None


def test_a_quantile_is_the_upper_end_of_its_bin() -> None:
    histogram = np.zeros(LATENESS_BINS, np.int64)
    histogram[8], histogram[40] = 99, 1
    assert lateness_quantile_ms(histogram, 100, 0.5) == pytest.approx(0.004)
    assert lateness_quantile_ms(histogram, 100, 0.99) == pytest.approx(0.004)
    assert lateness_quantile_ms(histogram, 100, 0.999) == pytest.approx(1.024)
    assert lateness_quantile_ms(histogram, 0, 0.5) is None
