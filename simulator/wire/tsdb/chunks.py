"""Chunks: up to 120 samples of one series, packed bit by bit (XOR encoding).

Format: tsdb/docs/format/chunks.md; the scheme is Gorilla's (Pelkonen et al., VLDB 2015, section 4.1) with Prometheus's
widths for timestamps in milliseconds. A chunk is the very one that Prometheus would write for the same samples.

Values are taken as bit patterns (`float64.view(uint64)`), so that staleness markers and other NaNs stay what they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import inlined, kernel
from simulator.wire.tsdb.checksum import Bytes, checksum
from simulator.wire.tsdb.varints import put_uvarint, put_varint

SAMPLES_PER_CHUNK: Final = 120
"""As many as Prometheus's head puts into one chunk."""

STALE_NAN: Final = 0x7FF0000000000002
"""The bit pattern of a staleness marker."""

SEGMENT_HEADER: Final = b"\x85\xbd\x40\xdd\x01\x00\x00\x00"
"""What a segment file of chunks begins with: magic number, version 1, padding."""

_XOR: Final = 1
_MOST_BITS: Final = 68 + 77  # of one sample: timestamp, value
_LONGEST_DATA: Final = 2 + 10 + 8 + (SAMPLES_PER_CHUNK * _MOST_BITS + 7) // 8 + 8  # the last word may be written whole
_LONGEST_FRAME: Final = 5 + 1 + 4  # length, encoding, checksum
_NO_WINDOW: Final = 0xFF

Ints = NDArray[np.int64]
Words = NDArray[np.uint64]
Presence = NDArray[np.bool_]


@dataclass(frozen=True)
class Chunks:
    """Chunks of several series, one after the other as they stand in a segment file.

    Chunk `i` belongs to the row `row[i]` of what was encoded, holds samples from `first_ms[i]` to `last_ms[i]` (both
    included) and starts at `data[at[i]]`. Those of one row follow each other in the order of time.
    """

    data: Bytes
    at: Ints
    row: Ints
    first_ms: Ints
    last_ms: Ints
    samples: int

    def __len__(self) -> int:
        return len(self.at)


