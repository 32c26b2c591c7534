"""Arrivals: every planned instant comes once, at one process, or is counted as missed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.profile.load_plan import LoadPlan
from simulator.profile.schema import Profile
from simulator.streams.arrivals import Arrivals, ConstantRate
from simulator.streams.turns import BEHIND_MS, LATE_MS

STEPS = st.lists(st.floats(0, 3_000), min_size=1, max_size=12)


def plan(seconds: int = 20, peak: str = "30/s") -> LoadPlan:
    return LoadPlan(
        Profile.model_validate(
            {
                "name": "arrivals",
                "description": "a rate",
                "start": "2026-01-05T20:00:00",
                "duration": f"{seconds}s",
                "traffic": {"peak": peak, "shape": "flat"},
            }
        )
    )


def test_each_comes_when_it_is_due() -> None:
    arrivals = Arrivals(ConstantRate(10))
    assert arrivals.due(-5) == []
    assert arrivals.next_ms() == 0
    assert arrivals.due(0) == [0]
    assert arrivals.due(99) == []
    assert arrivals.next_ms() == 100
    assert arrivals.due(350) == [100, 200, 300]
    assert arrivals.missed == 0


def test_what_nobody_looked_for_in_time_is_missed() -> None:
    arrivals = Arrivals(ConstantRate(10))
    assert arrivals.due(10_000) == [9_000 + 100 * n for n in range(11)]
    assert arrivals.missed == 90


def test_a_plan_has_an_end_and_no_rate_has_no_arrivals() -> None:
    arrivals = Arrivals(plan())
    assert arrivals.due(20_000) != []
    assert arrivals.due(30_000) == []
    assert arrivals.next_ms() is None
    assert Arrivals(ConstantRate(0)).next_ms() is None


@given(STEPS, st.integers(1, 4), st.sampled_from((1.0, 7.0, 40.0)))
def test_all_are_dealt_once_over_all_processes_or_missed(steps: list[float], processes: int, rate: float) -> None:
    schedule = ConstantRate(rate)
    shares = [Arrivals(schedule, index=index, processes=processes) for index in range(processes)]
    dealt: list[float] = []
    now = 0.0
    for step in steps:
        now += step
        for share in shares:
            found = share.due(now)
            assert found == sorted(found)
            assert all(now - LATE_MS - 1e-6 <= due <= now for due in found)
            dealt += found
    assert len(dealt) == len(set(dealt))
    come = sum(1 for nth in range(int(now * rate / 1000) + 2) if nth / (rate / 1000) <= now)
    assert len(dealt) + sum(share.missed for share in shares) == come


@pytest.mark.parametrize(("behind", "late"), [(0, 0), (BEHIND_MS, 0), (BEHIND_MS + 1, 1)])
def test_what_begins_after_its_instant_is_late(behind: float, late: int) -> None:
    arrivals = Arrivals(ConstantRate(1))
    arrivals.begin(1_000, 1_000 + behind)
    assert (arrivals.begun, arrivals.late) == (1, late)
