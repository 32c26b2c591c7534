"""Aspects of an event: numbers drawn from its own bits, one for each thing that is said about it.

Who it was, how long it took, which trace it belongs to: each has a name, and the same event gives the same number for
the same name wherever it is told, in a log line, an error report or a transaction.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import inlined, kernel
from simulator.model.draws import bits
from simulator.model.keys import key

Bits = NDArray[np.uint64]
Bytes = NDArray[np.uint8]

_DIGITS = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)


@lru_cache(maxsize=1024)
def aspect_key(name: str) -> np.uint64:
    """What an event's bits are mixed with for an aspect."""
    return key(0, "aspect", name)


def draw_aspect(events: Bits, name: str) -> Bits:
    """64 bits for each event."""
    return _mixed(events, aspect_key(name))


@kernel
def _mixed(events: Bits, aspect: np.uint64) -> Bits:
    out = np.empty(len(events), dtype=np.uint64)
    for event in range(len(events)):
        out[event] = bits(events[event], aspect)
    return out


@inlined
def write_hex(out: Bytes, at: int, whole: np.uint64, digits: int) -> int:
    """Write the digits of 64 bits at a place, and from the 17th on those of the bits that follow from them."""
    drawn = whole
    for digit in range(digits):
        if digit == 16:
            drawn = bits(whole, np.uint64(1))
        out[at + digit] = _DIGITS[np.int64(drawn & np.uint64(15))]
        drawn = drawn >> np.uint64(4)
    return at + digits
