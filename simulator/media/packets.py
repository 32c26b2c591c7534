"""Kernels that read and write the fields of datagrams, and find what belongs to an SSRC."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import inlined, kernel

Bytes = NDArray[np.uint8]
Words = NDArray[np.uint64]
Keys = NDArray[np.uint64]
Places = NDArray[np.int32]
Number = Any
"""An integer: numpy's to the type checker, the machine's to compiled code."""

EXTENSION_PROFILE: Final = 0x4352
"""Of the header extension that the relay puts in: one word, the SSRC of the listener whom the packet is for."""
RELAY_SSRC: Final = 0xC0FFEE
"""Whose the relay's own words are."""
KNOCK: Final = b"KNCK"
HERE: Final = b"HERE"
NEXT: Final = b"NEXT"
FOR: Final = b"FORL"
"""APP packets: a session asks the relay whether it is there; the relay answers; a sender's next sequence number; the
listener whom a forwarded compound packet is for (the relay puts it last)."""


@inlined
def get16(data: Bytes, at: Number) -> Number:
    return np.int64(data[at]) << 8 | np.int64(data[at + 1])


@inlined
def get32(data: Bytes, at: Number) -> Number:
    return (
        np.int64(data[at]) << 24 | np.int64(data[at + 1]) << 16 | np.int64(data[at + 2]) << 8 | np.int64(data[at + 3])
    )


@inlined
def put16(data: Bytes, at: Number, value: Number) -> None:
    data[at] = (value >> 8) & 255
    data[at + 1] = value & 255


@inlined
def put32(data: Bytes, at: Number, value: Number) -> None:
    data[at] = (value >> 24) & 255
    data[at + 1] = (value >> 16) & 255
    data[at + 2] = (value >> 8) & 255
    data[at + 3] = value & 255


@inlined
def is_rtcp(data: Bytes, length: Number) -> Any:
    """By the second byte: 192 to 223 are RTCP's (RFC 5761, section 4)."""
    return length >= 8 and data[1] >= 192 and data[1] <= 223


@inlined
def stamp_and_overflow(control: Words, length: Number) -> tuple[Number, Number]:
    """Of one datagram's control messages: the wall instant of its arrival in ns, and how many this socket has had no
    room for since it was opened; -1 for what is not there."""
    stamp = np.int64(-1)
    overflow = np.int64(-1)
    at = np.int64(0)
    while (at + 2) * 8 <= length:
        size = np.int64(control[at])
        kind = np.int64(control[at + 1] >> np.uint64(32))
        if size < 16:
            break
        if kind == 35 and size >= 32:
            stamp = np.int64(control[at + 2]) * 1_000_000_000 + np.int64(control[at + 3])
        elif kind == 40:
            overflow = np.int64(control[at + 2] & np.uint64(0xFFFFFFFF))
        at += (size + 7) // 8
    return stamp, overflow


# A table from keys (not 0) to places, with open addressing: a key lies at its hash or next behind.


@inlined
def _home(key: Number, mask: Number) -> Number:
    return np.int64((np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(20)) & mask


@inlined
def find(keys: Keys, places: Places, key: Number) -> Number:
    """The place of a key, or -1."""
    mask = len(keys) - 1
    at = _home(key, mask)
    while keys[at] != 0:
        if keys[at] == np.uint64(key):
            return np.int64(places[at])
        at = (at + 1) & mask
    return np.int64(-1)


@kernel
def put(keys: Keys, places: Places, key: Number, place: Number) -> None:
    """Remember a new key. The table's length is a power of two, and at most half of it is in use."""
    mask = len(keys) - 1
    at = _home(key, mask)
    while keys[at] != 0:
        at = (at + 1) & mask
    keys[at] = key
    places[at] = place


@kernel
def forget(keys: Keys, places: Places, key: Number) -> None:
    """Drop a key, and move up those that had to lie behind it."""
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
