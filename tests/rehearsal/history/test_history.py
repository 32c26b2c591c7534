"""When targets are scraped, and what tells one history from another."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.profile.schema import Profile
from simulator.rehearsal.history.history import History
from simulator.rehearsal.history.scrapes import Target
from simulator.telemetry.interval import Interval
from simulator.units import DAY, HOUR, MINUTE
from tests.rehearsal.toy_platform import INTERVAL, START, manifest

TARGET = Target("web", "web-1", INTERVAL)
HISTORY = History(
    manifest=manifest(),
    span=Interval(START - DAY, START),
    full_from_ms=START - 7 * HOUR,
    old_step_ms=2 * MINUTE,
    targets=(TARGET, Target("web", "web-2", INTERVAL, offset_ms=700)),
    relabelling="",
)


def test_old_scrapes_are_thinned_and_new_ones_are_all_there() -> None:
    times = HISTORY.scrapes(TARGET, HISTORY.span)
    assert times[0] == HISTORY.span.start_ms
    assert times[-1] == HISTORY.span.end_ms - INTERVAL
    old = times[times < HISTORY.full_from_ms]
    assert set(np.diff(old)) == {2 * MINUTE}
    assert set(np.diff(times[len(old) :])) == {INTERVAL}


def test_a_target_keeps_its_offset() -> None:
    times = HISTORY.scrapes(HISTORY.targets[1], HISTORY.span)
    assert set(times % INTERVAL) == {700}


def test_a_spacing_that_is_no_multiple_of_the_interval_becomes_one() -> None:
    history = replace(HISTORY, old_step_ms=100_000)
    times = history.scrapes(TARGET, Interval(START - DAY, START - 12 * HOUR))
    assert set(np.diff(times)) == {105_000}
    assert set(times % INTERVAL) == {0}


@settings(deadline=None)
@given(cuts=st.sets(st.integers(START - DAY, START), max_size=5))
def test_parts_make_the_whole(cuts: set[int]) -> None:
    edges = sorted({START - DAY, *cuts, START})
    parts = [HISTORY.scrapes(TARGET, Interval(*pair)) for pair in pairwise(edges)]
    assert np.concatenate(parts).tolist() == HISTORY.scrapes(TARGET, HISTORY.span).tolist()


def test_the_scrapes_before_are_all_of_them() -> None:
    times = HISTORY.scrapes(TARGET, HISTORY.span)
    for place in (0, 1, 700, len(times) - 1):
        assert HISTORY.scrapes_before(TARGET, int(times[place])).tolist() == times[:place].tolist()


@pytest.mark.parametrize(
    "change",
    [
        {"manifest": manifest(seed=2)},
        {"span": Interval(START - 2 * DAY, START)},
        {"full_from_ms": 0},
        {"old_step_ms": MINUTE},
        {"targets": (TARGET,)},
        {"relabelling": "other"},
        {"longest_block_ms": 0},
    ],
)
def test_histories_that_differ_have_different_names(change: dict[str, object]) -> None:
    other = replace(HISTORY, **change)  # type: ignore[arg-type]  # one field each, of its own type
    assert other.fingerprint != HISTORY.fingerprint
    assert replace(HISTORY).fingerprint == HISTORY.fingerprint


def test_one_block_may_have_it_all() -> None:
    assert replace(HISTORY, longest_block_ms=0).blocks == (HISTORY.span,)
    assert len(HISTORY.blocks) > 1


def with_profile(**changes: object) -> History:
    """The history of a profile with these keys changed."""
    run = HISTORY.manifest
    said = run.profile.model_dump(mode="json", by_alias=True)
    return replace(HISTORY, manifest=run.model_copy(update={"profile": Profile.model_validate({**said, **changes})}))


OUTAGE = {"id": "gone", "kind": "outage", "at": "5m", "for": "5m"}


def test_profiles_that_begin_alike_share_their_past() -> None:
    assert with_profile(name="other", description="Other", duration="2h").fingerprint == HISTORY.fingerprint
    assert with_profile(faults=[OUTAGE]).fingerprint == HISTORY.fingerprint
    assert with_profile(expect={"silent": ["A"]}).fingerprint == HISTORY.fingerprint


@pytest.mark.parametrize(
    "change",
    [{"traffic": {"peak": "7/s"}}, {"load": {"scale": 0.5}}, {"platform": {"size": "tiny"}}, {"history": "60d"}],
)
def test_profiles_that_are_another_platform_do_not(change: dict[str, object]) -> None:
    assert with_profile(**change).fingerprint != HISTORY.fingerprint


def test_a_fault_within_a_history_is_part_of_it() -> None:
    """As in demo data, whose incident was hours ago."""
    at = replace(HISTORY, span=Interval(START - DAY, START + 10 * MINUTE))
    broken = replace(at, manifest=with_profile(faults=[OUTAGE]).manifest)
    assert broken.fingerprint != at.fingerprint
