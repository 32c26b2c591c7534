"""Who talks when, and the packets that this makes: one kernel call for every session that is due in a tick.

People talk on and off. Lengths of talk spurts and pauses are exponential, with the means of ITU-T Recommendation P.59
(03/1993), table 1, hangover included: 1.004 s and 1.587 s, which is talk for 38.5 % of the time. Each session goes its
own way: in a room of many more than one may talk at a time, as P.59's pairs do for 6.6 % of it.

While somebody talks, a packet of 64 kbit/s leaves every 20 ms; in a pause one of two bytes every 400 ms, as Opus has
it with discontinuous transmission (RFC 7587, section 3.1.3; RFC 6716, section 2.1.9). The time stamp goes on through
pauses, numbers do not; a spurt's first packet has the marker bit (RFC 3551, section 4.1).
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import inlined, kernel
from simulator.media.batches import Outgoing
from simulator.media.packets import Number, put16, put32
from simulator.wire.rtp import FRAME_MS, FRAME_TICKS, HEADER_BYTES, OPUS_PAYLOAD_TYPE

TALK_SECONDS: Final = 1.004
PAUSE_SECONDS: Final = 1.587
PAYLOAD_BYTES: Final = 160
"""64 kbit/s, the platform's default for voice."""
QUIET_PAYLOAD_BYTES: Final = 2
QUIET_FRAMES: Final = 20
TOC: Final = 0x78
"""Opus' first byte: hybrid, fullband, one frame of 20 ms, mono (RFC 6716, section 3.1)."""

SPURTS, ALWAYS, LISTENS = 0, 1, 2

SPEAKER: Final = np.dtype(
    [
        ("ssrc", np.int64),
        ("address", np.uint64),  # of the relay, as a word
        ("sequence", np.int64),  # the next number, extended by its cycles
        ("stamp", np.int64),  # time stamp of frame 0
        ("mode", np.int64),
        ("muted", np.int64),
        ("away", np.int64),  # it sends no voice: the relay has not answered yet, or it has left
        ("on", np.int64),
        ("frames", np.int64),  # to the end of the spurt or pause
        ("quiet", np.int64),  # to the next packet of a pause
        ("marked", np.int64),  # the next packet begins a spurt
        ("random", np.uint64),
        ("packets", np.int64),
        ("octets", np.int64),  # of payload
        ("spurts", np.int64),
    ],
    align=True,
)

_STEP = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)


@inlined
def draw(random: Number) -> float:
    """A number in (0, 1] of a state, which goes up by `_STEP` with each draw (splitmix64: G. L. Steele Jr., D. Lea and
    C. H. Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014)."""
    mixed = np.uint64(random)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * _MIX_1
    mixed = (mixed ^ (mixed >> np.uint64(27))) * _MIX_2
    mixed = mixed ^ (mixed >> np.uint64(31))
    return (np.float64(mixed >> np.uint64(11)) + 1.0) / 9007199254740992.0


@inlined
def next_draw(random: Number) -> Number:
    """The state after one more draw."""
    return np.uint64(random) + _STEP


@inlined
def _length(speaker: Any, mean_seconds: float) -> Number:
    speaker.random = next_draw(speaker.random)
    return max(np.int64(round(-math.log(draw(speaker.random)) * mean_seconds * 1000 / FRAME_MS)), 1)


@inlined
def _turn(speaker: Any) -> None:
    """The next spurt or pause begins."""
    speaker.on = 1 - speaker.on
    speaker.frames = _length(speaker, TALK_SECONDS if speaker.on else PAUSE_SECONDS)
    if speaker.on:
        speaker.marked = 1
        speaker.spurts += 1
    else:
        speaker.quiet = QUIET_FRAMES


@inlined
def says(speaker: Any) -> Number:
    """Bytes of payload of this frame; 0 for no packet. The speaker goes on by a frame."""
    if speaker.away or speaker.mode == LISTENS:
        return 0
    if speaker.mode == SPURTS:
        if speaker.frames <= 0:
            _turn(speaker)
        speaker.frames -= 1
    elif not speaker.on:
        speaker.on = 1
        speaker.marked = 1
        speaker.spurts += 1
    if speaker.muted:
        speaker.marked = 1 if speaker.on else 0
        return 0
    if speaker.on:
        return PAYLOAD_BYTES
    speaker.quiet -= 1
    if speaker.quiet <= 0:
        speaker.quiet = QUIET_FRAMES
        return QUIET_PAYLOAD_BYTES
    return 0


@kernel
def begin(speakers: Any, place: Number, seed: Number) -> None:
    """Draw where in a spurt or pause a new session is, and where its numbers begin."""
    speaker = speakers[place]
    speaker.random = np.uint64(seed)
    speaker.random = next_draw(speaker.random)
    speaker.sequence = np.int64(draw(speaker.random) * 0xFFFF)
    speaker.random = next_draw(speaker.random)
    speaker.stamp = np.int64(draw(speaker.random) * 0xFFFFFFFF)
    speaker.random = next_draw(speaker.random)
    # the state is turned by the first frame
    speaker.on = 0 if draw(speaker.random) <= TALK_SECONDS / (TALK_SECONDS + PAUSE_SECONDS) else 1
    if speaker.mode != SPURTS:
        speaker.on = 0
    speaker.frames = 0


@kernel
def fill(
    members: NDArray[np.int64],
    count: Number,
    frame: Number,
    speakers: Any,
    out: Outgoing,
    senders: NDArray[np.int64],
) -> Number:
    """Write the packets of one frame of the first `count` members; how many there are, and whose."""
    written = 0
    for at in range(count):
        place = members[at]
        speaker = speakers[place]
        size = says(speaker)
        if size == 0:
            continue
        packet = out.data[written]
        packet[0] = 0x80
        packet[1] = OPUS_PAYLOAD_TYPE | (0x80 if speaker.marked else 0)
        put16(packet, 2, speaker.sequence & 0xFFFF)
        put32(packet, 4, (speaker.stamp + frame * FRAME_TICKS) & 0xFFFFFFFF)
        put32(packet, 8, speaker.ssrc)
        packet[12] = TOC
        out.lengths[written] = HEADER_BYTES + size
        out.addresses[written, 0] = speaker.address
        speaker.marked = 0
        speaker.sequence += 1
        speaker.packets += 1
        speaker.octets += size
        senders[written] = place
        written += 1
    return written
