"""Reports as bytes, both ways: what a session says of those it hears, and what others' reports tell it.

Compiled, since with short calls there is a report for every hundred packets. `simulator.wire.rtcp` has the formats, and
tests hold the bytes here to it. Whatever is no plain report (a goodbye, the relay's answer) is left to Python.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import inlined, kernel
from simulator.media.packets import Bytes, Number, get16, get32, put16, put32
from simulator.media.streams import Floats, Heard, Hearing
from simulator.wire.rtcp import (
    APPLICATION,
    CNAME,
    EXTENDED_REPORT,
    GOODBYE,
    NTP_EPOCH_SECONDS,
    RECEIVER_REPORT,
    REFERENCE_TIME,
    SENDER_REPORT,
    SINCE_REFERENCE,
    SOURCE_DESCRIPTION,
)
from simulator.wire.rtp import CLOCK_HZ

MOST_TOLD: Final = 10
"""Talkers, and listeners, in one report: it has to fit into a datagram of the relay's."""
NAME_BYTES: Final = 48

_TRIP, _TRIPS, _TRIP_MOST = int(Heard.TRIP), int(Heard.TRIPS), int(Heard.TRIP_MOST)
_TRIP_LAST = int(Heard.TRIP_LAST)
_SECOND = 1_000_000_000


@inlined
def _middle(wall_ns: Number) -> Number:
    """The middle 32 bits of an instant's NTP time."""
    seconds = wall_ns // _SECOND + NTP_EPOCH_SECONDS
    return (seconds & 0xFFFF) << 16 | (wall_ns % _SECOND << 16) // _SECOND


