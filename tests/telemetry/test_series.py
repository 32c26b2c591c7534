"""series.json reads back as it was written, whatever the values; anything else is told in one line."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.errors import InputError
from simulator.telemetry.series import OPERATORS, PARTS, ReportSeries, breaches, decode_series, encode_series

NUMBERS = st.floats(allow_nan=False)
POINTS = st.lists(st.tuples(st.integers(0, 2**45), NUMBERS), max_size=8)
SERIES = st.builds(
    lambda points, **fields: ReportSeries(
        times_ms=tuple(at for at, _ in points), values=tuple(value for _, value in points), **fields
    ),
    points=POINTS,
    alert=st.text(),
    expression=st.text(),
    labels=st.lists(st.tuples(st.text(), st.text()), max_size=3).map(tuple),
    threshold=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    op=st.sampled_from(sorted(OPERATORS)),
    part=st.sampled_from(sorted(PARTS)),
    window_ms=st.integers(0, 2**45),
    budget=st.none() | st.floats(0.0001, 0.05),
    series_count=st.integers(0, 1000),
)


@given(st.lists(SERIES, max_size=4).map(tuple))
def test_what_was_written_reads_back(series: tuple[ReportSeries, ...]) -> None:
    assert decode_series(encode_series(series).encode(), "series.json") == series


def test_what_is_not_a_number_reads_back_too() -> None:
    one = ReportSeries("A", "x", (), 1.0, ">", (1, 2, 3), (math.nan, math.inf, -math.inf))
    text = encode_series([one])
    assert json.loads(text)["series"][0]["values"] == ["NaN", "+Inf", "-Inf"]
    (back,) = decode_series(text.encode(), "series.json")
    assert math.isnan(back.values[0])
    assert back.values[1:] == (math.inf, -math.inf)


GOOD = json.loads(encode_series([ReportSeries("A", "x", (), 1.0, ">", (1,), (2.0,))]))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "Expecting value"),
        ("[]", "not the series of a run"),
        (json.dumps({**GOOD, "schema_version": 2}), "not the series of a run"),
        (json.dumps({**GOOD, "series": [{**GOOD["series"][0], "values": []}]}), "A: 1 instants and 0 values"),
        (json.dumps({**GOOD, "series": [{**GOOD["series"][0], "op": "=~"}]}), "no comparison"),
        (json.dumps({**GOOD, "series": [{"alert": "A"}]}), "series.0.expression: Field required"),
    ],
)
def test_anything_else_is_told_in_one_line(content: str, says: str) -> None:
    with pytest.raises(InputError) as caught:
        decode_series(content.encode(), "runs/x/series.json")
    assert str(caught.value).startswith("runs/x/series.json: ")
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("op", "through"),
    [(">", [3]), (">=", [2, 3]), ("<", [1]), ("<=", [1, 2]), ("==", [2]), ("!=", [1, 3])],
)
def test_a_comparison_lets_through_what_promql_lets_through(op: str, through: list[float]) -> None:
    assert [value for value in (1, 2, 3, math.nan) if breaches(value, op, 2.0) and not math.isnan(value)] == through


def test_without_a_threshold_every_value_fires() -> None:
    assert breaches(0.0, "", None)
