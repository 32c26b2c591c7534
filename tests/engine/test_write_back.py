"""Stale markers: the same, whether a result is known as a whole or evaluation by evaluation."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from simulator.engine.ranges import Ranged
from simulator.engine.server import RangeResult, WrittenSeries
from simulator.engine.write_back import Appender, Ledger, with_stale_markers
from simulator.telemetry.samples import Labels

_TIMES = np.arange(8, dtype=np.int64) * 1000
_STALE = 0x7FF0000000000002
_ROWS = st.lists(st.lists(st.booleans(), min_size=8, max_size=8), max_size=4)


def _plain(series: list[WrittenSeries]) -> dict[Labels, list[tuple[int, int]]]:
    return {
        one.labels: list(zip(one.times_ms.tolist(), one.values.view(np.uint64).tolist(), strict=True)) for one in series
    }


@given(present=_ROWS, failed=st.sets(st.integers(0, 7)))
def test_both_ways_write_the_same(present: list[list[bool]], failed: set[int]) -> None:
    there = np.array(present, dtype=np.bool_).reshape(len(present), 8)
    there[:, list(failed)] = False
    values = np.arange(there.size, dtype=np.float64).reshape(there.shape)
    labels = tuple((("__name__", f"r{row}"),) for row in range(len(present)))
    result = RangeResult(labels, there, values)

    appender = Appender()
    for column, at_ms in enumerate(_TIMES.tolist()):
        if column not in failed:
            assert appender.append(at_ms, result.at(column)) == ""
    by_turns = _plain(appender.take())

    assert _plain(with_stale_markers(Ranged(result, dict.fromkeys(failed, "no")), _TIMES)) == by_turns
    for samples in by_turns.values():
        assert all(bits != _STALE or samples[place - 1][1] != _STALE for place, (_, bits) in enumerate(samples))


def test_a_series_ends_at_the_first_evaluation_that_succeeds_without_it() -> None:
    present = np.array([[True, False, False, True]])
    result = RangeResult(((("__name__", "r"),),), present, np.ones((1, 4)))
    (series,) = with_stale_markers(Ranged(result, {1: "failed"}), _TIMES[:4])
    assert series.times_ms.tolist() == [0, 2000, 3000]
    assert series.values.view(np.uint64).tolist()[1] == _STALE


def test_who_comes_second_is_refused_and_ends_nothing() -> None:
    ledger = Ledger()
    first, second = Appender(ledger), Appender(ledger)
    series: Labels = (("__name__", "r"),)
    assert first.append(0, [(series, 1.0)]) == ""
    assert second.append(0, [(series, 1.0)]) == ""  # the same value is no conflict
    assert first.append(1, [(series, 1.0)]) == ""
    assert second.append(1, [(series, 2.0)]) == "duplicate sample for timestamp"
    assert second.append(2, []) == ""
    assert first.append(3, [(series, 3.0)]) == ""
    assert first.append(2, [(series, 3.0)]) == "out of order sample"
    assert [one.times_ms.tolist() for one in second.take()] == [[0]]
