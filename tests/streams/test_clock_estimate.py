"""The other clock is never farther off than the estimate says, whatever the network and the drift."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.streams.clock_estimate import DRIFT, ClockEstimate

SECOND = 1_000_000


@settings(max_examples=40)
@given(
    st.integers(-(10**15), 10**15),
    st.floats(-DRIFT, DRIFT),
    st.lists(st.tuples(st.integers(0, SECOND), st.integers(0, SECOND)), min_size=1, max_size=40),
    st.integers(0, 60 * SECOND),
)
def test_the_truth_is_within_the_error(
    offset: int, drift: float, travels: list[tuple[int, int]], later_us: int
) -> None:
    def theirs(at_us: int) -> int:
        return offset + at_us + round(at_us * drift)

    estimate = ClockEstimate()
    now = 0
    for there, back in travels:
        asked, read, now = now, now + there, now + there + back
        estimate.hear(asked, now, theirs(read))
        now += 5 * SECOND
    now += later_us
    error, ahead = estimate.at(now)
    assert abs(theirs(now) - now - ahead) <= error + 2 + (sum(travels[-1]) * DRIFT)


def test_the_quickest_answer_counts_until_it_is_too_old() -> None:
    estimate = ClockEstimate()
    estimate.hear(0, 200, 1_100)
    estimate.hear(1_000, 1_020, 2_009)
    assert estimate.at(1_020) == (11, 999)
    estimate.hear(10 * SECOND, 10 * SECOND + 300, 10 * SECOND + 1_150)
    assert estimate.at(10 * SECOND + 300)[1] == 1_000


def test_nobody_knows_without_an_answer() -> None:
    with pytest.raises(ValueError, match="empty"):
        ClockEstimate().at(0)
