"""CRC-32C (Castagnoli), which every part of a block ends with.

A block has millions of chunks of some 200 bytes, and kernels write them without ever coming back to Python, so the
checksum has to be a kernel too: a library would cost one call from Python for each chunk.

Polynomial and worked numbers: RFC 3720, appendix B.4. Eight bytes at a time by eight tables: M. E. Kounavis and
F. L. Berry, "A Systematic Approach to Building High Performance Software-based CRC Generators" (2005).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import inlined, kernel

Bytes = NDArray[np.uint8]

_REVERSED_POLYNOMIAL: Final = 0x82F63B78


def _tables() -> NDArray[np.uint32]:
    tables = np.zeros((8, 256), dtype=np.uint32)
    for byte in range(256):
        remainder = byte
        for _ in range(8):
            remainder = (remainder >> 1) ^ (_REVERSED_POLYNOMIAL if remainder & 1 else 0)
        tables[0, byte] = remainder
    for further in range(1, 8):
        before = tables[further - 1]
        tables[further] = (before >> np.uint32(8)) ^ tables[0, before & np.uint32(0xFF)]
    return tables


_TABLES: Final = _tables()


@inlined
def checksum(data: Bytes, first: int, end: int) -> np.uint32:
    """CRC-32C of `data[first:end]`."""
    crc = np.uint32(0xFFFFFFFF)
    at = first
    while at + 8 <= end:
        low = crc ^ (
            np.uint32(data[at])
            | (np.uint32(data[at + 1]) << np.uint32(8))
            | (np.uint32(data[at + 2]) << np.uint32(16))
            | (np.uint32(data[at + 3]) << np.uint32(24))
        )
        crc = (
            _TABLES[7, low & np.uint32(0xFF)]
            ^ _TABLES[6, (low >> np.uint32(8)) & np.uint32(0xFF)]
            ^ _TABLES[5, (low >> np.uint32(16)) & np.uint32(0xFF)]
            ^ _TABLES[4, low >> np.uint32(24)]
            ^ _TABLES[3, data[at + 4]]
            ^ _TABLES[2, data[at + 5]]
            ^ _TABLES[1, data[at + 6]]
            ^ _TABLES[0, data[at + 7]]
        )
        at += 8
    while at < end:
        crc = _TABLES[0, (crc ^ np.uint32(data[at])) & np.uint32(0xFF)] ^ (crc >> np.uint32(8))
        at += 1
    return np.uint32(crc ^ np.uint32(0xFFFFFFFF))


@kernel
def _whole(data: Bytes) -> int:
    return int(checksum(data, 0, len(data)))


def crc32c(data: bytes) -> bytes:
    """CRC-32C as blocks write it: four bytes, the highest first."""
    return int(_whole(np.frombuffer(data, dtype=np.uint8))).to_bytes(4, "big")
