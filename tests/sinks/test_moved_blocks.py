"""Blocks moved in time: the same samples so much later, as if they had been written there."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.sinks.tsdb_blocks import move_blocks, read_blocks
from simulator.stack.binaries import find_binaries
from simulator.telemetry.interval import Interval
from simulator.wire.tsdb.chunks import STALE_NAN
from tests.sinks.test_tsdb_blocks import BLOCKS, START, Block, bits_of, counters, dumped, write
from tests.wire.tsdb.reader import read_block

DAY = 86_400_000


def later(samples: Block, by_ms: int) -> Block:
    """The same samples, so much later."""
    return {labels: [(time + by_ms, bits) for time, bits in row] for labels, row in samples.items()}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(samples=BLOCKS, by_ms=st.integers(-400 * DAY, 4000 * DAY))
def test_a_moved_block_is_the_one_that_would_have_been_written_there(
    samples: Block, by_ms: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("moved")
    source, target, there = folder / "source", folder / "target", folder / "there"
    for place in (source, target, there):
        place.mkdir()
    write(source, samples)
    assert move_blocks(source, target, by_ms) == 1
    written = write(there, later(samples, by_ms))
    (moved,) = read_blocks(target)
    (meta,) = read_blocks(there)
    assert (moved.span, moved.stats) == (meta.span, meta.stats)
    for name in ("chunks/000001", "index", "tombstones"):
        assert (target / moved.ulid / name).read_bytes() == (there / written / name).read_bytes(), name
    shutil.rmtree(folder)


def test_every_block_and_segment_is_moved_and_the_source_stays(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir()
    target.mkdir()
    first, second = counters(10, 500), later(counters(3, 200), DAY)
    span = Interval(START, START + DAY)
    write(source, first, segment_bytes=1000, span=span)
    write(source, second)
    assert move_blocks(source, target, 7_777) == 2
    one, other = (meta.ulid for meta in read_blocks(target))
    assert read_blocks(target)[0].span == Interval(span.start_ms + 7_777, span.end_ms + 7_777)
    assert read_block(target / one) == later(first, 7_777)
    assert read_block(target / other) == later(second, 7_777)
    assert [read_block(source / meta.ulid) for meta in read_blocks(source)] == [first, second]
    assert {path.name for path in target.iterdir()} == {one, other}


def test_a_time_that_needs_more_bytes_is_refused(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir()
    target.mkdir()
    write(source, counters(1, 5))
    with pytest.raises(ValueError, match="another number of bytes"):
        move_blocks(source, target, 20_000 * DAY)
    assert read_blocks(target) == ()


@pytest.mark.stack
def test_promtool_reads_a_moved_block(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir()
    target.mkdir()
    samples = counters(5, 300)
    samples[(("__name__", "ends"),)] = [(START, bits_of(1.5)), (START + 15_000, STALE_NAN)]
    write(source, samples)
    move_blocks(source, target, 3 * DAY + 1)
    promtool = find_binaries().promtool.path
    before, after = dumped(promtool, source), dumped(promtool, target)
    assert after == {labels: [(time + 3 * DAY + 1, text) for time, text in row] for labels, row in before.items()}
