"""How fast a replay goes, and when on the wall it begins."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from simulator.rehearsal.virtual.pace import LONGEST_SECONDS, REPLAY_SECONDS, chosen_pace, start_on_wall
from simulator.rehearsal.virtual.replay import TimeMap
from simulator.telemetry.interval import Interval
from simulator.units import HOUR, MINUTE, SECOND

TWO_HOURS = Interval(0, 2 * HOUR)


def test_it_takes_about_ten_seconds_where_the_timers_bear_it() -> None:
    assert chosen_pace(TWO_HOURS, fastest=5000.0).factor == 720.0
    assert chosen_pace(TWO_HOURS, fastest=240.0).factor == 240.0
    assert chosen_pace(Interval(0, 5 * SECOND), fastest=5000.0).factor == 1.0


def test_it_takes_a_minute_at_most_then_timers_are_out_of_proportion() -> None:
    pace = chosen_pace(TWO_HOURS, fastest=4.0)
    assert pace.factor == 120.0
    assert not pace.is_in_proportion
    assert chosen_pace(TWO_HOURS, fastest=120.0).is_in_proportion


def test_who_waits_gets_any_pace() -> None:
    assert chosen_pace(TWO_HOURS, fastest=240.0, wished=1.0).factor == 1.0
    assert chosen_pace(TWO_HOURS, fastest=240.0, wished=480.0).factor == 480.0
    assert not chosen_pace(TWO_HOURS, fastest=240.0, wished=480.0).is_in_proportion


def test_what_a_time_interval_needs_slows_it_down_a_little() -> None:
    pace = chosen_pace(TWO_HOURS, fastest=5000.0, jumps_ms=(30 * MINUTE, 60 * MINUTE, 75 * MINUTE))
    assert pace.factor == 450.0  # a quarter of an hour in two seconds


@given(
    minutes=st.lists(st.integers(0, 119), min_size=1, max_size=5, unique=True),
    fastest=st.floats(1.0, 2000.0),
    now_ms=st.integers(1_700_000_000_000, 1_800_000_000_000),
)
def test_jumps_come_at_whole_seconds_where_a_minute_is_enough(minutes: list[int], fastest: float, now_ms: int) -> None:
    jumps_ms = tuple(minute * MINUTE for minute in sorted(minutes))
    pace = chosen_pace(TWO_HOURS, fastest, jumps_ms)
    wall_ms = start_on_wall(now_ms, 0, jumps_ms, pace.factor)
    times = TimeMap(0, wall_ms, pace.factor)
    assert now_ms <= wall_ms < now_ms + SECOND
    assert times.to_wall_ms(jumps_ms[0]) % SECOND == 0
    assert TWO_HOURS.length_ms / SECOND / pace.factor <= LONGEST_SECONDS + 1e-6
    if len(jumps_ms) == 2 and fastest > 2 * TWO_HOURS.length_ms / SECOND / REPLAY_SECONDS:
        second = times.to_wall_ms(jumps_ms[1]) % SECOND
        assert min(second, SECOND - second) <= 1 or pace.factor == 720.0