@inlined
def _put_ntp(out: Bytes, at: Number, wall_ns: Number) -> None:
    put32(out, at, (wall_ns // _SECOND + NTP_EPOCH_SECONDS) & 0xFFFFFFFF)
    put32(out, at + 4, (wall_ns % _SECOND << 32) // _SECOND)


@inlined
def _since(now_ns: Number, then_ns: Number) -> Number:
    """In 1/65536 s."""
    return min(max((now_ns - then_ns) * 65536 // _SECOND, 0), 0xFFFFFFFF)


@inlined
def _head(out: Bytes, at: Number, count: Number, kind: Number, end: Number) -> None:
    out[at] = 0x80 | count
    out[at + 1] = kind
    put16(out, at + 2, (end - at) // 4 - 1)


@inlined
def _put_block(out: Bytes, at: Number, row: Any, wall_ns: Number) -> None:
    """What was heard of one talker; its next report is since this one."""
    expected = row.highest - row.base + 1
    since = expected - row.expected_before
    lost_since = since - (row.received - row.received_before)
    row.expected_before = expected
    row.received_before = row.received
    put32(out, at, row.ssrc)
    out[at + 4] = min((lost_since << 8) // since, 255) if since > 0 and lost_since > 0 else 0
    lost = expected - row.received
    out[at + 5] = (lost >> 16) & 255
    put16(out, at + 6, lost & 0xFFFF)
    put32(out, at + 8, row.highest & 0xFFFFFFFF)
    put32(out, at + 12, np.int64(row.jitter * CLOCK_HZ / 1000) & 0xFFFFFFFF)
    put32(out, at + 16, row.reference)
    put32(out, at + 20, _since(wall_ns, row.reference_ns) if row.reference else 0)


@kernel
def write_report(
    out: Bytes,
    speakers: Any,
    place: Number,
    sends: bool,
    streams: Hearing,
    name: Bytes,
    wall_ns: Number,
    stamp: Number,
    told: NDArray[np.int64],
) -> Number:
    """A session's compound packet of this instant; its length. With `sends` it is a sender's: `stamp` is the RTP time
    stamp of the instant. `told` has room for `MOST_TOLD` places."""
    speaker = speakers[place]
    at = 8
    if sends:
        _put_ntp(out, 8, wall_ns)
        put32(out, 16, stamp)
        put32(out, 20, speaker.packets & 0xFFFFFFFF)
        put32(out, 24, speaker.octets & 0xFFFFFFFF)
        at = 28
    put32(out, 4, speaker.ssrc)
    blocks = 0
    replies = 0
    for row in range(len(streams.owners)):
        if streams.owners[row] != place:
            continue
        stream = streams.rows[row]
        if stream.received > stream.received_before:
            if blocks < MOST_TOLD:
                _put_block(out, at, stream, wall_ns)
                at += 24
                blocks += 1
        elif stream.reference != 0 and replies < MOST_TOLD:
            told[replies] = row
            replies += 1
    _head(out, 0, blocks, SENDER_REPORT if sends else RECEIVER_REPORT, at)

    begins = at
    put32(out, at + 4, speaker.ssrc)
    out[at + 8] = CNAME
    out[at + 9] = len(name)
    out[at + 10 : at + 10 + len(name)] = name
    at += 10 + len(name)
    out[at : at + 4] = 0
    at += 4 - (at - begins) % 4
    _head(out, begins, 1, SOURCE_DESCRIPTION, at)

    if not sends or replies:
        begins = at
        put32(out, at + 4, speaker.ssrc)
        at += 8
        if not sends:
            out[at] = REFERENCE_TIME
            out[at + 1] = 0
            put16(out, at + 2, 2)
            _put_ntp(out, at + 4, wall_ns)
            at += 12
        if replies:
            out[at] = SINCE_REFERENCE
            out[at + 1] = 0
            put16(out, at + 2, 3 * replies)
            at += 4
            for reply in range(replies):
                stream = streams.rows[told[reply]]
                put32(out, at, stream.ssrc)
                put32(out, at + 4, stream.reference)
                put32(out, at + 8, _since(wall_ns, stream.reference_ns))
                at += 12
        _head(out, begins, 0, EXTENDED_REPORT, at)
    return at


@inlined
def _trip(counters: Floats, at_ns: Number, last: Number, since: Number) -> None:
    """A round trip, RFC 3550, section 6.4.1; less than none (a clock was set back) is none."""
    trip = (_middle(at_ns) - last - since) & 0xFFFFFFFF
    milliseconds = 0.0 if trip >= 1 << 31 else trip * 1000.0 / 65536.0
    counters[_TRIP] += milliseconds
    counters[_TRIPS] += 1
    counters[_TRIP_MOST] = max(counters[_TRIP_MOST], milliseconds)
    counters[_TRIP_LAST] = milliseconds


@inlined
def read_report(packet: Bytes, end: Number, at_ns: Number, own: Number, stream: Any, counters: Floats) -> Any:
    """Take in another's compound packet, which ends at `end`; False where it says more than a report does."""
    plain = True
    at = np.int64(0)
    while at + 8 <= end:
        kind = packet[at + 1]
        count = np.int64(packet[at] & 31)
        ends = at + 4 * (get16(packet, at + 2) + 1)
        if ends > end:
            break
        if kind in (SENDER_REPORT, RECEIVER_REPORT):
            block = at + (28 if kind == SENDER_REPORT else 8)
            if kind == SENDER_REPORT and block <= ends:
                stream.reference = get32(packet, at + 10)
                stream.reference_ns = at_ns
            while count > 0 and block + 24 <= ends:
                if get32(packet, block) == own and get32(packet, block + 16) != 0:
                    _trip(counters, at_ns, get32(packet, block + 16), get32(packet, block + 20))
                block += 24
                count -= 1
        elif kind == EXTENDED_REPORT:
            part = at + 8
            while part + 4 <= ends:
                part_ends = min(part + 4 * (get16(packet, part + 2) + 1), ends)
                if packet[part] == REFERENCE_TIME and part + 12 <= part_ends:
                    stream.reference = get32(packet, part + 6)
                    stream.reference_ns = at_ns
                elif packet[part] == SINCE_REFERENCE:
                    for reply in range(part + 4, part_ends - 11, 12):
                        if get32(packet, reply) == own:
                            _trip(counters, at_ns, get32(packet, reply + 4), get32(packet, reply + 8))
                part = part_ends
        elif kind in (GOODBYE, APPLICATION):
            plain = False
        at = ends
    return plain
