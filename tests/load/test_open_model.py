"""The open model as a run drives it: the profile's users are not all who may send."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.load.stand_in_api import serving
from tests.load.test_locust_run import CLOCK, driven_for, driving, poll_until, write_manifest

pytestmark = pytest.mark.slow


def test_requests_leave_when_they_are_due_though_every_planned_user_waits(tmp_path: Path) -> None:
    with serving() as api:
        api.delay_seconds = 1.0
        write_manifest(tmp_path, peak="12/s", max_users=2, model="open")  # two users would send two a second
        with driving(tmp_path, [api.url]) as run:
            measured = driven_for(run, seconds=4)
            ended = run.finish()
        (kept,) = ended.kept
    assert ended.problem == ""
    assert ended.overall.requests == kept.done == api.total
    seconds = sum(one.target_per_second > 0 for one in measured)
    assert kept.done > 4 * seconds
    assert max(one.users for one in measured) > 4
    assert ended.overall.p50_seconds is not None
    assert ended.overall.p50_seconds >= 1.0


@pytest.mark.accept
def test_what_would_be_too_much_under_way_is_dropped_and_counted(tmp_path: Path) -> None:
    with serving() as api:
        api.delay_seconds = 1.0
        write_manifest(tmp_path, peak="40/s", max_users=2, model="open", max_in_flight=5)
        with driving(tmp_path, [api.url]) as run:
            measured = driven_for(run, seconds=4)
            ended = run.finish()
        (kept,) = ended.kept
    assert ended.problem == ""
    assert max(one.users for one in measured) <= 5
    assert ended.overall.requests == kept.done == api.total
    assert kept.missed > kept.done
    assert kept.done + kept.missed <= kept.planned + 1


@pytest.mark.accept
@pytest.mark.timeout(600)
@pytest.mark.parametrize("max_in_flight", [6, 1_000])
def test_two_workers_begin_or_drop_every_single_arrival(tmp_path: Path, max_in_flight: int) -> None:
    """To the plan's end, so that all arrivals are known; with time enough before it for every process to be up."""
    with serving() as api:
        api.delay_seconds = 0.5
        plan = write_manifest(
            tmp_path, peak="40/s", seconds=12, max_users=4, model="open", max_in_flight=max_in_flight, lead_ms=45_000
        )
        with driving(tmp_path, [api.url], workers=2) as run:
            poll_until(run, lambda: run.poll() is not None and CLOCK.now_ms() > plan.ends_ms)
            ended = run.finish()
        (kept,) = ended.kept
    assert ended.problem == ""
    assert ended.overall.requests == kept.done == api.total
    assert kept.done + kept.missed == round(kept.planned) > 400
    if max_in_flight == 6:
        assert kept.missed > kept.done > 0  # six of half a second each are 12 a second of 40
    else:
        assert kept.done > kept.missed
