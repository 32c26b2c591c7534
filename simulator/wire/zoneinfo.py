"""A time zone as bytes: what `/usr/share/zoneinfo` holds, and what Go, C and Python read.

Source: RFC 8536, sections 3.1 and 3.2.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

MOST_OFFSETS: Final = 255
"""Different offsets that one zone can have."""

_NAME: Final = b"SIM\0"


@dataclass(frozen=True)
class Transition:
    """From this second on (Unix time), local time is UTC plus `offset` seconds."""

    at: int
    offset: int


def encode_zone(transitions: Sequence[Transition]) -> bytes:
    """A zone with these transitions, rising; before the first, its offset is in force as well.

    Raises ValueError for more than 255 different offsets or an offset of more than 68 years.
    """
    if not transitions:
        transitions = (Transition(0, 0),)
    first = transitions[0].offset
    offsets = [first, *sorted({one.offset for one in transitions} - {first})]
    if len(offsets) > MOST_OFFSETS:
        raise ValueError(f"{len(offsets)} different offsets; a zone has at most {MOST_OFFSETS}")
    if any(abs(offset) >= 2**31 for offset in offsets):
        raise ValueError("an offset of more than 68 years")
    old = _header(0, 1) + struct.pack(">iBB", 0, 0, 0) + _NAME  # the first part is for readers of 32 bits
    instants = b"".join(struct.pack(">q", one.at) for one in transitions)
    kinds = bytes(offsets.index(one.offset) for one in transitions)
    records = b"".join(struct.pack(">iBB", offset, 0, 0) for offset in offsets)
    return old + _header(len(transitions), len(offsets)) + instants + kinds + records + _NAME + b"\n\n"


def _header(transitions: int, offsets: int) -> bytes:
    return b"TZif2" + bytes(15) + struct.pack(">6I", 0, 0, 0, transitions, offsets, len(_NAME))
