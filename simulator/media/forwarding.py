"""What the relay does with datagrams: to whom each goes, what befalls it on the way, when it leaves.

Each pair of a talker and a listener in a room is a leg, with a state of its own: whether it has begun, whether its
channel is in the bad state (Gilbert and Elliott, see `simulator.model.voice_quality`). What is not sent at once waits
in the wheel.
"""

from __future__ import annotations

import math
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import inlined, kernel
from simulator.media.batches import PACKET_BYTES, Outgoing
from simulator.media.packets import (
    EXTENSION_PROFILE,
    FOR,
    KNOCK,
    RELAY_SSRC,
    Bytes,
    Number,
    get16,
    get32,
    is_rtcp,
    put16,
    put32,
)
from simulator.media.tables import Table, find
from simulator.media.talking import draw, next_draw
from simulator.media.wheel import WHEEL, Wheel, hold
from simulator.wire.rtcp import APPLICATION, GOODBYE

Words = NDArray[np.uint64]
Longs = NDArray[np.int64]

MOST_MEMBERS: Final = 128
"""Of one room: the platform has 100."""
REORDER_MS: Final = 30
_RTP_MORE: Final = 8  # bytes of the header extension
_RTCP_MORE: Final = 16  # of the APP packet

MEMBER: Final = np.dtype(
    [
        ("ssrc", np.int64),
        ("address", np.uint64),  # 0: not heard of yet
        ("room", np.int64),
        ("seat", np.int64),  # in its room
        ("heard_ns", np.int64),
        ("packets_in", np.int64),
        ("packets_out", np.int64),
        ("packets_lost", np.int64),
        ("packets_duplicated", np.int64),
    ],
    align=True,
)

ROOM: Final = np.dtype(
    [
        ("seats", np.int64),  # up to the highest that is taken
        ("impaired", np.int64),
        ("turns_bad", np.float64),
        ("turns_good", np.float64),
        ("lost_good", np.float64),
        ("lost_bad", np.float64),
        ("jitter_ms", np.float64),
        ("delay_ms", np.float64),
        ("reorder", np.float64),
        ("duplicate", np.float64),
    ],
    align=True,
)

IN, OUT, LOST, DUPLICATED, DELAYED, REPORTS_IN, STRANGERS, OVERRUN = range(8)
TALLY: Final = 8
"""Counters of a relay: voice that came, went out, was lost and duplicated on purpose, waited; RTCP; what nobody knows;
what the wheel had no room for."""


class Forwarding(NamedTuple):
    """Members by place, which `table` has by SSRC; rooms by row, with their seats; legs by talker and the listener's
    seat."""

    table: Table
    members: Any
    rooms: Any
    seats: NDArray[np.int32]
    legs: NDArray[np.uint8]


class Noticed(NamedTuple):
    """Members who asked for an answer, and who said goodbye: how many (at 0), and their places."""

    knocks: Longs
    gone: Longs


_BEGUN, _BAD = np.uint8(1), np.uint8(2)


@inlined
def _copy(data: Bytes, at: Number, source: Bytes, length: Number, ssrc: Number) -> Number:
    """A datagram as it goes to one listener, who is named in it; its length."""
    target = data[at]
    if is_rtcp(source, length):
        target[:length] = source[:length]
        target[length] = 0x80
        target[length + 1] = APPLICATION
        put16(target, length + 2, 3)
        put32(target, length + 4, RELAY_SSRC)
        for i in range(4):
            target[length + 8 + i] = FOR[i]
        put32(target, length + 12, ssrc)
        return length + _RTCP_MORE
    target[:12] = source[:12]
    target[0] |= 0x10
    put16(target, 12, EXTENSION_PROFILE)
    put16(target, 14, 1)
    put32(target, 16, ssrc)
    target[20 : length + _RTP_MORE] = source[12:length]
    return length + _RTP_MORE


@inlined
def _ends_with_knock(packet: Bytes, length: Number) -> bool:
    if length < 12 or packet[length - 11] != APPLICATION:
        return False
    found = True
    for i in range(4):
        found = found and packet[length - 4 + i] == KNOCK[i]
    return found


@inlined
def _says_goodbye(packet: Bytes, length: Number) -> bool:
    at = 0
    while at + 4 <= length:
        if packet[at + 1] == GOODBYE:
            return True
        at += 4 * (get16(packet, at + 2) + 1)
    return False


