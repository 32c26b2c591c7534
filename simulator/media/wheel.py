"""Where datagrams wait that do not leave at once: a wheel of 8,192 ms, by the millisecond at which they leave.

Within one millisecond they leave in the order in which they came.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import inlined, kernel
from simulator.media.batches import PACKET_BYTES, Outgoing
from simulator.media.packets import Bytes, Number

Longs = NDArray[np.int64]

WHEEL: Final = 8192


class Wheel(NamedTuple):
    """What waits: by slot the first and the last (-1: none), of each the next one; how many places are free
    (`free[0]`), and which."""

    slots: Longs
    following: Longs
    lengths: Longs
    bound_for: NDArray[np.uint64]
    held: Bytes
    free: Longs


def empty_wheel(places: int) -> Wheel:
    """Nothing waits; room for so many datagrams."""
    return Wheel(
        slots=np.full((WHEEL, 2), -1, np.int64),
        following=np.zeros(places, np.int64),
        lengths=np.zeros(places, np.int64),
        bound_for=np.zeros(places, np.uint64),
        held=np.zeros((places, PACKET_BYTES), np.uint8),
        free=np.concatenate(([places], np.arange(places))),
    )


@inlined
def hold(wheel: Wheel, slot: Number) -> Number:
    """A place for one more that leaves in a slot: the caller writes it. -1: there is no room."""
    if wheel.free[0] == 0:
        return np.int64(-1)
    place = wheel.free[wheel.free[0]]
    wheel.free[0] -= 1
    wheel.following[place] = -1
    if wheel.slots[slot, 0] < 0:
        wheel.slots[slot, 0] = place
    else:
        wheel.following[wheel.slots[slot, 1]] = place
    wheel.slots[slot, 1] = place
    return place


@kernel
def release(slot: Number, out: Outgoing, wheel: Wheel) -> Number:
    """Take what leaves in a slot of the wheel into the outgoing batch, as far as it fits; how many."""
    written = 0
    while wheel.slots[slot, 0] >= 0 and written < len(out.data):
        place = wheel.slots[slot, 0]
        wheel.slots[slot, 0] = wheel.following[place]
        length = wheel.lengths[place]
        out.data[written, :length] = wheel.held[place, :length]
        out.lengths[written] = length
        out.addresses[written, 0] = wheel.bound_for[place]
        wheel.free[0] += 1
        wheel.free[wheel.free[0]] = place
        written += 1
    return written
