"""A block's files moved in time: the same samples, all of them so much later.

Chunks and index keep times as one number and differences from it, so that only the first time of each chunk and of each
series changes, and the checksum over it. A time takes six bytes from July 1970 to 2039; one that would need another
number of them cannot be moved in place.
"""

from __future__ import annotations

import numpy as np

from simulator.compiled import inlined, kernel
from simulator.wire.tsdb.checksum import Bytes, checksum
from simulator.wire.tsdb.chunks import SEGMENT_HEADER
from simulator.wire.tsdb.varints import get_uvarint, get_varint, put_varint

_ALIGNMENT = 16  # of a series in the index
_TOC_BYTES = 6 * 8 + 4
_CHECKSUM_BYTES = 4


def move_segment(segment: Bytes, by_ms: int) -> int:
    """Move every chunk of a segment file, in place; how many there are. Raises ValueError (see above)."""
    return _counted(_move_chunks(segment, len(SEGMENT_HEADER), by_ms))


def move_index(index: Bytes, by_ms: int) -> int:
    """Move every series of an index file, in place; how many there are. Raises ValueError (see above)."""
    toc = index[-_TOC_BYTES:-_CHECKSUM_BYTES].view(">u8").tolist()
    return _counted(_move_series(index, toc[1], toc[2], by_ms))


def _counted(count: int) -> int:
    if count < 0:
        raise ValueError("a time of this block takes another number of bytes once it is moved")
    return count


@kernel
def _move_chunks(data: Bytes, at: int, by: int) -> int:
    """Length, encoding, data (number of samples, first time, …), checksum over the last two."""
    count = 0
    while at < len(data):
        length, start = get_uvarint(data, at)
        end = start + 1 + int(np.int64(length))
        if not _moved(data, start + 3, by):
            return -1
        _put_checksum(data, start, end)
        at = end + _CHECKSUM_BYTES
        count += 1
    return count


@kernel
def _move_series(data: Bytes, at: int, last: int, by: int) -> int:
    """Length, labels (their number, two references each), chunks (their number, first time, …), checksum over all."""
    count = 0
    while True:
        at += -at % _ALIGNMENT
        if at >= last:
            return count
        length, start = get_uvarint(data, at)
        end = start + int(np.int64(length))
        labels, place = get_uvarint(data, start)
        for _ in range(2 * np.int64(labels)):
            _, place = get_uvarint(data, place)
        chunks, place = get_uvarint(data, place)
        if chunks > np.uint64(0) and not _moved(data, place, by):
            return -1
        _put_checksum(data, start, end)
        at = end + _CHECKSUM_BYTES
        count += 1


@inlined
def _moved(data: Bytes, at: int, by: int) -> bool:
    """Add to the signed number at `data[at:]`; False where the sum has another length: then nothing changes."""
    time, after = get_varint(data, at)
    scratch = np.empty(10, dtype=np.uint8)
    length = put_varint(scratch, 0, np.int64(time + by))
    if length != after - at:
        return False
    for place in range(length):
        data[at + place] = scratch[place]
    return True


@inlined
def _put_checksum(data: Bytes, start: int, end: int) -> None:
    """The CRC-32C of `data[start:end]`, right after it."""
    crc = checksum(data, start, end)
    for place in range(_CHECKSUM_BYTES):
        shift = np.uint32(24 - 8 * place)
        data[end + place] = np.uint8((crc >> shift) & np.uint32(0xFF))
