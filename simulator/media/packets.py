"""Kernels that read and write the fields of datagrams."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import inlined

Bytes = NDArray[np.uint8]
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
