from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.api.bounded import Bounded


@given(st.lists(st.integers(0, 30)), st.integers(1, 8))
def test_it_holds_the_last_ones_put_and_no_more(keys: list[int], maximum: int):
    evicted: list[int] = []
    held: Bounded[int, int] = Bounded(maximum, on_evict=evicted.append)
    for key in keys:
        held.put(key, key)
        assert len(held) <= maximum
    last = list(dict.fromkeys(reversed(keys)))[:maximum]
    assert list(held.newest()) == last
    assert list(held) == last[::-1]
    assert held.evicted == len(evicted)


def test_kept_entries_stay():
    held: Bounded[str, int] = Bounded(1)
    held.keep("seeded", 0)
    held.put("a", 1)
    held.put("b", 2)
    assert list(held) == [0, 2]
    assert "a" not in held
    held.put("seeded", 9)
    assert (held.get("seeded"), held.get("b")) == (9, 2)


def test_a_value_that_is_false_is_still_there():
    held: Bounded[str, int] = Bounded(2)
    held.put("zero", 0)
    assert held.get("zero") == 0
    assert held.pop("zero") == 0
    assert held.pop("zero") is None


def test_no_room_at_all_is_a_mistake():
    with pytest.raises(ValueError, match="at least one"):
        Bounded(0)