@inlined
def _lost(room: Any, leg: Number, random: Words) -> tuple[Number, bool]:
    """The leg after one more packet, and whether that one is lost. The first of a leg never is."""
    first = leg & _BEGUN == 0
    bad = leg & _BAD != 0
    random[0] = next_draw(random[0])
    turn = draw(random[0])
    bad = turn > room.turns_good if bad else turn <= room.turns_bad
    random[0] = next_draw(random[0])
    lost = draw(random[0]) <= (room.lost_bad if bad else room.lost_good)
    return _BEGUN | (_BAD if bad else np.uint8(0)), lost and not first


@inlined
def _waits_ms(room: Any, voice: bool, random: Words) -> Number:
    """How long a datagram is held up: whole milliseconds."""
    wait = room.delay_ms
    if room.jitter_ms > 0.0:
        random[0] = next_draw(random[0])
        wait += -math.log(draw(random[0])) * room.jitter_ms
    if voice and room.reorder > 0.0:
        random[0] = next_draw(random[0])
        if draw(random[0]) <= room.reorder:
            wait += REORDER_MS
    return min(np.int64(round(wait)), WHEEL - 2)


@inlined
def _send(
    out: Outgoing, written: Number, wheel: Wheel, slot: Number, packet: Bytes, length: Number, listener: Any
) -> tuple[Number, bool]:
    """A datagram to a listener: into the outgoing batch, which has `written`, or into a slot of the wheel (-1: none).
    How many are written then; false where the wheel has no room."""
    if slot < 0:
        out.lengths[written] = _copy(out.data, written, packet, length, listener.ssrc)
        out.addresses[written, 0] = listener.address
        return written + 1, True
    place = hold(wheel, slot)
    if place < 0:
        return written, False
    wheel.lengths[place] = _copy(wheel.held, place, packet, length, listener.ssrc)
    wheel.bound_for[place] = listener.address
    return written, True


@kernel
def forward(
    datagrams: Any,
    data: Bytes,
    first: Number,
    end: Number,
    now_ms: Number,
    here: Forwarding,
    out: Outgoing,
    wheel: Wheel,
    noticed: Noticed,
    random: Words,
    tally: Longs,
) -> tuple[Number, Number]:
    """Deal with the datagrams from `first` to `end`. Returns up to which they are dealt with (the others would not fit
    into the outgoing batch: send it, call again) and how many datagrams are to go out now."""
    knocks, gone = noticed
    written = 0
    for at in range(first, end):
        if written + 2 * MOST_MEMBERS > len(out.data):
            return at, written
        datagram = datagrams[at]
        length = datagram.length
        packet = data[datagram.begin : datagram.begin + length]
        if length < 8 or length > PACKET_BYTES - _RTCP_MORE or packet[0] >> 6 != 2:
            tally[STRANGERS] += 1
            continue
        report = is_rtcp(packet, length)
        if not report and (length < 13 or packet[0] & 0x1F != 0):
            tally[STRANGERS] += 1
            continue
        talker = find(here.table, get32(packet, 4 if report else 8))
        if talker < 0:
            tally[STRANGERS] += 1
            continue
        member = here.members[talker]
        member.heard_ns = datagram.at_ns
        member.address = datagram.address
        if report:
            tally[REPORTS_IN] += 1
            if _ends_with_knock(packet, length):
                knocks[0] += 1
                knocks[knocks[0]] = talker
                continue
            if _says_goodbye(packet, length):
                gone[0] += 1
                gone[gone[0]] = talker
        else:
            tally[IN] += 1
            member.packets_in += 1
        room = here.rooms[member.room]
        for seat in range(room.seats):
            place = np.int64(here.seats[member.room, seat])
            if place < 0 or place == talker or here.members[place].address == 0:
                continue
            listener = here.members[place]
            copies = 1
            wait = 0
            if room.impaired:
                if not report:
                    here.legs[talker, seat], lost = _lost(room, here.legs[talker, seat], random)
                    if lost:
                        tally[LOST] += 1
                        listener.packets_lost += 1
                        continue
                    if room.duplicate > 0.0:
                        random[0] = next_draw(random[0])
                        if draw(random[0]) <= room.duplicate:
                            copies = 2
                            tally[DUPLICATED] += 1
                            listener.packets_duplicated += 1
                wait = _waits_ms(room, not report, random)
            elif not report:
                here.legs[talker, seat] |= _BEGUN
            slot = (now_ms + wait) % WHEEL if wait > 0 else -1
            for _ in range(copies):
                if not report:
                    tally[OUT] += 1
                    listener.packets_out += 1
                written, fits = _send(out, written, wheel, slot, packet, length, listener)
                if not fits:
                    tally[OVERRUN] += 1
                elif wait > 0 and not report:
                    tally[DELAYED] += 1
    return end, written
