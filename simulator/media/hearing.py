"""What a listener makes of a talker's packet: which number it has, its jitter, its turn in the jitter buffer.

- **Sequence** (RFC 3550, appendix A.1): numbers are extended by their cycles; `settling` decides what became of each.
- **Jitter** (appendix A.8): J += (|D| - J) / 16, over all but duplicates, in order of arrival.
- **Jitter buffer**: a packet is played when its time stamp says, later by the fastest of the last five to ten seconds
  and six times the jitter, as the model's receivers have it (`simulator.model.voice_quality`). That is set anew where
  somebody begins to talk, and each second (a real buffer stretches speech then). What comes after its turn is thrown
  away; after eight in a row the buffer begins anew, since the path has become longer.
"""

from __future__ import annotations

from typing import Final

from simulator.compiled import inlined
from simulator.media.packets import Number
from simulator.media.settling import SETTLED_AFTER, close_span, settle
from simulator.media.streams import RING, Bits, Floats, Heard, Stream, clear_bit, has_bit, set_bit
from simulator.model.voice_quality import BUFFER_JITTERS, BUFFER_LEAST_MS, BUFFER_MOST_MS
from simulator.wire.rtp import CLOCK_HZ

MOST_DROPOUT: Final = 3000
"""A greater step of the number is another beginning (RFC 3550, appendix A.1)."""
ADAPT_PACKETS: Final = 50
LATE_IN_A_ROW: Final = 8
FASTEST_NS: Final = 5_000_000_000

_EXPECTED, _RECEIVED, _LOST, _LATE = int(Heard.EXPECTED), int(Heard.RECEIVED), int(Heard.LOST), int(Heard.LATE)
_DUPLICATE, _REORDERED, _BYTES = int(Heard.DUPLICATE), int(Heard.REORDERED), int(Heard.BYTES)
_JITTER, _JITTERS, _JITTER_MOST = int(Heard.JITTER), int(Heard.JITTERS), int(Heard.JITTER_MOST)
_WAIT, _WAITS = int(Heard.WAIT), int(Heard.WAITS)
_TICKS_A_MS = CLOCK_HZ / 1000


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
            close_span(stream, counters)
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
            clear_bit(arrived, between)
            clear_bit(late, between)
            if between - SETTLED_AFTER > stream.settled:
                settle(stream, arrived, late, counters, between - SETTLED_AFTER)
        stream.highest = number
    elif has_bit(arrived, number) and number >= stream.base:
        counters[_DUPLICATE] += 1
        return
    elif not fresh:
        counters[_REORDERED] += 1
    counters[_BYTES] += size
    stream.received += 1
    set_bit(arrived, number)

    transit = at_ns / 1e6 - stamp / _TICKS_A_MS
    stream.jitter += (abs(transit - stream.transit) - stream.jitter) / 16.0
    stream.transit = transit
    stream.stamp = stamp
    counters[_JITTER] += stream.jitter
    counters[_JITTERS] += 1
    counters[_JITTER_MOST] = max(counters[_JITTER_MOST], stream.jitter)

    if not _play(stream, counters, transit, marker, at_ns):
        set_bit(late, number)
    if number < stream.base:  # it began earlier than we thought
        if stream.settled == stream.base:
            stream.settled = number
        else:
            counters[_EXPECTED] += stream.base - number
            counters[_LOST] += stream.base - number - 1
            counters[_RECEIVED] += 1
        for between in range(number + 1, stream.base):
            clear_bit(arrived, between)
            clear_bit(late, between)
        stream.base = number
    elif number < stream.settled:  # it was given up
        counters[_LOST] -= 1
        counters[_RECEIVED] += 1
        counters[_LATE] += 1
    if stream.highest - SETTLED_AFTER > stream.settled:
        settle(stream, arrived, late, counters, stream.highest - SETTLED_AFTER)
