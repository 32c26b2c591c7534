"""How a span of time is cut into blocks: as a server that had lived through it would have them.

A server writes blocks of 2 h and merges them into blocks of 3 times the length, and again, each aligned to multiples of
its length. Blocks cut that way leave it nothing to do when it opens them.
"""

from __future__ import annotations

from typing import Final

from simulator.telemetry.interval import Interval
from simulator.units import HOUR

SHORTEST_MS: Final = 2 * HOUR
_MERGED: Final = 3


def block_ranges(longest_ms: int) -> tuple[int, ...]:
    """The lengths of blocks up to `longest_ms`, rising: 2h, 6h, 18h, 54h, ..."""
    lengths = [SHORTEST_MS]
    while lengths[-1] * _MERGED <= longest_ms:
        lengths.append(lengths[-1] * _MERGED)
    return tuple(lengths)


def split_into_blocks(span: Interval, lengths: tuple[int, ...]) -> tuple[Interval, ...]:
    """The blocks of a span, in the order of time; `lengths` as `block_ranges` gives them.

    Windows of the largest length that end within the span become one block each (the first perhaps cut short at its
    beginning); what is left at the end is cut into windows of the next smaller length, and so on. The last block ends
    where the span ends, so that a server that opens it can go on from there.
    """
    *smaller, largest = lengths
    blocks: list[Interval] = []
    start = span.start_ms
    while start < span.end_ms:
        end = (start // largest + 1) * largest
        if end > span.end_ms:
            rest = Interval(start, span.end_ms)
            return (*blocks, *(split_into_blocks(rest, tuple(smaller)) if smaller else (rest,)))
        blocks.append(Interval(start, end))
        start = end
    return tuple(blocks)
