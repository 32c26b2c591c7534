"""What has arrived in a batch, to the streams that it belongs to: voice, and the reports of those who talk."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import kernel
from simulator.media.batches import LENGTH
from simulator.media.exchange import read_report
from simulator.media.hearing import Bits, Floats, Heard, Owners, Streams, hear
from simulator.media.packets import (
    EXTENSION_PROFILE,
    RELAY_SSRC,
    Number,
    find,
    get16,
    get32,
    is_rtcp,
    put,
    stamp_and_overflow,
)

_STREAMS: Final = int(Heard.STREAMS)


@kernel
def take(
    headers: Bits,
    data: NDArray[np.uint8],
    control: Bits,
    count: Number,
    session_keys: Bits,
    session_places: NDArray[np.int32],
    stream_keys: Bits,
    stream_places: NDArray[np.int32],
    streams: Streams,
    owners: Owners,
    arrived: Bits,
    late: Bits,
    heard: Floats,
    free: NDArray[np.int64],
    others: NDArray[np.int64],
    tally: NDArray[np.int64],
) -> Number:
    """Hear `count` datagrams of a batch; how many are left to Python: their places in the batch are in `others`, each
    with its arrival's stamp. `free[0]` is how many rows of streams are free, the rows follow; there must be one for
    each datagram. `tally`: strangers, and the socket's overflow so far."""
    told = 0
    for at in range(count):
        length = np.int64(headers[at, LENGTH] & np.uint64(0xFFFFFFFF))
        packet = data[at]
        at_ns, overflow = stamp_and_overflow(control[at], np.int64(headers[at, 5]))
        tally[1] = max(tally[1], overflow)
        if length < 8 or packet[0] >> 6 != 2:
            tally[0] += 1
            continue
        report = is_rtcp(packet, length)
        if report:
            if length < 24:
                tally[0] += 1
                continue
        elif length < 20 or packet[0] & 0x1F != 0x10 or get16(packet, 12) != EXTENSION_PROFILE:
            tally[0] += 1
            continue
        own = get32(packet, length - 4 if report else 16)
        owner = find(session_keys, session_places, own)
        if owner < 0:
            tally[0] += 1
            continue
        ssrc = get32(packet, 4 if report else 8)
        if ssrc == RELAY_SSRC:
            others[2 * told] = at
            others[2 * told + 1] = at_ns
            told += 1
            continue
        key = (owner + 1) << 32 | ssrc
        place = find(stream_keys, stream_places, key)
        if place < 0:
            place = free[free[0]]
            free[0] -= 1
            put(stream_keys, stream_places, key, place)
            streams[place].ssrc = ssrc
            owners[place] = owner
        if report:
            if not read_report(packet, length - 16, at_ns, own, streams[place], heard[owner]):
                others[2 * told] = at
                others[2 * told + 1] = at_ns
                told += 1
            continue
        if streams[place].heard_ns == 0:
            heard[owner, _STREAMS] += 1
        hear(
            streams[place],
            arrived[place],
            late[place],
            heard[owner],
            get16(packet, 2),
            get32(packet, 4),
            packet[1] & 0x80 != 0,
            at_ns,
            length - 8,  # as it was sent: without what the relay put in
        )
    return told
