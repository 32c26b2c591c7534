"""The shards of a platform: each series in exactly one, the whole histogram with it, whatever the number of parts."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from simulator.streams.shards import Shard, ShardedSamples
from simulator.streams.snapshot import snapshot
from simulator.telemetry.samples import FamilyBlock, MetricType, Series
from simulator.wire.exposition import encode_families

TIMES = np.array([0, 15_000], dtype=np.int64)


class Platform:
    """Two targets of one job and one of another, each with a counter of many series and a histogram."""

    def jobs(self) -> tuple[str, ...]:
        return ("a", "b")

    def instances(self, job: str) -> tuple[str, ...]:
        return ("a-1", "a-2") if job == "a" else ("b-1",)

    def is_up(self, job: str, instance: str, at_ms: int) -> bool:
        return instance != "a-2" or at_ms == 0

    def blocks(self, job: str, instance: str, times_ms: NDArray[np.int64]) -> tuple[FamilyBlock, ...]:
        many = tuple(Series("x_total", (("n", str(n)),)) for n in range(60))
        ladder = tuple(
            series
            for route in "pqrs"
            for series in (
                *(Series("d_bucket", (("le", le), ("route", route))) for le in ("1", "+Inf")),
                Series("d_sum", (("route", route),)),
                Series("d_count", (("route", route),)),
            )
        )
        number = len(job + instance)
        values = [
            np.arange(len(s) * len(times_ms), dtype=float).reshape(len(times_ms), -1) + number for s in (many, ladder)
        ]
        return (
            FamilyBlock("d", MetricType.HISTOGRAM, "", ladder, times_ms, values[1]),
            FamilyBlock("x_total", MetricType.COUNTER, "", many, times_ms, values[0]),
        )


Columns = dict[tuple[str, str, Series], list[float]]


def columns(source: Platform | ShardedSamples) -> Columns:
    return {
        (job, instance, series): block.values[:, number].tolist()
        for job in source.jobs()
        for instance in source.instances(job)
        for block in source.blocks(job, instance, TIMES)
        for number, series in enumerate(block.series)
    }


@given(st.integers(1, 12))
def test_the_parts_are_the_whole_and_share_nothing(of: int) -> None:
    parts = [columns(ShardedSamples(Platform(), Shard(number, of))) for number in range(1, of + 1)]
    together: Columns = {}
    for part in parts:
        assert not together.keys() & part.keys()
        together.update(part)
    assert together == columns(Platform())


@given(st.integers(2, 12), st.integers(2, 4))
def test_finer_parts_divide_a_part(of: int, by: int) -> None:
    """Eight machines instead of two: each of the two's parts is the sum of four."""
    name, labels = "x_total", (("instance", "i"), ("n", str(of)))
    (coarse,) = [n for n in range(1, of + 1) if Shard(n, of).holds(name, labels)]
    (fine,) = [n for n in range(1, of * by + 1) if Shard(n, of * by).holds(name, labels)]
    assert (fine - 1) % of == coarse - 1


def test_parts_are_about_equal() -> None:
    counts = Counter(
        number for number in range(1, 5) for series in range(4000) if Shard(number, 4).holds("x", (("n", str(series)),))
    )
    assert sum(counts.values()) == 4000
    assert all(900 < count < 1100 for count in counts.values())


def test_a_histogram_stays_whole() -> None:
    for number in range(1, 4):
        source = ShardedSamples(Platform(), Shard(number, 3))
        for block in source.blocks("a", "a-1", TIMES):
            if block.name == "d":
                routes = Counter(dict(series.labels)["route"] for series in block.series)
                assert set(routes.values()) == {4}


def test_series_tuples_stay_the_same_objects() -> None:
    """An encoder remembers what it made of one by its identity."""
    many = Platform().blocks("b", "b-1", TIMES)

    class Steady(Platform):
        def blocks(self, job: str, instance: str, times_ms: NDArray[np.int64]) -> tuple[FamilyBlock, ...]:
            return many

    source = ShardedSamples(Steady(), Shard(1, 2))
    first, second = source.blocks("b", "b-1", TIMES), source.blocks("b", "b-1", TIMES)
    assert all(one.series is other.series for one, other in zip(first, second, strict=True))


@pytest.mark.parametrize("text", ["0/2", "3/2", "1", "a/b", "1/0", "-1/2", "1/2/3", ""])
def test_what_is_no_shard_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a shard"):
        Shard.parse(text)


def test_a_shard_is_written_as_it_is_read() -> None:
    assert str(Shard.parse("2/8")) == "2/8"


def lines(shard: Shard | None, at_ms: int = 0) -> list[str]:
    text = encode_families(snapshot(Platform(), at_ms, shard=shard), 0).decode()
    return sorted(line for line in text.splitlines() if not line.startswith("#"))


def test_a_snapshot_has_every_target_and_a_target_that_is_down_only_in_up() -> None:
    healthy, broken = lines(None), lines(None, 15_000)
    assert 'up{instance="a-2",job="a"} 1' in healthy
    assert 'up{instance="a-2",job="a"} 0' in broken
    assert len(healthy) - len(broken) == 60 + 16
    assert sum('instance="a-2"' in line for line in broken) == 1


def test_the_parts_of_a_snapshot_are_the_whole() -> None:
    assert sorted(line for number in range(1, 6) for line in lines(Shard(number, 5))) == lines(None)


def test_a_snapshot_names_each_family_once() -> None:
    text = encode_families(snapshot(Platform(), 0), 0).decode()
    assert Counter(line for line in text.splitlines() if line.startswith("# TYPE")).most_common(1)[0][1] == 1
