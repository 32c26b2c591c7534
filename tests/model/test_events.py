"""Events are the steps of their counts: exactly, alone or among others, and before an onset to the last bit."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.model.changes import ChangedCounts
from simulator.model.counts import CountTree
from simulator.model.events import Events, events_between
from simulator.units import DAY, HOUR, MINUTE

from . import toy
from .test_changes import faults


def counted(events: Events, leaves: int, before: int) -> np.ndarray:
    return np.bincount(events.leaf[events.at < before], minlength=leaves)


@settings(deadline=None, max_examples=60)
@given(faults(), st.integers(-HOUR, HOUR), st.integers(1, 20 * MINUTE), st.data())
def test_events_are_the_steps_of_their_counts(fault: toy.Fault, off: int, length: int, data: st.DataObject) -> None:
    start = data.draw(st.sampled_from([fault.start, fault.end])) + off
    counts = toy.requests(fault)
    events = events_between(counts, start, start + length)
    assert (np.diff(events.at) >= 0).all()
    inside = sorted(data.draw(st.sets(st.integers(1, length), min_size=1, max_size=30)))
    at = np.array([start, *(start + offset for offset in inside)], dtype=np.int64)
    truth = toy.requests(fault).at(at)
    for column, instant in enumerate(at.tolist()):
        assert (counted(events, 6, instant) == truth[:, column] - truth[:, 0]).all()


def test_to_the_millisecond() -> None:
    fault = toy.Fault(toy.ORIGIN + DAY + 90_500, toy.ORIGIN + DAY + 200_000, keep=0.7, add=0.2, fail=0.3)
    start = toy.ORIGIN + DAY + 90_000
    every = np.arange(start, start + 70_000, dtype=np.int64)
    steps = np.diff(toy.requests(fault).at(every), axis=1)
    events = events_between(toy.requests(fault), start, start + 69_999)
    found = np.zeros_like(steps)
    np.add.at(found, (events.leaf, events.at - start), 1)
    assert steps.sum() > 100
    assert (found == steps).all()


def same(one: Events, other: Events) -> bool:
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in ("at", "leaf", "random"))


@settings(deadline=None, max_examples=30)
@given(faults(), st.lists(st.integers(1, 2 * HOUR), min_size=1, max_size=5, unique=True))
def test_an_interval_in_parts_is_the_interval(fault: toy.Fault, cuts: list[int]) -> None:
    edges = [fault.start - MINUTE + cut for cut in (0, *sorted(cuts))]
    whole = events_between(toy.requests(fault), edges[0], edges[-1])
    parts = [events_between(toy.requests(fault), low, high) for low, high in pairwise(edges)]
    together = Events(*(np.concatenate([getattr(p, n) for p in parts]) for n in ("at", "leaf", "random")))
    assert same(whole, together)


@settings(deadline=None, max_examples=20)
@given(faults())
def test_nothing_outside_a_fault_changes_by_a_bit(fault: toy.Fault) -> None:
    calm = toy.undisturbed(only=slice(0, 6))
    for low, high in ((fault.start - 2 * HOUR, fault.start), (fault.end, fault.end + 2 * HOUR)):
        assert same(events_between(calm, low, high), events_between(toy.requests(fault), low, high))


def test_each_event_has_bits_of_its_own() -> None:
    events = events_between(toy.undisturbed(only=slice(0, 6)), toy.ORIGIN, toy.ORIGIN + DAY)
    assert len(events) > 100_000
    assert len(np.unique(events.random)) == len(events)


def test_no_time_has_no_events() -> None:
    tree: CountTree | ChangedCounts = toy.undisturbed(only=slice(0, 6))
    assert len(events_between(tree, toy.ORIGIN + HOUR, toy.ORIGIN + HOUR)) == 0