def encode_chunks(times_ms: Ints, values: Words, present: Presence) -> Chunks:
    """Encode samples: `values[s, t]` is that of series `s` at `times_ms[t]` (rising), where `present[s, t]`."""
    series, times = values.shape
    if len(times_ms) != times or present.shape != values.shape:
        raise ValueError(f"{len(times_ms)} times and presence {present.shape} do not fit values {values.shape}")
    most = series * -(-times // SAMPLES_PER_CHUNK)
    table = np.empty((4, most), dtype=np.int64)
    room = most * (_LONGEST_FRAME + 20 + 8) + (series * times * _MOST_BITS + 7) // 8  # pages never touched cost nothing
    out = np.empty(room, dtype=np.uint8)
    count, used, samples = _encode(times_ms, values, present, out, table)
    at, row, first, last = table[:, :count].copy()
    return Chunks(out[:used].copy(), at, row, first, last, samples)


@kernel
def _encode(times: Ints, values: Words, present: Presence, out: Bytes, table: Ints) -> tuple[int, int, int]:
    scratch = np.empty(_LONGEST_DATA, dtype=np.uint8)
    chosen = np.empty(len(times), dtype=np.int64)
    count = 0
    end = 0
    samples = 0
    for series in range(values.shape[0]):
        there = 0
        for at in range(len(times)):
            chosen[there] = at
            there += present[series, at]
        samples += there
        for first in range(0, there, SAMPLES_PER_CHUNK):
            places = chosen[first : min(first + SAMPLES_PER_CHUNK, there)]
            length = _pack(times, values[series], places, scratch)
            table[0, count] = end
            table[1, count] = series
            table[2, count] = times[places[0]]
            table[3, count] = times[places[-1]]
            count += 1
            end = _frame(scratch, length, out, end)
    return count, end, samples


@inlined
def _frame(data: Bytes, length: int, out: Bytes, at: int) -> int:
    """A chunk as it stands in a segment: length, encoding, data, checksum of the last two."""
    at = put_uvarint(out, at, np.uint64(length))
    start = at
    out[at] = np.uint8(_XOR)
    at += 1
    for place in range(length):
        out[at + place] = data[place]
    at += length
    crc = checksum(out, start, at)
    for shift in (24, 16, 8, 0):
        out[at] = np.uint8((crc >> np.uint32(shift)) & np.uint32(0xFF))
        at += 1
    return at


@inlined
def _pack(times: Ints, values: Words, places: Ints, out: Bytes) -> int:
    """Samples as chunk data in `out`; its length in bytes."""
    count = len(places)
    out[0] = np.uint8(count >> 8)
    out[1] = np.uint8(count & 0xFF)
    time = times[places[0]]
    value = values[places[0]]
    at = put_varint(out, 2, time)
    for shift in range(56, -8, -8):
        out[at] = np.uint8((value >> np.uint64(shift)) & np.uint64(0xFF))
        at += 1
    delta = np.int64(0)
    leading = _NO_WINDOW
    trailing = 0
    word = np.uint64(0)  # the bits not yet written, in its low end
    filled = 0  # how many they are
    for number in range(1, count):
        place = places[number]
        now = times[place] - time
        time = times[place]
        if number == 1:
            at = put_uvarint(out, at, np.uint64(now))
        else:
            change = now - delta
            if change == 0:
                at, word, filled = _put(out, at, word, filled, np.uint64(0), 1)
            elif -((1 << 13) - 1) <= change <= 1 << 13:
                bits = np.uint64(0b10 << 14) | (np.uint64(change) & np.uint64((1 << 14) - 1))
                at, word, filled = _put(out, at, word, filled, bits, 16)
            elif -((1 << 16) - 1) <= change <= 1 << 16:
                bits = np.uint64(0b110 << 17) | (np.uint64(change) & np.uint64((1 << 17) - 1))
                at, word, filled = _put(out, at, word, filled, bits, 20)
            elif -((1 << 19) - 1) <= change <= 1 << 19:
                bits = np.uint64(0b1110 << 20) | (np.uint64(change) & np.uint64((1 << 20) - 1))
                at, word, filled = _put(out, at, word, filled, bits, 24)
            else:
                at, word, filled = _put(out, at, word, filled, np.uint64(0b1111), 4)
                at, word, filled = _put(out, at, word, filled, np.uint64(change), 64)
        delta = now

        difference = values[place] ^ value
        value = values[place]
        if difference == np.uint64(0):
            at, word, filled = _put(out, at, word, filled, np.uint64(0), 1)
            continue
        head = min(_leading_zeros(difference), 31)
        tail = _trailing_zeros(difference)
        if leading != _NO_WINDOW and head >= leading and tail >= trailing:
            at, word, filled = _put(out, at, word, filled, np.uint64(0b10), 2)
        else:
            leading = head
            trailing = tail
            width = 64 - leading - trailing
            window = np.uint64((0b11 << 11) | (leading << 6) | (width & 0x3F))
            at, word, filled = _put(out, at, word, filled, window, 13)
        width = 64 - leading - trailing
        at, word, filled = _put(out, at, word, filled, difference >> np.uint64(trailing), width)
    if filled > 0:
        word <<= np.uint64(64 - filled)
        for shift in range(56, 56 - filled, -8):
            out[at] = np.uint8((word >> np.uint64(shift)) & np.uint64(0xFF))
            at += 1
    return at


@inlined
def _put(out: Bytes, at: int, word: np.uint64, filled: int, bits: np.uint64, width: int) -> tuple[int, np.uint64, int]:
    """Append the low `width` bits (1 to 64) of `bits`, which has none above them: the new `at`, `word`, `filled`."""
    if filled + width < 64:
        return at, (word << np.uint64(width)) | bits, filled + width
    rest = filled + width - 64
    high = bits >> np.uint64(rest)
    if filled > 0:
        high |= word << np.uint64(64 - filled)
    for shift in range(56, -8, -8):
        out[at] = np.uint8((high >> np.uint64(shift)) & np.uint64(0xFF))
        at += 1
    return at, bits, rest  # bits above `rest` are shifted out before the word is next written


_DE_BRUIJN: Final = np.uint64(0x03F79D71B4CB0A89)


def _places() -> NDArray[np.int64]:
    """The bit that each product of a power of two and the de Bruijn sequence stands for."""
    places = np.zeros(64, dtype=np.int64)
    for bit in range(64):
        places[((int(_DE_BRUIJN) << bit) & 0xFFFFFFFFFFFFFFFF) >> 58] = bit
    return places


_PLACES: Final = _places()


@inlined
def _trailing_zeros(x: np.uint64) -> int:
    """Zero bits below the lowest one of `x`, which is not 0."""
    lowest = x & (~x + np.uint64(1))
    return int(_PLACES[(lowest * _DE_BRUIJN) >> np.uint64(58)])


@inlined
def _leading_zeros(x: np.uint64) -> int:
    """Zero bits above the highest one of `x`, which is not 0."""
    for distance in (1, 2, 4, 8, 16, 32):
        x |= x >> np.uint64(distance)
    return int(63 - _PLACES[((x - (x >> np.uint64(1))) * _DE_BRUIJN) >> np.uint64(58)])
