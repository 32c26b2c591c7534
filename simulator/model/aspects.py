"""Aspects of an event: numbers drawn from its own bits, one for each thing that is said about it.

Who it was, how long it took, which trace it belongs to: each has a name, and the same event gives the same number for
the same name wherever it is told, in a log line, an error report or a transaction.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import kernel
from simulator.model.draws import bits
from simulator.model.keys import key

Bits = NDArray[np.uint64]


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
