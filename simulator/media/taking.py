"""What has arrived, to the streams that it belongs to: voice, and the reports of those who talk."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import kernel
from simulator.media.exchange import read_report
from simulator.media.hearing import hear
from simulator.media.packets import EXTENSION_PROFILE, RELAY_SSRC, Bytes, Number, get16, get32, is_rtcp
from simulator.media.streams import Floats, Heard, Hearing, stream_key
from simulator.media.tables import Table, find, put

_STREAMS: Final = int(Heard.STREAMS)


@kernel
def take(
    datagrams: Any,
    data: Bytes,
    first: Number,
    end: Number,
    sessions: Table,
    streams: Hearing,
    heard: Floats,
    others: NDArray[np.int64],
    strangers: NDArray[np.int64],
) -> Number:
    """Hear the datagrams from `first` to `end`; how many of them are left to Python: their places are in `others`.
    There must be a free row of streams for each datagram. `strangers[0]` counts what nobody here knows."""
    told = 0
    for at in range(first, end):
        datagram = datagrams[at]
        length = datagram.length
        packet = data[datagram.begin : datagram.begin + length]
        if length < 8 or packet[0] >> 6 != 2:
            strangers[0] += 1
            continue
        report = is_rtcp(packet, length)
        if report:
            if length < 24:
                strangers[0] += 1
                continue
        elif length < 20 or packet[0] & 0x1F != 0x10 or get16(packet, 12) != EXTENSION_PROFILE:
            strangers[0] += 1
            continue
        own = get32(packet, length - 4 if report else 16)
        owner = find(sessions, own)
        if owner < 0:
            strangers[0] += 1
            continue
        ssrc = get32(packet, 4 if report else 8)
        if ssrc == RELAY_SSRC:
            others[told] = at
            told += 1
            continue
        key = stream_key(owner, ssrc)
        place = find(streams.table, key)
        if place < 0:
            place = streams.free[streams.free[0]]
            streams.free[0] -= 1
            put(streams.table, key, place)
            streams.rows[place].ssrc = ssrc
            streams.owners[place] = owner
        stream = streams.rows[place]
        if report:
            if not read_report(packet, length - 16, datagram.at_ns, own, stream, heard[owner]):
                others[told] = at
                told += 1
            continue
        if stream.heard_ns == 0:
            heard[owner, _STREAMS] += 1
        hear(
            stream,
            streams.arrived[place],
            streams.late[place],
            heard[owner],
            get16(packet, 2),
            get32(packet, 4),
            packet[1] & 0x80 != 0,
            datagram.at_ns,
            length - 8,  # as it was sent: without what the relay put in
        )
    return told
