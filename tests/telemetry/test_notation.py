"""promtool's notation, against a reading of its grammar written the long way, sample by sample."""

from __future__ import annotations

import json
import math
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.stack.binaries import find_binaries
from simulator.telemetry.notation import Kind, parse_notation

ABSENT = None


def samples(text: str) -> list[float | None]:
    notation = parse_notation(text)
    values = notation.at(np.arange(len(notation), dtype=np.int64)).tolist()
    return [ABSENT if math.isnan(value) else value for value in values]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1+1x5", [1, 2, 3, 4, 5, 6]),
        ("1-2x3", [1, -1, -3, -5]),
        ("0x10", [0] * 11),
        ("7", [7]),
        ("5 _ 6", [5, ABSENT, 6]),
        ("1 _x3 stale 2x1", [1, ABSENT, ABSENT, ABSENT, ABSENT, 2, 2]),
        ("-2+3x2", [-2, 1, 4]),
        ("1.5e1+.5x2", [15, 15.5, 16]),
        ("0+10x0", [0]),
        ("  3   4\t5 ", [3, 4, 5]),
        ("inf", [math.inf]),
    ],
)
def test_the_examples_of_its_documentation(text: str, expected: list[float | None]) -> None:
    assert samples(text) == expected


ITEM = st.one_of(
    st.just(("_", [ABSENT])),
    st.integers(0, 9).map(lambda n: (f"_x{n}", [ABSENT] * n)),
    st.just(("stale", [ABSENT])),
    st.integers(-99, 99).map(lambda a: (str(a), [a])),
    st.tuples(st.integers(-99, 99), st.integers(0, 9)).map(lambda t: (f"{t[0]}x{t[1]}", [t[0]] * (t[1] + 1))),
    st.tuples(st.integers(-99, 99), st.integers(-9, 9), st.integers(0, 9)).map(
        lambda t: (f"{t[0]}{t[1]:+d}x{t[2]}", [t[0] + t[1] * k for k in range(t[2] + 1)])
    ),
)


@given(st.lists(ITEM, min_size=1, max_size=8).filter(lambda items: any(values for _, values in items)))
def test_a_sequence_is_its_items_one_after_another(items: list[tuple[str, list[float | None]]]) -> None:
    assert samples(" ".join(text for text, _ in items)) == [value for _, values in items for value in values]


@given(st.lists(ITEM, min_size=1, max_size=5).filter(lambda items: any(values for _, values in items)))
def test_what_was_written_lasts_on_both_sides(items: list[tuple[str, list[float | None]]]) -> None:
    notation = parse_notation(" ".join(text for text, _ in items))
    inside = notation.at(np.array([0, len(notation) - 1], dtype=np.int64))
    outside = notation.at(np.array([-1000, len(notation) + 10**6], dtype=np.int64))
    assert np.array_equal(inside, outside, equal_nan=True)


def test_a_long_series_stays_a_short_thing() -> None:
    notation = parse_notation("0+2x900000000")
    assert len(notation.runs) == 1
    assert notation.at(np.array([400_000_000], dtype=np.int64)).tolist() == [8e8]


@pytest.mark.parametrize(
    "text", ["1+1", "x5", "1x", "1 x5", "1+1x5.5", "stalex3", "NaN", "1+-1x3", "__", "{{schema:1}}", "", "_x0"]
)
def test_what_promtool_refuses_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"notation|empty"):
        parse_notation(text)


@pytest.mark.parametrize(
    ("text", "rises"),
    [
        ("0+1x5", True),
        ("3x4 3 9", True),
        ("0+1x5 0+1x5", False),
        ("5-1x2", False),
        ("1 _ 2", False),
        ("1 stale", False),
    ],
)
def test_whether_a_counter_can_be_raised_by_it(text: str, rises: bool) -> None:
    assert parse_notation(text).rises is rises


@pytest.mark.stack
@pytest.mark.parametrize("text", ["1+1x5", "0x10", "3 _x2 4-1.5x3 stale 7x2", "_ 5 _x0 -2+3x2", "1.5e1+.5x2 stale"])
def test_promtool_reads_it_alike(text: str, tmp_path: Path) -> None:
    """Ten minutes lie between two samples, so that none is found in the next one's place."""
    expected = samples(text)
    checks = [
        {
            "expr": "x",
            "eval_time": f"{10 * number}m",
            "exp_samples": [] if value is ABSENT else [{"labels": "x", "value": value}],
        }
        for number, value in enumerate(expected)
    ]
    series = [{"series": "x", "values": text}]
    file = tmp_path / "test.yml"
    file.write_text(json.dumps({"tests": [{"interval": "10m", "input_series": series, "promql_expr_test": checks}]}))
    promtool = find_binaries(None, None).promtool.path
    ran = subprocess.run([promtool, "test", "rules", file], capture_output=True, text=True, timeout=250)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_a_run_of_no_samples_is_nothing() -> None:
    assert [run.kind for run in parse_notation("1 _x0 2").runs] == [Kind.NUMBERS, Kind.NUMBERS]
