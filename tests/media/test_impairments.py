"""What the profile's voice faults and hands do to rooms."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.media.impairments import NOTHING, Impairments, channel_of, overload, together
from simulator.media.messages import Impairment
from tests.api.conftest import STARTED_MS, build_manifest

LOSS = {"id": "lossy", "kind": "voice_packet_loss", "at": "10m", "for": "10m", "intensity": 0.33}
LATE = {"id": "late", "kind": "voice_delay", "at": "0s", "for": "1h", "intensity": 1.0}
MINUTE = 60_000


def rooms_met(impairments: Impairments, at_ms: int, rooms: int) -> list[Impairment]:
    acting = impairments.acting(at_ms)
    return [impairments.of_room(f"room-{number}", number, acting, 0) for number in range(rooms)]


@given(st.integers(3, 300), st.floats(0.01, 1.0))
def test_a_fault_meets_its_share_of_the_rooms_even_of_few(rooms: int, intensity: float) -> None:
    manifest = build_manifest(faults=({**LOSS, "intensity": intensity},))
    found = rooms_met(Impairments(manifest, "livekit-1"), STARTED_MS + 15 * MINUTE, rooms)
    assert abs(sum(one != NOTHING for one in found) - intensity * rooms) <= 3
    assert {one.loss for one in found} <= {0.0, 0.12}


def test_a_fault_of_a_region_meets_the_rooms_of_that_region_alone() -> None:
    there = {**LOSS, "intensity": 0.5, "target": {"region": "asia"}}
    manifest = build_manifest(faults=(there,))
    found = rooms_met(Impairments(manifest, "livekit-1"), STARTED_MS + 15 * MINUTE, 300)
    part = 0.5 * manifest.profile.platform.region_share("asia")
    assert abs(sum(one != NOTHING for one in found) - part * 300) <= 3


def test_a_fault_acts_in_its_time_and_on_its_instance() -> None:
    manifest = build_manifest(faults=({**LOSS, "intensity": 1.0},))
    here = Impairments(manifest, "livekit-1")
    assert rooms_met(here, STARTED_MS + 10 * MINUTE - 1, 2) == [NOTHING, NOTHING]
    assert rooms_met(here, STARTED_MS + 10 * MINUTE, 2) == [Impairment(loss=0.12, burst=3)] * 2
    assert rooms_met(here, STARTED_MS + 20 * MINUTE, 2) == [NOTHING, NOTHING]
    elsewhere = build_manifest(faults=({**LOSS, "intensity": 1.0, "target": {"instance": "livekit-2"}},), instances=1)
    assert rooms_met(Impairments(elsewhere, "livekit-1"), STARTED_MS + 10 * MINUTE, 1) == [NOTHING]


def test_a_rising_fault_only_adds_rooms() -> None:
    met = []
    for intensity in (0.1, 0.4, 0.7):
        manifest = build_manifest(faults=({**LOSS, "intensity": intensity},))
        found = rooms_met(Impairments(manifest, "livekit-1"), STARTED_MS + 15 * MINUTE, 50)
        met.append({number for number, one in enumerate(found) if one != NOTHING})
    assert met[0] < met[1] < met[2]


def test_what_acts_together_adds_up() -> None:
    manifest = build_manifest(faults=({**LOSS, "intensity": 1.0}, LATE))
    impairments = Impairments(manifest, "livekit-1")
    impairments.impair("room-1", Impairment(loss=0.5, burst=1, delay_ms=50))
    plain, by_hand = rooms_met(impairments, STARTED_MS + 15 * MINUTE, 2)
    assert (plain.loss, plain.delay_ms) == (pytest.approx(0.12), 450)
    assert (by_hand.loss, by_hand.delay_ms) == (pytest.approx(1 - 0.88 * 0.5), 500)
    impairments.impair("room-1", NOTHING)
    assert rooms_met(impairments, STARTED_MS + 15 * MINUTE, 2)[1] == plain
    assert together([]) == NOTHING


@given(st.floats(0, 0.95), st.floats(1, 20))
def test_the_channel_loses_what_was_asked_for(loss: float, burst: float) -> None:
    """More than can be lost in bursts of that length makes them longer."""
    channel = channel_of(Impairment(loss=loss, burst=burst))
    assert channel.loss == pytest.approx(loss)
    assert channel.p <= 1 + 1e-9


def test_a_full_sfu_forwards_late_and_loses() -> None:
    assert overload(400, 0.0) == NOTHING
    full = overload(500, 0.0)
    assert (full.loss, full.jitter_ms) == (pytest.approx(0.06), pytest.approx(90))
    assert overload(0, 1.0) == full
    assert 0 < overload(0, 0.95).loss < 0.06
