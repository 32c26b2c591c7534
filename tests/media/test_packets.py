"""The table from keys to places, against a dict."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.compiled import kernel
from simulator.media import packets
from simulator.media.packets import Keys, Places, forget, put
from simulator.media.sessions import table

STEPS = st.lists(st.tuples(st.booleans(), st.integers(1, 40).map(lambda n: n << 32 | n * n)), max_size=80)


@kernel
def find(keys: Keys, places: Places, key: int) -> int:
    found: int = packets.find(keys, places, key)
    return found


@settings(max_examples=30)
@given(STEPS)
def test_what_was_put_is_found_until_it_is_forgotten(steps: list[tuple[bool, int]]) -> None:
    keys, places = table(40)
    known: dict[int, int] = {}
    for number, (add, key) in enumerate(steps):
        if add and key not in known:
            put(keys, places, key, number)
            known[key] = number
        elif not add:
            forget(keys, places, key)
            known.pop(key, None)
        for candidate in range(1, 41):
            candidate = candidate << 32 | candidate * candidate
            assert find(keys, places, candidate) == known.get(candidate, -1)
