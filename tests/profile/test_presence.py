"""Who can be reached, who runs, who began anew: the same answer for API, model and judge."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from simulator.profile.activity import exposure, level
from simulator.profile.presence import (
    host_of,
    is_down,
    is_flapping,
    is_running,
    is_serving,
    releases,
    restarts,
    struck,
    taken_away,
    unscraped,
)
from simulator.profile.schema import Fault, Profile
from simulator.units import HOUR, MINUTE, SECOND

Given = dict[str, object]


def profile(*faults: Given, **instances: int) -> Profile:
    given = [{"id": f"f{number}", "at": "10m", "for": "10m", **fault} for number, fault in enumerate(faults)]
    return Profile.model_validate(
        {
            "name": "x",
            "description": "x",
            "start": datetime(2026, 1, 5, tzinfo=UTC),
            "duration": "2h",
            "platform": {"instances": instances},
            "faults": given,
        }
    )


def at(*minutes: float) -> np.ndarray:
    return np.array([round(minute * MINUTE) for minute in minutes], dtype=np.int64)


def test_instances_are_spread_over_the_hosts_and_the_watchers_are_elsewhere() -> None:
    found = profile(api=5, node=2)
    assert [host_of(found, f"api-{n}") for n in range(1, 6)] == ["node-1", "node-2", "node-1", "node-2", "node-1"]
    assert host_of(found, "node-2") == "node-2"
    assert host_of(found, "prometheus-1") == ""
    assert host_of(found, "https://api.cryb.ai/health") == ""


def test_a_host_that_is_gone_takes_along_what_runs_on_it_and_lets_it_begin_anew() -> None:
    found = profile({"kind": "outage", "target": {"service": "node", "instance": "node-2"}}, api=2, node=2)
    for instance, gone in (("node-2", True), ("api-2", True), ("api-1", False), ("grafana-1", False)):
        assert is_down(found, instance, at(9.9, 10, 19.9, 20)).tolist() == [False, gone, gone, False], instance
        assert restarts(found, instance) == ((20 * MINUTE,) if gone else ())
    assert taken_away(found, found.faults[0], "api") == {"api-2"}
    assert taken_away(found, found.faults[0], "redis") == set()


def test_an_outage_is_of_the_service_that_it_names() -> None:
    found = profile({"kind": "outage", "target": {"service": "redis"}})
    assert is_down(found, "redis-1", at(15)).all()
    assert not is_down(found, "api-1", at(15)).any()
    assert restarts(found, "redis-1") == ()  # out of reach, not restarted
    assert is_running(found, "redis-1", at(15)).all()


def test_a_server_that_is_gone_leaves_its_exporter() -> None:
    found = profile({"kind": "database_down", "target": {"instance": "postgres-1"}}, postgres=2)
    assert not is_down(found, "postgres-1", at(15)).any()
    assert is_serving(found, "postgres-1", at(9, 15, 20)).tolist() == [True, False, True]
    assert is_serving(found, "postgres-2", at(15)).all()
    assert restarts(found, "postgres-1") == (20 * MINUTE,)


def test_a_deploy_goes_from_instance_to_instance() -> None:
    found = profile({"kind": "deploy", "for": "9m", "parameters": {"downtime": "30s"}}, api=3)
    for number, instance in enumerate(("api-1", "api-2", "api-3")):
        begins = (10 + 3 * number) * MINUTE
        assert restarts(found, instance) == releases(found, instance) == (begins + 30 * SECOND,)
        seen = is_down(found, instance, np.array([begins - 1, begins, begins + 29_999, begins + 30_000]))
        assert seen.tolist() == [False, True, True, False]


def test_a_canary_is_deployed_to_the_first_instances_alone() -> None:
    found = profile({"kind": "deploy", "intensity": 0.3}, api=4)
    assert struck(found, found.faults[0]) == ("api-1", "api-2")
    assert releases(found, "api-3") == ()


def test_a_crash_loop_begins_anew_after_every_crash_and_at_its_end_at_the_latest() -> None:
    found = profile({"kind": "crash_loop", "for": "4m10s", "parameters": {"every": "1m", "downtime": "20s"}})
    assert restarts(found, "api-1") == tuple((10 + n) * MINUTE + (20 if n < 4 else 10) * SECOND for n in range(5))
    assert is_down(found, "api-1", at(10, 10.3, 10.4, 14.1, 14.2)).tolist() == [True, True, False, True, False]
    assert (is_running(found, "api-1", at(10, 10.4)) == [False, True]).all()


def test_flapping_is_out_of_sight_only() -> None:
    found = profile({"kind": "target_flapping", "parameters": {"period": "2m"}}, api=2)
    assert is_flapping(found, "api-1", at(9.9, 10, 10.9, 11, 12)).tolist() == [False, True, True, False, True]
    assert not is_down(found, "api-1", at(10)).any()
    assert unscraped(found, found.faults[0], "api") == {"api-1", "api-2"}
    assert taken_away(found, found.faults[0], "api") == set()


def test_a_share_of_scrapes_may_be_lost_at_any_instance() -> None:
    found = profile({"kind": "scrape_gap", "intensity": 0.1, "target": {"service": "redis"}}, redis=3)
    assert unscraped(found, found.faults[0], "redis") == {"redis-1", "redis-2", "redis-3"}
    assert unscraped(found, found.faults[0], "api") == set()


@pytest.mark.parametrize(
    "shape",
    [{}, {"ramp": "10m"}, {"shape": "pulses", "period": "7m", "duty": 0.3}, {"intensity": 0.2, "ramp": "1m"}],
    ids=["step", "ramp", "pulses", "weak"],
)
def test_exposure_is_the_integral_of_the_level(shape: Given) -> None:
    fault = Fault.model_validate({"id": "f", "kind": "disk_fill", "at": "10m", "for": "40m", **shape})
    fine = np.arange(0, HOUR, 100, dtype=np.int64)
    summed = np.concatenate(([0.0], np.cumsum(level(fault, fine))[:-1])) * 100.0
    assert exposure(fault, fine) == pytest.approx(summed, abs=200.0)
    assert (np.diff(exposure(fault, fine)) >= 0).all()
    assert exposure(fault, at(0, 10)).tolist() == [0.0, 0.0]
    assert len(set(exposure(fault, at(50, 59, 100)).tolist())) == 1
