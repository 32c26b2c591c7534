"""Totals of a run from its lines."""

from __future__ import annotations

import pytest

from simulator.load.totals import Totals
from simulator.profile.load_plan import LoadPlan
from simulator.profile.schema import Profile
from simulator.wire.load_report import Measured, Outcome, Tally

STARTED_MS = 1_767_643_200_000
PROFILE = Profile.model_validate(
    {
        "name": "totals",
        "description": "ten requests a second",
        "start": "2026-01-05T20:00:00",
        "duration": "10s",
        "traffic": {"peak": "10/s", "shape": "flat"},
    }
)


def line(second: int, *, ok: int = 0, failed: int = 0, limited: int = 0, cpu: float = 0.1) -> Measured:
    tally = Tally()
    for outcome, count in ((Outcome.OK, ok), (Outcome.FAILED, failed), (Outcome.RATE_LIMITED, limited)):
        for _ in range(count):
            tally.count(outcome, 0.05)
    return Measured(at_ms=STARTED_MS + second * 1000, users=7, cpu_ratio=cpu, tallies={"GET /api/v1/posts": tally})


@pytest.fixture
def totals() -> Totals:
    return Totals(LoadPlan(PROFILE), STARTED_MS)


def test_each_line_is_an_observation_of_its_second(totals: Totals) -> None:
    totals.begin(STARTED_MS - 2_000)  # ready before the run begins
    totals.add(line(0))
    measured = totals.add(line(2, ok=18, failed=1, limited=1))
    assert (measured.users, measured.requests, measured.failures) == (7, 20, 1)
    assert measured.requests_per_second == 10.0
    assert measured.target_per_second == 10.0
    assert measured.p95_seconds == pytest.approx(0.05, rel=2e-3)


def test_a_run_that_sent_half_says_so_by_name_and_overall(totals: Totals) -> None:
    for second in range(1, 11):
        totals.add(line(second, ok=3, failed=1, limited=1))
    assert totals.achieved_ratio(STARTED_MS + 10_000) == pytest.approx(0.5)
    assert totals.achieved_ratio(STARTED_MS + 60_000) == pytest.approx(0.5)
    (only,) = totals.by_name()
    assert (only.name, only.requests, only.failures, only.rate_limited) == ("GET /api/v1/posts", 50, 10, 10)
    assert totals.overall().requests == totals.requests == 50


def test_nothing_planned_is_no_ratio(totals: Totals) -> None:
    assert totals.achieved_ratio(STARTED_MS) is None


def test_the_processor_counts_as_busy_after_five_busy_seconds(totals: Totals) -> None:
    for second, cpu in enumerate([1.0, 0.1, 0.1, 0.1], start=1):
        totals.add(line(second, cpu=cpu))
    assert totals.cpu_ratio is None
    totals.add(line(5, cpu=0.2))
    assert totals.cpu_ratio == pytest.approx(0.3)
    for second in range(6, 12):
        totals.add(line(second, cpu=0.9))
    assert totals.cpu_ratio == pytest.approx(0.9)
