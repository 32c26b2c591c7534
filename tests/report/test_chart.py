"""Charts as data: nothing that matters is thinned away, and the same is there in words and as a table."""

from __future__ import annotations

import json
import math

from hypothesis import given
from hypothesis import strategies as st

from simulator.report.chart import Chart, Line, aligned, number, thinned
from simulator.units import SECOND
from tests.verdict.scene import START

POINTS = st.dictionaries(st.integers(START, START + 10_000_000), st.floats(-1e9, 1e9), min_size=1, max_size=200).map(
    lambda found: sorted(found.items())
)


@given(st.lists(POINTS, min_size=1, max_size=4), st.integers(4, 60))
def test_thinning_keeps_every_peak_and_trough(lines: list[list[tuple[int, float]]], most: int) -> None:
    instants, columns = aligned([Line("x", points) for points in lines])
    kept, thin = thinned(instants, columns, most)
    assert len(kept) <= most + 1
    assert kept == sorted(set(kept))
    for points, column in zip(lines, thin, strict=True):
        assert len(column) == len(kept)
        drawn = [value for value in column if value is not None]
        assert (min(drawn), max(drawn)) == (min(v for _, v in points), max(v for _, v in points))


def test_lines_of_other_instants_leave_gaps() -> None:
    chart = Chart("c", "t", (Line("a", [(START, 1.0), (START + SECOND, 2.0)]), Line("b", [(START, 3.0)])), START)
    drawn = chart.drawn(100)
    assert drawn["x"] == [0, 1]
    assert drawn["y"] == [[1, 2], [3, None]]


def test_what_json_lacks_is_a_gap_in_the_picture_and_told_in_the_table() -> None:
    points = [(START, math.inf), (START + SECOND, math.nan), (START + 2 * SECOND, 0.123456789)]
    chart = Chart("c", "t", (Line("a", points),), START, op=">", threshold=math.inf)
    drawn = chart.drawn(100)
    assert drawn["y"] == [[None, None, 0.12346]]
    assert drawn["threshold"] is None
    json.dumps(drawn, allow_nan=False)
    assert list(chart.table(10)) == [("+0s", "+Inf"), ("+1s", "NaN"), ("+2s", "0.1235")]
    assert chart.summary.startswith("a: from 0.1235 to +Inf")


def test_in_words() -> None:
    points = [(START + n * SECOND, value) for n, value in enumerate([0.0, 0.1, 0.3, 0.0])]
    over = Chart("c", "t", (Line("api", points),), START, op=">", threshold=0.05)
    assert over.summary == "api: from 0 to 0.3, above 0.05 between +1s and +2s."
    under = Chart("c", "t", (Line("api", points),), START, op=">", threshold=0.5)
    assert under.summary == "api: from 0 to 0.3, never above 0.5."
    once = Chart("c", "t", (Line("api", points),), START, op=">=", threshold=0.3)
    assert once.summary == "api: from 0 to 0.3, at or above 0.3 at +2s."
    many = Chart("c", "t", tuple(Line(str(n), points) for n in range(5)), START)
    assert many.summary.endswith("2: from 0 to 0.3. 2 more lines in the table.")
    assert Chart("c", "t", (Line("api", []),), START).summary == "No values at any instant of the run."


def test_a_table_of_many_rows_is_evenly_thinned() -> None:
    points = [(START + n * SECOND, float(n)) for n in range(100)]
    rows = list(Chart("c", "t", (Line("a", points),), START).table(24))
    assert [row[0] for row in rows[:2]] == ["+0s", "+5s"]
    assert len(rows) <= 24


def test_numbers() -> None:
    shown = [number(n) for n in (0.0, 0.0123456, 12345.6, -3.0, 1e20, math.inf, None)]
    assert shown == ["0", "0.01235", "12,346", "-3", "1e+20", "+Inf", "–"]
