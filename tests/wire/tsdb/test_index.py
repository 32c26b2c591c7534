"""The index: what was put in is found again, by another reader."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.telemetry.samples import Labels, labels_of
from simulator.wire.tsdb.index import ChunkTable, encode_index
from tests.wire.tsdb.reader import read_index

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12) | st.text(
    "a", min_size=1, max_size=200
)
LABELS = st.dictionaries(TEXTS, TEXTS, min_size=1, max_size=4).map(labels_of)
SERIES = st.lists(LABELS, min_size=1, max_size=12, unique=True).map(sorted)


def a_table(series: int, data: st.DataObject) -> tuple[ChunkTable, list[list[tuple[int, int, int]]]]:
    """Chunks of each series, in the order of time."""
    expected: list[list[tuple[int, int, int]]] = []
    for _ in range(series):
        start = data.draw(st.integers(-(2**40), 2**44))
        chunks = []
        for _ in range(data.draw(st.integers(1, 3))):
            end = start + data.draw(st.integers(0, 2**40))
            chunks.append((start, end, data.draw(st.integers(0, 2**40))))
            start = end + 1
        expected.append(chunks)
    flat = np.array([chunk for chunks in expected for chunk in chunks], dtype=np.int64)
    first = np.cumsum([0, *map(len, expected)], dtype=np.int64)
    return ChunkTable(first, flat[:, 0].copy(), flat[:, 1].copy(), flat[:, 2].copy()), expected


@settings(deadline=None)
@given(series=SERIES, data=st.data())
def test_everything_is_found_again(series: list[Labels], data: st.DataObject) -> None:
    table, expected = a_table(len(series), data)
    index = read_index(encode_index(series, table))

    assert [one.labels for one in index.series.values()] == series
    assert [list(one.chunks) for one in index.series.values()] == expected
    assert list(index.series) == sorted(index.series)
    assert list(index.symbols) == sorted(
        {"", *(text for labels in series for pair in labels for text in pair)}, key=str.encode
    )
    assert list(index.postings) == sorted(index.postings)
    for pair, refs in index.postings.items():
        assert refs == [ref for ref, one in index.series.items() if pair == ("", "") or pair in one.labels]
    assert {(name, value) for name, values in index.label_values.items() for value in values} == {
        pair for labels in series for pair in labels
    }
    assert all(values == sorted(values) for values in index.label_values.values())


@pytest.mark.parametrize("second", ["a", "b"])
def test_series_that_do_not_rise_are_refused(second: str) -> None:
    table = ChunkTable(np.arange(3), np.zeros(2, np.int64), np.zeros(2, np.int64), np.zeros(2, np.int64))
    with pytest.raises(ValueError, match="must rise"):
        encode_index([(("x", "b"),), (("x", second),)], table)


def test_chunks_are_grouped_by_series_and_keep_their_order() -> None:
    owner = np.array([2, 0, 2, 0, 1])
    at = np.arange(5)
    table = ChunkTable.grouped(3, owner, at, at + 10, at + 20)
    assert table.first.tolist() == [0, 2, 3, 5]
    assert table.first_ms.tolist() == [1, 3, 4, 0, 2]
    assert table.last_ms.tolist() == [11, 13, 14, 10, 12]
    assert table.ref.tolist() == [21, 23, 24, 20, 22]
