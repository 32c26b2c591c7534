"""Blocks are cut so that a server finds nothing to merge."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.telemetry.interval import Interval
from simulator.units import DAY, HOUR
from simulator.wire.tsdb.ranges import block_ranges, split_into_blocks

LONGEST = st.integers(2 * HOUR, 100 * DAY)
SPANS = st.tuples(st.integers(0, 2**41), st.integers(1, 90 * DAY)).map(lambda pair: Interval(pair[0], sum(pair)))


def to_merge(blocks: tuple[Interval, ...], lengths: tuple[int, ...]) -> list[Interval]:
    """The blocks that a server would merge first.

    It leaves the newest alone; within each aligned window of the longer lengths it merges two blocks or more when they
    fill the window, or when a newer block lies beyond it.
    """
    older = blocks[:-1]
    for length in lengths[1:]:
        windows: dict[int, list[Interval]] = {}
        for block in older:
            if (block.end_ms - 1) // length == block.start_ms // length:
                windows.setdefault(block.start_ms // length, []).append(block)
        for inside in windows.values():
            full = inside[-1].end_ms - inside[0].start_ms == length
            if len(inside) > 1 and (full or inside[-1].end_ms <= older[-1].start_ms):
                return inside
    return []


def test_lengths_are_three_times_each_other() -> None:
    assert block_ranges(60 * HOUR) == (2 * HOUR, 6 * HOUR, 18 * HOUR, 54 * HOUR)
    assert block_ranges(2 * HOUR) == (2 * HOUR,)


def test_a_window_that_ends_with_the_span_is_one_block() -> None:
    span = Interval(5 * HOUR, 108 * HOUR)
    lengths = block_ranges(54 * HOUR)
    assert split_into_blocks(span, lengths) == (Interval(5 * HOUR, 54 * HOUR), Interval(54 * HOUR, 108 * HOUR))


@settings(deadline=None)
@given(span=SPANS, longest=LONGEST)
def test_blocks_follow_each_other_and_fill_the_span(span: Interval, longest: int) -> None:
    blocks = split_into_blocks(span, block_ranges(longest))
    assert blocks[0].start_ms == span.start_ms
    assert blocks[-1].end_ms == span.end_ms
    assert all(one.end_ms == other.start_ms for one, other in pairwise(blocks))
    assert all(0 < block.length_ms <= longest for block in blocks)


@settings(deadline=None)
@given(span=SPANS, longest=LONGEST)
def test_every_block_is_aligned_to_its_length(span: Interval, longest: int) -> None:
    lengths = block_ranges(longest)
    for block in split_into_blocks(span, lengths):
        assert any(block.start_ms // length == (block.end_ms - 1) // length for length in lengths)
        assert block.start_ms in (span.start_ms, block.start_ms // (2 * HOUR) * 2 * HOUR)


@settings(deadline=None)
@given(span=SPANS, longest=LONGEST)
def test_a_server_has_nothing_to_merge(span: Interval, longest: int) -> None:
    lengths = block_ranges(longest)
    assert to_merge(split_into_blocks(span, lengths), lengths) == []
