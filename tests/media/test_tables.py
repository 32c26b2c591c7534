"""The table from keys to places, against a dict."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.compiled import kernel
from simulator.media import tables
from simulator.media.tables import Table, empty_table, forget, put

STEPS = st.lists(st.tuples(st.booleans(), st.integers(1, 40).map(lambda n: n << 32 | n * n)), max_size=80)


@kernel
def find(table: Table, key: int) -> int:
    found: int = tables.find(table, key)
    return found


@settings(max_examples=30)
@given(STEPS)
def test_what_was_put_is_found_until_it_is_forgotten(steps: list[tuple[bool, int]]) -> None:
    table = empty_table(40)
    known: dict[int, int] = {}
    for number, (add, key) in enumerate(steps):
        if add and key not in known:
            put(table, key, number)
            known[key] = number
        elif not add:
            forget(table, key)
            known.pop(key, None)
        for candidate in range(1, 41):
            candidate = candidate << 32 | candidate * candidate
            assert find(table, candidate) == known.get(candidate, -1)
