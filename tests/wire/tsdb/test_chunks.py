"""Chunks: every sample comes back bit by bit, whatever it is, and when."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.wire.tsdb.chunks import SAMPLES_PER_CHUNK, STALE_NAN, Chunks, encode_chunks
from tests.wire.tsdb.reader import Sample, read_chunk


def bits_of(value: float) -> int:
    """The bit pattern of a float."""
    return int.from_bytes(struct.pack(">d", value), "big")


PATTERNS = st.one_of(
    st.integers(0, 2**64 - 1),
    st.sampled_from([STALE_NAN, 0, 1 << 63, 1, 2**64 - 1, 0x7FF8000000000001, 0x7FF0000000000000, 0xFFF0000000000000]),
    st.floats(width=64).map(bits_of),
    st.integers(-(2**53), 2**53).map(float).map(bits_of),
)
STEPS = st.one_of(
    st.sampled_from([15_000, 15_001, 14_999, 1]),
    st.sampled_from([1 << 13, 1 << 16, 1 << 19]).flatmap(lambda edge: st.integers(edge - 2, edge + 15_002)),
    st.integers(1, 2**40),
)


def read(chunks: Chunks) -> list[list[list[Sample]]]:
    """The chunks of each row."""
    rows: list[list[list[Sample]]] = []
    data = chunks.data.tobytes()
    ends = [*chunks.at[1:].tolist(), len(data)]
    for number in range(len(chunks)):
        samples, end = read_chunk(data, int(chunks.at[number]))
        assert end == ends[number]
        assert (chunks.first_ms[number], chunks.last_ms[number]) == (samples[0][0], samples[-1][0])
        rows += [[] for _ in range(int(chunks.row[number]) + 1 - len(rows))]
        rows[int(chunks.row[number])].append(samples)
    return rows


@settings(deadline=None)
@given(
    start=st.integers(-(2**62), 2**42),
    steps=st.lists(STEPS, max_size=20),
    data=st.data(),
)
def test_every_bit_comes_back(start: int, steps: list[int], data: st.DataObject) -> None:
    times = np.cumsum([start, *steps], dtype=np.int64)
    row = st.lists(PATTERNS, min_size=len(times), max_size=len(times))
    values = np.array(data.draw(st.lists(row, min_size=1, max_size=3)), dtype=np.uint64)
    there = st.lists(st.booleans(), min_size=values.size, max_size=values.size)
    present = np.array(data.draw(there), dtype=np.bool_).reshape(values.shape)
    chunks = encode_chunks(times, values, present)
    rows = read(chunks)
    assert chunks.samples == present.sum()
    for number in range(len(values)):
        expected = [(int(t), int(v)) for t, v, p in zip(times, values[number], present[number], strict=True) if p]
        found = rows[number] if number < len(rows) else []
        assert [sample for chunk in found for sample in chunk] == expected


@pytest.mark.parametrize("edge", [0, 1 << 13, 1 << 16, 1 << 19])
@pytest.mark.parametrize("sign", [1, -1])
def test_changes_of_the_step_at_the_edges_of_their_widths(edge: int, sign: int) -> None:
    for change in range(edge - 2, edge + 3):
        times = np.cumsum([0, 10**6, 10**6 + sign * change, 10**6], dtype=np.int64)
        rows = read(encode_chunks(times, np.zeros((1, 4), np.uint64), np.ones((1, 4), np.bool_)))
        assert [time for time, _ in rows[0][0]] == times.tolist()


def test_a_chunk_has_120_samples_of_those_that_are_there() -> None:
    times = np.arange(500, dtype=np.int64) * 15_000
    values = np.zeros((2, 500), dtype=np.uint64)
    present = np.ones(values.shape, dtype=np.bool_)
    present[1, ::2] = False
    rows = read(encode_chunks(times, values, present))
    assert [len(chunk) for chunk in rows[0]] == [120, 120, 120, 120, 20]
    assert [len(chunk) for chunk in rows[1]] == [120, 120, 10]


def test_the_worst_chunk_fits() -> None:
    """No window of a value fits the next one's, and no step is like the one before."""
    times = np.cumsum([(1, 2**45)[at % 2] for at in range(SAMPLES_PER_CHUNK)], dtype=np.int64)
    values = np.array([[(0x8000000000000001, 0)[at % 2] for at in range(SAMPLES_PER_CHUNK)]], dtype=np.uint64)
    values[0, ::3] ^= np.uint64(0xFFFFFFFFFFFFFFFF)
    rows = read(encode_chunks(times, values, np.ones(values.shape, dtype=np.bool_)))
    assert [value for _, value in rows[0][0]] == values[0].tolist()


def test_a_steady_counter_is_small() -> None:
    times = np.arange(120, dtype=np.int64) * 15_000
    values = np.arange(120, dtype=np.float64)[None, :].view(np.uint64)
    assert len(encode_chunks(times, values, np.ones(values.shape, dtype=np.bool_)).data) < 250


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        encode_chunks(np.zeros(3, np.int64), np.zeros((1, 2), np.uint64), np.ones((1, 2), np.bool_))
