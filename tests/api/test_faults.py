from __future__ import annotations

import pytest

from simulator.api.faults import EFFECTS, Faults
from simulator.catalog.faults import FAULT_KINDS
from simulator.catalog.routes import BY_KEY
from simulator.clock import ManualClock
from simulator.profile.schema import Fault
from simulator.units import MINUTE

POSTS = BY_KEY["GET", "/api/v1/posts"]
HEALTH = BY_KEY["GET", "/health"]


@pytest.fixture
def make_faults(make_manifest):
    def make(*faults: dict[str, object], instance: str = "api-1", instances: int = 1):
        manifest = make_manifest(
            faults=tuple({"id": f"f{n}", "at": "1m", "for": "2m", **fault} for n, fault in enumerate(faults)),
            instances=instances,
        )
        clock = ManualClock(manifest.started_ms)
        return Faults(manifest, instance, clock), clock

    return make


def test_onset_and_end_are_exact_to_ten_milliseconds(make_faults):
    faults, clock = make_faults({"kind": "outage"})
    clock.advance(MINUTE - 1)
    assert not faults.is_down()
    clock.advance(10)
    assert faults.is_down()
    clock.advance(2 * MINUTE - 10)
    assert faults.is_down()
    clock.advance(11)
    assert not faults.is_down()


@pytest.mark.parametrize(
    ("intensity", "down"),
    [(0.01, {"api-1"}), (0.5, {"api-1", "api-2"}), (0.51, {"api-1", "api-2", "api-3"}), (1, None)],
)
def test_an_outage_takes_its_share_of_instances(make_faults, intensity, down):
    names = [f"api-{n}" for n in range(1, 5)]
    found = set()
    for name in names:
        faults, clock = make_faults({"kind": "outage", "intensity": intensity}, instance=name, instances=4)
        clock.advance(2 * MINUTE)
        if faults.is_down():
            found.add(name)
    assert found == (down or set(names))


def test_a_named_instance_goes_down_alone(make_faults):
    for name, down in (("api-1", False), ("api-2", True)):
        faults, clock = make_faults(
            {"kind": "outage", "target": {"instance": "api-2"}, "intensity": 0.1}, instance=name, instances=2
        )
        clock.advance(2 * MINUTE)
        assert faults.is_down() is down


def test_every_kind_of_the_catalogue_has_an_effect_or_is_listed(make_faults):
    faults, clock = make_faults(*({"kind": kind.name} for kind in FAULT_KINDS), {"kind": "from_the_future"})
    assert {fault.kind for fault in faults.ignored} == {
        "from_the_future",
        *(kind.name for kind in FAULT_KINDS if kind.name not in EFFECTS),
    }
    clock.advance(2 * MINUTE)
    assert faults.is_down()
    assert faults.fails(POSTS)


def test_what_is_watched_fails_only_when_it_is_named(make_faults):
    faults, clock = make_faults({"kind": "http_errors"}, {"kind": "latency"})
    clock.advance(2 * MINUTE)
    assert faults.fails(POSTS)
    assert faults.delay_seconds(POSTS) > 0
    assert not faults.fails(HEALTH)
    assert faults.delay_seconds(HEALTH) == 0
    named, clock = make_faults({"kind": "http_errors", "target": {"route": "/health"}})
    clock.advance(2 * MINUTE)
    assert named.fails(HEALTH)


def by_hand(kind: str, for_: str = "1m") -> Fault:
    return Fault.model_validate({"id": "by-hand", "kind": kind, "at": "0", "for": for_})


def test_an_override_acts_at_once_for_its_time(make_faults):
    faults, clock = make_faults()
    assert not faults.is_down()
    faults.override(by_hand("outage"))
    assert faults.is_down()
    clock.advance(MINUTE)
    assert not faults.is_down()
    assert faults.overrides() == {}


def test_an_override_can_be_lifted(make_faults):
    faults, _ = make_faults()
    faults.override(by_hand("outage"))
    assert faults.lift("by-hand") is True
    assert not faults.is_down()
    assert faults.lift("by-hand") is False


def test_an_outage_of_another_service_leaves_the_api_alone(make_faults):
    faults, clock = make_faults({"kind": "outage", "target": {"service": "redis"}})
    clock.advance(2 * MINUTE)
    assert not faults.is_down()
    assert faults.active() == ()


def test_the_host_of_an_instance_takes_it_along(make_faults):
    faults, clock = make_faults({"kind": "outage", "target": {"service": "node"}})
    clock.advance(2 * MINUTE)
    assert faults.is_down()


def test_a_crash_loop_closes_the_port_at_each_crash(make_faults):
    faults, clock = make_faults({"kind": "crash_loop", "parameters": {"every": "30s", "downtime": "10s"}})
    clock.advance(MINUTE)
    seen = []
    for _ in range(12):
        seen.append(faults.is_down())
        clock.advance(10_000)
    assert seen == [True, False, False] * 4
    assert not faults.is_down()


def test_a_crash_loop_by_hand_begins_when_it_is_asked_for(make_faults):
    faults, clock = make_faults()
    clock.advance(17_000)
    faults.override(by_hand("crash_loop"))
    assert faults.is_down()
    clock.advance(20_001)
    assert not faults.is_down()
