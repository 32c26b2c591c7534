"""Requests hold every line once, in order, within limits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from simulator.sinks.loki.batches import Batcher, Parcel
from simulator.sinks.loki.limits import Limits
from tests.sinks.loki.lines import BEGIN_MS, STREAMS, Line, batch_of, batches, held_of


def cut(batcher: Batcher, parts: list[list[Line]]) -> list[Parcel]:
    return [parcel for part in parts for parcel in batcher.cut(batch_of(part))]


def texts(parcel: Parcel) -> list[tuple[int, int, bytes]]:
    """(stream, nanoseconds, text) of a request."""
    lines = parcel.lines
    return [
        (int(stream), int(at), lines.text[first : first + length].tobytes())
        for stream, at, first, length in zip(lines.stream, lines.at_ns, lines.first, lines.length, strict=True)
    ]


@given(batches(), st.integers(1, 200), st.integers(1, 3_000))
def test_nothing_is_lost_and_order_is_kept_within_limits(
    parts: list[list[Line]], request_bytes: int, window_ms: int
) -> None:
    batcher = Batcher(len(STREAMS), replace(Limits(), window_ms=window_ms), request_bytes=request_bytes)
    parcels = cut(batcher, parts)
    found: dict[int, list[tuple[int, bytes]]] = {}
    for parcel in parcels:
        lines = texts(parcel)
        assert parcel.size == sum(len(text) for _, _, text in lines) == parcel.sizes.sum()
        assert parcel.size <= request_bytes or len(lines) == 1
        assert lines
        assert (lines[-1][1] - lines[0][1]) // 1_000_000 < window_ms
        assert dict(zip(parcel.streams.tolist(), parcel.counts.tolist(), strict=True)) == {
            stream: sum(one == stream for one, _, _ in lines) for stream, _, _ in lines
        }
        for stream, at, text in lines:
            found.setdefault(stream, []).append((at, text))
    assert {STREAMS[stream]: [text for _, text in lines] for stream, lines in found.items()} == held_of(parts)
    for lines in found.values():
        times = [at for at, _ in lines]
        assert times == sorted(set(times))  # what a Loki would take for one entry is two


@given(batches(), st.data())
def test_an_entry_s_time_does_not_depend_on_where_batches_end(parts: list[list[Line]], data: st.DataObject) -> None:
    lines = [line for part in parts for line in part]
    edge = data.draw(st.integers(0, len(lines)))
    one = cut(Batcher(len(STREAMS), Limits()), [lines])
    two = cut(Batcher(len(STREAMS), Limits(), request_bytes=30), [lines[:edge], lines[edge:]])
    assert [text for parcel in one for text in texts(parcel)] == [text for parcel in two for text in texts(parcel)]


def test_lines_that_are_too_long_are_left_out_and_counted_by_stream() -> None:
    lines = [(BEGIN_MS + n, n % 2, b"x" * length) for n, length in enumerate([4, 5, 6, 7])]
    batcher = Batcher(len(STREAMS), replace(Limits(), line_bytes=5))
    assert [text for parcel in cut(batcher, [lines]) for _, _, text in texts(parcel)] == [b"xxxx", b"xxxxx"]
    assert np.flatnonzero(batcher.too_long).tolist() == [0, 1]
    assert batcher.too_long.sum() == 2


def test_a_request_is_no_larger_than_what_a_server_takes_at_once() -> None:
    lines = [(BEGIN_MS + n, 0, b"x" * 100) for n in range(50)]
    for limits in (replace(Limits(), burst_bytes=1_000.0), replace(Limits(), stream_burst_bytes=1_000.0)):
        assert {parcel.size for parcel in cut(Batcher(len(STREAMS), limits), [lines])} == {1_000}
