"""What a listener makes of a talker's packets: losses, jitter, the jitter buffer, bursts. One kernel call for a batch.

A stream is one talker heard by one session; its state is a row of `STREAM` and two rings of bits. `owners` has the
place of the session that hears it, or -1 where a row is free. Counters are the session's, over all its streams: a row
of `HEARD`. Times are milliseconds, arrivals are stamped by the kernel.

- **Sequence** (RFC 3550, appendix A.1): numbers are extended by their cycles. Each number is settled once, in order,
  when 64 later ones have been heard (or a second went by): it was received in time, late, or lost.
- **Jitter** (appendix A.8): J += (|D| - J) / 16, over all but duplicates, in order of arrival.
- **Jitter buffer**: a packet is played when its time stamp says, later by the fastest of the last five to ten seconds
  and six times the jitter, as the model's receivers have it (`simulator.model.voice_quality`). That is set anew where
  somebody begins to talk, and each second (a real buffer stretches speech then). What comes after its turn is thrown
  away; after eight in a row the buffer begins anew, since the path has become longer.
- **Bursts** (RFC 3611, section 4.7.2, Gmin = 16): from one packet lost or late to another, with fewer than 16 good ones
  between neighbours. A single one with 16 good ones on either side belongs to a gap.
"""

from __future__ import annotations

from enum import IntEnum, unique
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import inlined, kernel
from simulator.media.packets import Number
from simulator.media.tables import Table
from simulator.model.voice_quality import BUFFER_JITTERS, BUFFER_LEAST_MS, BUFFER_MOST_MS
from simulator.wire.rtp import CLOCK_HZ

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


GMIN: Final = 16
SETTLED_AFTER: Final = 64
"""Packets after which one that has not come is lost: 1.28 s of talk."""
RING: Final = 1024
"""Packets back of which a duplicate is known: 20 s of talk."""
RING_WORDS: Final = RING // 64
MOST_DROPOUT: Final = 3000
"""A greater step of the number is another beginning (RFC 3550, appendix A.1)."""
ADAPT_PACKETS: Final = 50
LATE_IN_A_ROW: Final = 8
FASTEST_NS: Final = 5_000_000_000

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

_EXPECTED, _RECEIVED, _LOST, _LATE = int(Heard.EXPECTED), int(Heard.RECEIVED), int(Heard.LOST), int(Heard.LATE)
_DUPLICATE, _REORDERED, _BYTES = int(Heard.DUPLICATE), int(Heard.REORDERED), int(Heard.BYTES)
_JITTER, _JITTERS, _JITTER_MOST = int(Heard.JITTER), int(Heard.JITTERS), int(Heard.JITTER_MOST)
_WAIT, _WAITS, _RUNS = int(Heard.WAIT), int(Heard.WAITS), int(Heard.RUNS)
_BURSTS, _BURST_PACKETS, _BURST_GONE = int(Heard.BURSTS), int(Heard.BURST_PACKETS), int(Heard.BURST_GONE)
_TICKS_A_MS = CLOCK_HZ / 1000


@inlined
def _has(ring: Bits, number: Number) -> Any:
    at = number % RING
    return (ring[at >> 6] >> np.uint64(at & 63)) & np.uint64(1) != 0


@inlined
def _set(ring: Bits, number: Number) -> None:
    at = number % RING
    ring[at >> 6] |= np.uint64(1) << np.uint64(at & 63)


@inlined
def _clear(ring: Bits, number: Number) -> None:
    at = number % RING
    ring[at >> 6] &= ~(np.uint64(1) << np.uint64(at & 63))


@inlined
def _close_span(stream: Stream, counters: Floats) -> None:
    """What began with a loss is a burst, if it was not the only one."""
    if stream.span_gone >= 2:
        counters[_BURSTS] += 1
        counters[_BURST_PACKETS] += stream.span
        counters[_BURST_GONE] += stream.span_gone
    stream.span = 0
    stream.span_gone = 0
    stream.good = 0


@inlined
def settle(stream: Stream, arrived: Bits, late: Bits, counters: Floats, up_to: Number) -> None:
    """Decide on every number below `up_to` that is still open."""
    while stream.settled < up_to:
        number = stream.settled
        stream.settled += 1
        counters[_EXPECTED] += 1
        received = _has(arrived, number)
        too_late = received and _has(late, number)
        if received:
            counters[_RECEIVED] += 1
            if too_late:
                counters[_LATE] += 1
        else:
            counters[_LOST] += 1
        if received and not too_late:
            stream.gone_before = 0
            if stream.span_gone > 0:
                stream.good += 1
                if stream.good >= GMIN:
                    _close_span(stream, counters)
            continue
        if stream.gone_before == 0:
            counters[_RUNS] += 1
            stream.gone_before = 1
        stream.span += stream.good + 1
        stream.span_gone += 1
        stream.good = 0


@inlined
def _begin(
    stream: Stream, arrived: Bits, late: Bits, number: Number, stamp: Number, transit: float, at_ns: Number
) -> None:
    arrived[:] = 0
    late[:] = 0
    stream.base = number
    stream.highest = number
    stream.settled = number
    stream.stamp = stamp
    stream.received = 0
    stream.expected_before = 0
    stream.received_before = 0
    stream.ended = -1
    stream.transit = transit
    stream.jitter = 0.0
    stream.fastest = transit
    stream.fastest_before = transit
    stream.fastest_ns = at_ns
    stream.offset = transit + BUFFER_LEAST_MS
    stream.adapts_in = ADAPT_PACKETS
    stream.late_in_a_row = 0
    stream.gone_before = 0
    stream.span = 0
    stream.span_gone = 0
    stream.good = 0


