"""Order and failure of concurrent work."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.engine.concurrently import run_concurrently


@st.composite
def _orders(draw: st.DrawFn) -> list[frozenset[int]]:
    size = draw(st.integers(0, 12))
    return [frozenset(draw(st.sets(st.integers(0, number - 1)))) if number else frozenset() for number in range(size)]


@given(after=_orders(), workers=st.integers(1, 3))
def test_everything_is_done_once_and_after_what_it_waits_for(after: list[frozenset[int]], workers: int) -> None:
    done: list[int] = []
    lock = threading.Lock()

    def work(number: int) -> None:
        with lock:
            assert after[number] <= set(done)
            done.append(number)

    run_concurrently(after, [number % 3 for number in range(len(after))], work, workers)
    assert sorted(done) == list(range(len(after)))


def test_the_first_exception_ends_it() -> None:
    done: list[int] = []

    def work(number: int) -> None:
        if number == 1:
            raise ValueError("broken")
        done.append(number)

    with pytest.raises(ValueError, match="broken"):
        run_concurrently([frozenset(), frozenset(), frozenset({1})], [1, 0, 2], work, 1)
    assert done == [0]


def test_the_heaviest_goes_first() -> None:
    done: list[int] = []
    run_concurrently([frozenset()] * 3, [1, 3, 2], done.append, 1)
    assert done == [1, 2, 0]
