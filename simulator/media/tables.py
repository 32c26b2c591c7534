"""Tables from keys to places, for compiled code: whose an SSRC is."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import inlined, kernel
from simulator.media.packets import Number


class Table(NamedTuple):
    """Keys (none is 0) with open addressing: a key lies at its hash or next behind."""

    keys: NDArray[np.uint64]
    places: NDArray[np.int32]


def empty_table(entries: int) -> Table:
    """One that is at most half full with so many entries."""
    size = 1 << (2 * max(entries, 8) - 1).bit_length()
    return Table(np.zeros(size, np.uint64), np.zeros(size, np.int32))


@inlined
def _home(key: Number, mask: Number) -> Number:
    return np.int64((np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(20)) & mask


@inlined
def find(table: Table, key: Number) -> Number:
    """The place of a key, or -1."""
    mask = len(table.keys) - 1
    at = _home(key, mask)
    while table.keys[at] != 0:
        if table.keys[at] == np.uint64(key):
            return np.int64(table.places[at])
        at = (at + 1) & mask
    return np.int64(-1)


@kernel
def put(table: Table, key: Number, place: Number) -> None:
    """Remember a new key."""
    mask = len(table.keys) - 1
    at = _home(key, mask)
    while table.keys[at] != 0:
        at = (at + 1) & mask
    table.keys[at] = key
    table.places[at] = place


@kernel
def forget(table: Table, key: Number) -> None:
    """Drop a key, and move up those that had to lie behind it."""
    keys, places = table
    mask = len(keys) - 1
    at = _home(key, mask)
    while keys[at] != np.uint64(key):
        if keys[at] == 0:
            return
        at = (at + 1) & mask
    gap = at
    while True:
        at = (at + 1) & mask
        if keys[at] == 0:
            break
        home = _home(np.int64(keys[at]), mask)
        if ((at - home) & mask) >= ((at - gap) & mask):
            keys[gap] = keys[at]
            places[gap] = places[at]
            gap = at
    keys[gap] = 0
