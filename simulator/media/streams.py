"""What is kept of each stream (one talker, heard by one session) and of each session that hears, as arrays.

A stream's state is a row of `STREAM` and two rings of bits; counters are the session's, over all its streams: a row of
`HEARD`. Times are milliseconds, arrivals are stamped by the kernel.
"""

from __future__ import annotations

from enum import IntEnum, unique
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import inlined
from simulator.media.packets import Number
from simulator.media.tables import Table

Stream = Any
"""A row of `STREAM`, as compiled code sees it: with attributes."""
Bits = NDArray[np.uint64]
Floats = NDArray[np.float64]


class Hearing(NamedTuple):
    """All streams: their rows, whose they are, their rings; which row a session and a talker have (`stream_key`); how
    many rows are free (`free[0]`), and which."""

    rows: Any
    owners: NDArray[np.int32]
    arrived: Bits
    late: Bits
    table: Table
    free: NDArray[np.int64]


RING: Final = 1024
"""Packets back of which a duplicate is known: 20 s of talk."""
RING_WORDS: Final = RING // 64

STREAM: Final = np.dtype(
    [
        ("ssrc", np.int64),  # the talker's
        ("heard_ns", np.int64),  # last arrival of voice; 0: none yet
        ("base", np.int64),  # first and highest number, extended
        ("highest", np.int64),
        ("settled", np.int64),  # the next to be settled
        ("stamp", np.int64),  # of the packet before, extended
        ("received", np.int64),  # different packets
        ("expected_before", np.int64),  # at our report before
        ("received_before", np.int64),
        ("ended", np.int64),  # the number after the last one, once it said goodbye; -1 before
        ("ended_ns", np.int64),
        ("transit", np.float64),  # arrival minus time stamp, of the packet before
        ("jitter", np.float64),
        ("offset", np.float64),  # playing minus time stamp
        ("fastest", np.float64),  # least transit since `fastest_ns`
        ("fastest_before", np.float64),  # and in the five seconds before
        ("fastest_ns", np.int64),
        ("adapts_in", np.int64),
        ("late_in_a_row", np.int64),
        ("gone_before", np.int64),  # whether the packet before was lost or late
        ("reference", np.int64),  # middle of the NTP time that its last report told; 0: none
        ("reference_ns", np.int64),  # when that came
        ("span", np.int64),  # since a loss that may begin a burst: packets up to the last loss, losses, good ones since
        ("span_gone", np.int64),
        ("good", np.int64),
    ],
    align=True,
)


@unique
class Heard(IntEnum):
    """The counters of a session, in the order of its row."""

    EXPECTED = 0
    RECEIVED = 1  # settled: EXPECTED = RECEIVED + LOST
    LOST = 2
    LATE = 3  # of those received
    DUPLICATE = 4
    REORDERED = 5
    BYTES = 6
    JITTER = 7  # sum of the estimate, over JITTERS packets
    JITTERS = 8
    JITTER_MOST = 9
    WAIT = 10  # sum of the waits in the buffer, over WAITS packets
    WAITS = 11
    RUNS = 12  # of packets lost or late in a row
    BURSTS = 13
    BURST_PACKETS = 14
    BURST_GONE = 15
    TRIP = 16  # sum of round trips in ms, over TRIPS of them
    TRIPS = 17
    TRIP_MOST = 18
    TRIP_LAST = 19
    STREAMS = 20  # that began


HEARD: Final = len(Heard)


@inlined
def stream_key(owner: Number, ssrc: Number) -> Number:
    """Of the stream that the session at a place hears of a talker."""
    return (owner + 1) << 32 | ssrc


@inlined
def has_bit(ring: Bits, number: Number) -> Any:
    """Whether a packet's bit is set in a ring."""
    at = number % RING
    return (ring[at >> 6] >> np.uint64(at & 63)) & np.uint64(1) != 0


@inlined
def set_bit(ring: Bits, number: Number) -> None:
    at = number % RING
    ring[at >> 6] |= np.uint64(1) << np.uint64(at & 63)


@inlined
def clear_bit(ring: Bits, number: Number) -> None:
    at = number % RING
    ring[at >> 6] &= ~(np.uint64(1) << np.uint64(at & 63))