@inlined
def _adapt(stream: Stream) -> None:
    wait = min(max(BUFFER_JITTERS * stream.jitter, BUFFER_LEAST_MS), BUFFER_MOST_MS)
    stream.offset = min(stream.fastest, stream.fastest_before) + wait
    stream.adapts_in = ADAPT_PACKETS


@inlined
def _play(stream: Stream, counters: Floats, transit: float, marker: bool, at_ns: Number) -> bool:
    """Put a packet into the buffer; False where its turn has passed."""
    if at_ns - stream.fastest_ns > FASTEST_NS:
        stream.fastest_before = stream.fastest
        stream.fastest = transit
        stream.fastest_ns = at_ns
    stream.fastest = min(stream.fastest, transit)
    stream.adapts_in -= 1
    if marker or stream.adapts_in <= 0:
        _adapt(stream)
    if transit <= stream.offset:
        counters[_WAIT] += stream.offset - transit
        counters[_WAITS] += 1
        stream.late_in_a_row = 0
        return True
    stream.late_in_a_row += 1
    if stream.late_in_a_row >= LATE_IN_A_ROW:
        stream.fastest = transit
        stream.fastest_before = transit
        stream.fastest_ns = at_ns
        stream.late_in_a_row = 0
        _adapt(stream)
    return False


@inlined
def hear(
    stream: Stream,
    arrived: Bits,
    late: Bits,
    counters: Floats,
    sequence: Number,
    timestamp: Number,
    marker: bool,
    at_ns: Number,
    size: Number,
) -> None:
    """One packet of a stream. A stream that has heard nothing has a `heard_ns` of 0."""
    fresh = stream.heard_ns == 0
    stream.heard_ns = at_ns
    step = 0
    if not fresh:
        step = ((sequence - stream.highest + 0x8000) & 0xFFFF) - 0x8000
        if step > MOST_DROPOUT:
            settle(stream, arrived, late, counters, stream.highest + 1)
            _close_span(stream, counters)
            fresh = True
    if fresh:
        # far from 0, so that an earlier number or time that comes later is not below it
        transit = at_ns / 1e6 - (timestamp + (1 << 32)) / _TICKS_A_MS
        _begin(stream, arrived, late, sequence + (1 << 16), timestamp + (1 << 32), transit, at_ns)
    number = stream.highest + step
    if step <= SETTLED_AFTER - RING:
        return  # nobody knows any more
    stamp = stream.stamp + ((timestamp - stream.stamp + 0x80000000) & 0xFFFFFFFF) - 0x80000000
    if step > 0:
        for between in range(stream.highest + 1, number + 1):
            _clear(arrived, between)
            _clear(late, between)
            if between - SETTLED_AFTER > stream.settled:
                settle(stream, arrived, late, counters, between - SETTLED_AFTER)
        stream.highest = number
    elif _has(arrived, number) and number >= stream.base:
        counters[_DUPLICATE] += 1
        return
    elif not fresh:
        counters[_REORDERED] += 1
    counters[_BYTES] += size
    stream.received += 1
    _set(arrived, number)

    transit = at_ns / 1e6 - stamp / _TICKS_A_MS
    stream.jitter += (abs(transit - stream.transit) - stream.jitter) / 16.0
    stream.transit = transit
    stream.stamp = stamp
    counters[_JITTER] += stream.jitter
    counters[_JITTERS] += 1
    counters[_JITTER_MOST] = max(counters[_JITTER_MOST], stream.jitter)

    if not _play(stream, counters, transit, marker, at_ns):
        _set(late, number)
    if number < stream.base:  # it began earlier than we thought
        if stream.settled == stream.base:
            stream.settled = number
        else:
            counters[_EXPECTED] += stream.base - number
            counters[_LOST] += stream.base - number - 1
            counters[_RECEIVED] += 1
        for between in range(number + 1, stream.base):
            _clear(arrived, between)
            _clear(late, between)
        stream.base = number
    elif number < stream.settled:  # it was given up
        counters[_LOST] -= 1
        counters[_RECEIVED] += 1
        counters[_LATE] += 1
    if stream.highest - SETTLED_AFTER > stream.settled:
        settle(stream, arrived, late, counters, stream.highest - SETTLED_AFTER)


@inlined
def stream_key(owner: Number, ssrc: Number) -> Number:
    """Of the stream that the session at a place hears of a talker."""
    return (owner + 1) << 32 | ssrc


@kernel
def settle_stream(streams: Hearing, heard: Floats, place: Number, up_to: Number, done: bool) -> None:
    """Decide on a stream's numbers below `up_to`; with `done` on its last burst too."""
    stream = streams.rows[place]
    counters = heard[streams.owners[place]]
    settle(stream, streams.arrived[place], streams.late[place], counters, up_to)
    if done and stream.span_gone > 0:
        _close_span(stream, counters)


@kernel
def settle_quiet(streams: Hearing, heard: Floats, before_ns: Number) -> None:
    """Decide on all of the streams that have not been heard since then: nothing of theirs is on its way."""
    for place in range(len(streams.rows)):
        stream, owner = streams.rows[place], streams.owners[place]
        if owner >= 0 and 0 < stream.heard_ns < before_ns and stream.settled <= stream.highest:
            settle(stream, streams.arrived[place], streams.late[place], heard[owner], stream.highest + 1)
