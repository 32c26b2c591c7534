"""What became of each packet: it was received in time, late, or lost; and in bursts or not.

- **Sequence** (RFC 3550, appendix A.1): each number is settled once, in order, when 64 later ones have been heard (or a
  second went by).
- **Bursts** (RFC 3611, section 4.7.2, Gmin = 16): from one packet lost or late to another, with fewer than 16 good ones
  between neighbours. A single one with 16 good ones on either side belongs to a gap.
"""

from __future__ import annotations

from typing import Final

from simulator.compiled import inlined, kernel
from simulator.media.packets import Number
from simulator.media.streams import Bits, Floats, Heard, Hearing, Stream, has_bit

SETTLED_AFTER: Final = 64
"""Packets after which one that has not come is lost: 1.28 s of talk."""
GMIN: Final = 16

_EXPECTED, _RECEIVED, _LOST, _LATE = int(Heard.EXPECTED), int(Heard.RECEIVED), int(Heard.LOST), int(Heard.LATE)
_RUNS, _BURSTS = int(Heard.RUNS), int(Heard.BURSTS)
_BURST_PACKETS, _BURST_GONE = int(Heard.BURST_PACKETS), int(Heard.BURST_GONE)


@inlined
def close_span(stream: Stream, counters: Floats) -> None:
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
        received = has_bit(arrived, number)
        too_late = received and has_bit(late, number)
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
                    close_span(stream, counters)
            continue
        if stream.gone_before == 0:
            counters[_RUNS] += 1
            stream.gone_before = 1
        stream.span += stream.good + 1
        stream.span_gone += 1
        stream.good = 0


@kernel
def settle_stream(streams: Hearing, heard: Floats, place: Number, up_to: Number, done: bool) -> None:
    """Decide on a stream's numbers below `up_to`; with `done` on its last burst too."""
    stream = streams.rows[place]
    counters = heard[streams.owners[place]]
    settle(stream, streams.arrived[place], streams.late[place], counters, up_to)
    if done and stream.span_gone > 0:
        close_span(stream, counters)


@kernel
def settle_quiet(streams: Hearing, heard: Floats, before_ns: Number) -> None:
    """Decide on all of the streams that have not been heard since then: nothing of theirs is on its way."""
    for place in range(len(streams.rows)):
        stream, owner = streams.rows[place], streams.owners[place]
        if owner >= 0 and 0 < stream.heard_ns < before_ns and stream.settled <= stream.highest:
            settle(stream, streams.arrived[place], streams.late[place], heard[owner], stream.highest + 1)
