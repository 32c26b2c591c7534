"""Whole numbers of variable length, as Go's encoding/binary writes them (https://pkg.go.dev/encoding/binary#PutUvarint).

Seven bits a byte, the lowest first; the top bit says that more follow. Signed numbers go in zig-zag order.
"""

from __future__ import annotations

import numpy as np

from simulator.compiled import inlined
from simulator.wire.tsdb.checksum import Bytes


@inlined
def put_uvarint(out: Bytes, at: int, value: np.uint64) -> int:
    """Write `value` at `out[at:]`; where the next byte goes. At most ten bytes."""
    rest = np.uint64(value)
    while rest >= np.uint64(0x80):
        out[at] = np.uint8(rest & np.uint64(0x7F)) | np.uint8(0x80)
        rest >>= np.uint64(7)
        at += 1
    out[at] = np.uint8(rest)
    return at + 1


@inlined
def put_varint(out: Bytes, at: int, value: np.int64) -> int:
    """Write a signed `value` at `out[at:]`; where the next byte goes."""
    doubled = np.uint64(value) << np.uint64(1)
    return put_uvarint(out, at, ~doubled if value < 0 else doubled)


@inlined
def get_uvarint(data: Bytes, at: int) -> tuple[np.uint64, int]:
    """The number at `data[at:]`, and where the next byte is."""
    value = np.uint64(0)
    shift = np.uint64(0)
    while data[at] >= np.uint8(0x80):
        value |= np.uint64(data[at] & np.uint8(0x7F)) << shift
        shift += np.uint64(7)
        at += 1
    return value | (np.uint64(data[at]) << shift), at + 1


@inlined
def get_varint(data: Bytes, at: int) -> tuple[np.int64, int]:
    """The signed number at `data[at:]`, and where the next byte is."""
    doubled, at = get_uvarint(data, at)
    half = np.int64(doubled >> np.uint64(1))
    return (~half if doubled & np.uint64(1) else half), at


def uvarint(value: int) -> bytes:
    """The bytes of a number that is not negative."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
