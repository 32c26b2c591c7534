"""Keys depend on names alone, in every process."""

from __future__ import annotations

import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from simulator.model.keys import key, keys


def test_a_key_is_the_same_in_a_process_with_another_hash_seed() -> None:
    program = "from simulator.model.keys import key; print(key(7, 'http', 'GET /health'))"
    told = [
        subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout.strip()
        for seed in ("1", "2")
    ]
    assert told == [str(key(7, "http", "GET /health"))] * 2


@given(st.lists(st.text(max_size=5), min_size=1, max_size=4), st.lists(st.text(max_size=5), min_size=1, max_size=4))
def test_different_names_give_different_keys(one: list[str], other: list[str]) -> None:
    assert (key(1, *one) == key(1, *other)) == (one == other)


def test_many_keys_are_those_of_each_name() -> None:
    assert keys(3, "a", each=("b", "c")).tolist() == [key(3, "a", "b"), key(3, "a", "c")]
    assert key(3, "a") != key(4, "a")
