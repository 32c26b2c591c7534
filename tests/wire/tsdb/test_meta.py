"""What a block says about itself."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.telemetry.interval import Interval
from simulator.wire.tsdb.meta import BlockMeta, BlockStats, block_ulid

SPAN = Interval(1_767_600_000_000, 1_767_607_200_000)


def test_meta_is_read_back() -> None:
    meta = BlockMeta("01KECC38395PS4QTA0ZT189ZPQ", SPAN, BlockStats(samples=7, series=2, chunks=3))
    document = json.loads(meta.encode())
    assert document["minTime"] == SPAN.start_ms
    assert document["compaction"] == {"level": 1, "sources": [meta.ulid]}
    assert BlockMeta.decode(meta.encode()) == BlockMeta(meta.ulid, SPAN, meta.stats, (meta.ulid,))


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"ulid": "x", "minTime": 2, "maxTime": 1}', b'"x"'])
def test_anything_else_is_no_meta(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"meta|cannot end|JSON|Expecting"):
        BlockMeta.decode(content)


def test_ulid_of_a_known_time() -> None:
    """The time of the ULID specification's example, 01ARZ3NDEKTSV4RRFFQ69G5FAV."""
    assert block_ulid("", Interval(0, 1469922850259)).startswith("01ARZ3NDEK")


@settings(deadline=None)
@given(ends=st.lists(st.integers(1, 2**44), min_size=2, max_size=5, unique=True))
def test_ulids_sort_by_time_and_are_nobody_elses(ends: list[int]) -> None:
    spans = [Interval(0, end) for end in sorted(ends)]
    names = [block_ulid("a", span) for span in spans]
    assert names == sorted(names)
    assert len({*names, *(block_ulid("b", span) for span in spans)}) == 2 * len(ends)
    assert all(len(name) == 26 for name in names)
