"""Totals of a run from its lines."""

from __future__ import annotations

from dataclasses import replace

import pytest

from simulator.load.totals import Totals
from simulator.profile.load_plan import plans_of
from simulator.profile.schema import Profile
from simulator.wire.load_report import Measured, Outcome, Paced, Tally

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
    return Totals(plans_of(PROFILE), PROFILE.load, STARTED_MS)


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


def judged(load: dict[str, object], *lines: Measured) -> Totals:
    profile = Profile.model_validate({**PROFILE.model_dump(), "load": load})
    totals = Totals(plans_of(profile), profile.load, STARTED_MS)
    for one in lines:
        totals.add(one)
    return totals


def test_thresholds_leave_the_warm_up_out() -> None:
    limits = ["error ratio < 1 %", "arrivals dropped = 0"]
    cold = replace(line(2, ok=10, failed=10), paced={"http": Paced(missed=3)})
    (errors, dropped) = judged({"thresholds": limits}, cold, line(3, ok=100)).thresholds()
    assert (errors.met, dropped.met) == (False, False)
    assert errors.observed == pytest.approx(10 / 120)
    (errors, dropped) = judged({"thresholds": limits, "warm_up": "2s"}, cold, line(3, ok=100)).thresholds()
    assert (errors.met, errors.samples, dropped.met, dropped.observed) == (True, 100, True, 0)


def test_a_quantile_needs_ten_samples_beyond_it() -> None:
    limits = {"thresholds": ["http p95 < 60ms"]}
    (few,) = judged(limits, line(1, ok=199)).thresholds()
    assert (few.met, few.samples, few.reason) == (None, 199, "only 199 requests were timed; it takes 200 to tell")
    (enough,) = judged(limits, line(1, ok=200)).thresholds()
    assert (enough.met, enough.told) == (True, "50.01ms")


def test_a_threshold_on_nobody_cannot_be_judged() -> None:
    (nobody,) = judged({"thresholds": ["GET /api/v1/post max < 1s"]}, line(1, ok=1)).thresholds()
    assert nobody.met is None
    assert nobody.reason == "no request is named 'GET /api/v1/post'; did you mean 'GET /api/v1/posts'?"
    for nothing in judged({"thresholds": ["error ratio < 1 %", "arrivals dropped = 0"]}).thresholds():
        assert (nothing.met, nothing.reason) == (None, "no request was measured")


def test_load_is_aborted_by_what_is_broken_after_the_grace_only() -> None:
    load = {"thresholds": ["http max < 1s", "error ratio < 1 %"], "abort_after": "5s"}
    assert judged(load, line(4, failed=1)).reason_to_abort() == ""
    assert judged(load, line(4, failed=1), line(5)).reason_to_abort() == "error ratio < 1 %"
    assert judged({"thresholds": ["error ratio < 1 %"]}, line(9, failed=1)).reason_to_abort() == ""
