"""What the relay does with datagrams: to whom each goes, what befalls it on the way, when it leaves.

Each pair of a talker and a listener in a room is a leg, with a state of its own: whether it has begun, whether its
channel is in the bad state (Gilbert and Elliott, see `simulator.model.voice_quality`). What is not sent at once waits
in a wheel of 8,192 ms, by the millisecond at which it leaves; within one it leaves in the order in which it came.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import inlined, kernel
from simulator.media.batches import LENGTH, PACKET_BYTES
from simulator.media.packets import (
    EXTENSION_PROFILE,
    FOR,
    KNOCK,
    RELAY_SSRC,
    Number,
    find,
    get16,
    is_rtcp,
    put16,
    put32,
    stamp_and_overflow,
)
from simulator.media.talking import draw, next_draw
from simulator.wire.rtcp import APPLICATION, GOODBYE

Bytes = NDArray[np.uint8]
Words = NDArray[np.uint64]
Longs = NDArray[np.int64]

MOST_MEMBERS: Final = 128
"""Of one room: the platform has 100."""
WHEEL: Final = 8192
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

IN, OUT, LOST, DUPLICATED, DELAYED, REPORTS_IN, STRANGERS, OVERFLOW, OVERRUN = range(9)
TALLY: Final = 9
"""Counters of a relay: voice that came, went out, was lost and duplicated on purpose, waited; RTCP; what nobody knows;
what the socket had no room for; what the wheel had none for."""

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


@kernel
def forward(
    headers: Words,
    data: Bytes,
    control: Words,
    came_from: Words,
    first: Number,
    count: Number,
    now_ms: Number,
    keys: Words,
    places: NDArray[np.int32],
    members: Any,
    rooms: Any,
    seats: NDArray[np.int32],
    legs: NDArray[np.uint8],
    out_data: Bytes,
    out_pieces: Words,
    out_addresses: Words,
    wheel: Longs,
    following: Longs,
    lengths: Longs,
    bound_for: Words,
    held: Bytes,
    free: Longs,
    random: Words,
    knocks: Longs,
    gone: Longs,
    tally: Longs,
) -> tuple[Number, Number]:
    """Deal with the datagrams of a batch from `first` to `count`. Returns how many of them are dealt with (the others
    would not fit into the outgoing batch: send it, call again) and how many datagrams are to go out now.

    `knocks[0]` and `gone[0]` say how many members asked for an answer and said goodbye, whose places follow.
    """
    written = 0
    for at in range(first, count):
        if written + 2 * MOST_MEMBERS > len(out_data):
            return at, written
        length = np.int64(headers[at, LENGTH] & np.uint64(0xFFFFFFFF))
        packet = data[at]
        at_ns, overflow = stamp_and_overflow(control[at], np.int64(headers[at, 5]))
        tally[OVERFLOW] = max(tally[OVERFLOW], overflow)
        if length < 8 or length > PACKET_BYTES - _RTCP_MORE or packet[0] >> 6 != 2:
            tally[STRANGERS] += 1
            continue
        report = is_rtcp(packet, length)
        if not report and (length < 13 or packet[0] & 0x1F != 0):
            tally[STRANGERS] += 1
            continue
        whose = 4 if report else 8
        ssrc = (
            np.int64(packet[whose]) << 24
            | np.int64(packet[whose + 1]) << 16
            | np.int64(packet[whose + 2]) << 8
            | np.int64(packet[whose + 3])
        )
        talker = find(keys, places, ssrc)
        if talker < 0:
            tally[STRANGERS] += 1
            continue
        member = members[talker]
        member.heard_ns = at_ns
        member.address = came_from[at, 0]
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
        room = rooms[member.room]
        for seat in range(room.seats):
            listener = np.int64(seats[member.room, seat])
            if listener < 0 or listener == talker or members[listener].address == 0:
                continue
            copies = 1
            wait = 0
            if room.impaired:
                if not report:
                    legs[talker, seat], lost = _lost(room, legs[talker, seat], random)
                    if lost:
                        tally[LOST] += 1
                        members[listener].packets_lost += 1
                        continue
                    if room.duplicate > 0.0:
                        random[0] = next_draw(random[0])
                        if draw(random[0]) <= room.duplicate:
                            copies = 2
                            tally[DUPLICATED] += 1
                            members[listener].packets_duplicated += 1
                wait = _waits_ms(room, not report, random)
            elif not report:
                legs[talker, seat] |= _BEGUN
            for _ in range(copies):
                if not report:
                    tally[OUT] += 1
                    members[listener].packets_out += 1
                if wait == 0:
                    out_pieces[written, 1] = _copy(out_data, written, packet, length, members[listener].ssrc)
                    out_addresses[written, 0] = members[listener].address
                    written += 1
                    continue
                if free[0] == 0:
                    tally[OVERRUN] += 1
                    continue
                place = free[free[0]]
                free[0] -= 1
                lengths[place] = _copy(held, place, packet, length, members[listener].ssrc)
                bound_for[place] = members[listener].address
                following[place] = -1
                slot = (now_ms + wait) % WHEEL
                if wheel[slot, 0] < 0:
                    wheel[slot, 0] = place
                else:
                    following[wheel[slot, 1]] = place
                wheel[slot, 1] = place
                if not report:
                    tally[DELAYED] += 1
    return count, written


@kernel
def release(
    slot: Number,
    out_data: Bytes,
    out_pieces: Words,
    out_addresses: Words,
    wheel: Longs,
    following: Longs,
    lengths: Longs,
    bound_for: Words,
    held: Bytes,
    free: Longs,
) -> Number:
    """Take what leaves in a slot of the wheel into the outgoing batch, as far as it fits; how many."""
    written = 0
    while wheel[slot, 0] >= 0 and written < len(out_data):
        place = wheel[slot, 0]
        wheel[slot, 0] = following[place]
        length = lengths[place]
        out_data[written, :length] = held[place, :length]
        out_pieces[written, 1] = length
        out_addresses[written, 0] = bound_for[place]
        free[0] += 1
        free[free[0]] = place
        written += 1
    return written
