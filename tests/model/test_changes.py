"""Faults act from their onset on, on what they are said to act on, and keep the books straight."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.model.changes import fall_chances, rise_chances
from simulator.model.queues import backlog
from simulator.units import DAY, HOUR, MINUTE

from . import toy

shares = st.lists(st.floats(0, 1), min_size=2, max_size=2).map(lambda two: (*sorted(two), 1.0))
spans = st.tuples(st.integers(DAY, 3 * DAY), st.integers(1, 5 * HOUR))


@st.composite
def faults(draw: st.DrawFn) -> toy.Fault:
    start, length = draw(spans)
    return toy.Fault(
        start=toy.ORIGIN + start,
        end=toy.ORIGIN + start + length,
        keep=draw(st.floats(0, 1)),
        add=draw(st.sampled_from([0.0, 0.01, 3.0])),
        fail=draw(st.floats(0, 1)),
        late=draw(shares),
    )


def around(fault: toy.Fault, step: int = 15_000) -> np.ndarray:
    return np.arange(fault.start - HOUR, fault.end + HOUR, step, dtype=np.int64) + 1234


@settings(deadline=None, max_examples=60)
@given(faults(), st.integers(0, 2**62))
def test_before_its_onset_nothing_changes_by_a_bit_and_nothing_ever_falls(fault: toy.Fault, seed: int) -> None:
    at = around(fault)
    changed = toy.requests(fault, seed).at(at)
    base = toy.undisturbed(seed, slice(0, 6)).at(at)
    before = at <= fault.start
    assert (changed[:, before] == base[:, before]).all()
    assert (np.diff(changed, axis=1) >= 0).all()


@settings(deadline=None, max_examples=40)
@given(faults(), st.data())
def test_an_instant_alone_is_what_it_is_among_others(fault: toy.Fault, data: st.DataObject) -> None:
    at = around(fault)
    together = toy.requests(fault).at(at)
    for column in data.draw(st.lists(st.integers(0, len(at) - 1), min_size=1, max_size=4)):
        assert (toy.requests(fault).at(at[column : column + 1])[:, 0] == together[:, column]).all()


@settings(deadline=None, max_examples=40)
@given(faults())
def test_failing_and_taking_another_time_moves_requests_and_loses_none(fault: toy.Fault) -> None:
    moving = toy.Fault(fault.start, fault.end, fail=fault.fail, late=fault.late)
    at = around(fault, 5000)
    base = toy.undisturbed(only=slice(0, 6)).at(at)
    changed = toy.requests(moving).at(at)
    assert (changed.sum(axis=0) == base.sum(axis=0)).all()
    only_late = toy.requests(toy.Fault(fault.start, fault.end, late=fault.late)).at(at)
    for row in (toy.OK, toy.FAILED):
        assert (only_late[row].sum(axis=0) == base[row].sum(axis=0)).all()
        for bucket, (normal, now) in enumerate(zip(np.cumsum(toy.BASE_SHARES), fault.late, strict=True)):
            moved = (only_late[row].cumsum(axis=0) - base[row].cumsum(axis=0))[bucket]
            assert (moved <= 0).all() if now <= normal else (moved >= 0).all()  # across a bound, one way alone


@settings(deadline=None, max_examples=30)
@given(faults())
def test_what_is_kept_is_part_of_what_there_was(fault: toy.Fault) -> None:
    losing = toy.Fault(fault.start, fault.end, keep=fault.keep)
    at = around(fault, 5000)
    lost = toy.undisturbed(only=slice(0, 6)).at(at) - toy.requests(losing).at(at)
    assert (np.diff(lost, axis=1) >= 0).all()
    after = at > fault.end
    assert (lost[:, after] == lost[:, after][:, :1]).all()


@pytest.mark.parametrize("late", [(0.3, 0.6, 1.0), (0.8, 0.97, 1.0), (0.4, 0.98, 1.0), (0.75, 0.8, 1.0)])
def test_the_size_of_the_effect_is_what_was_asked_for(late: tuple[float, ...]) -> None:
    start = toy.ORIGIN + DAY
    fault = toy.Fault(start, start + 12 * HOUR, keep=0.5, fail=0.2, late=late)
    ends = np.array([fault.start, fault.end])
    ok, failed = (np.diff(toy.requests(fault).at(ends), axis=1)[row, 0] for row in (toy.OK, toy.FAILED))
    base = np.diff(toy.undisturbed(only=slice(0, 6)).at(ends), axis=1).sum()
    assert (ok.sum() + failed.sum()) / base == pytest.approx(0.5, abs=0.01)
    assert failed.sum() / (ok.sum() + failed.sum()) == pytest.approx(0.2, abs=0.02)
    assert (ok / ok.sum()).cumsum() == pytest.approx(late, abs=0.02)


@given(shares, shares)
def test_rising_and_falling_lead_from_one_distribution_to_the_other(
    base: tuple[float, ...], other: tuple[float, ...]
) -> None:
    before, after = np.array(base), np.array(other)
    inside = np.diff(before, prepend=0.0)
    climbing = 0.0
    for bucket, chance in enumerate(rise_chances(before, after)):
        pool = inside[bucket] + climbing
        climbing = pool * chance
        inside[bucket] = pool - climbing
    inside[-1] += climbing
    assert inside.cumsum() == pytest.approx(np.minimum(before, after), abs=1e-9)
    falling = 0.0
    for bucket, chance in reversed(list(enumerate(fall_chances(before, after), start=1))):
        pool = inside[bucket] + falling
        falling = pool * chance
        inside[bucket] = pool - falling
    inside[0] += falling
    assert inside.cumsum() == pytest.approx(after, abs=1e-9)


LOOKBACK = 30


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=LOOKBACK + 2, max_size=200))
def test_a_queue_is_the_same_from_its_look_back_alone(cells: list[tuple[int, int]]) -> None:
    arrivals, capacity = (np.array(column, dtype=np.int64) for column in zip(*cells, strict=True))
    depth = backlog(arrivals, capacity, LOOKBACK)
    assert len(depth) == len(cells) - LOOKBACK
    for at in range(LOOKBACK, len(cells)):
        window = slice(at - LOOKBACK, at + 1)
        assert backlog(arrivals[window], capacity[window], LOOKBACK)[0] == depth[at - LOOKBACK]
    done = arrivals[LOOKBACK:].cumsum() - depth
    assert (np.diff(done) >= 0).all()
    assert (depth >= 0).all()


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=100))
def test_a_queue_that_empties_within_its_look_back_follows_lindley(cells: list[tuple[int, int]]) -> None:
    arrivals, capacity = (np.array(column, dtype=np.int64) for column in zip(*cells, strict=True))
    past = np.zeros(200, dtype=np.int64)
    depth = backlog(np.concatenate((past, arrivals)), np.concatenate((past, capacity)), 200)
    waiting = 0
    for at in range(len(cells)):
        waiting = max(0, waiting + int(arrivals[at]) - int(capacity[at]))
        assert depth[at] == waiting


def test_a_queue_of_counted_arrivals_grows_while_its_workers_are_slow() -> None:
    cells = toy.ORIGIN + DAY + np.arange(0, 8 * HOUR + 1, MINUTE)
    arrivals = np.diff(toy.undisturbed().at(cells)[toy.MISSES])  # 18 a minute
    capacity = np.full(len(arrivals), 30)
    capacity[360:420] = 10
    depth = backlog(arrivals, capacity, 240)
    assert depth[:120].max() < 15
    assert depth[170] > 300
    assert depth[-1] < 15
