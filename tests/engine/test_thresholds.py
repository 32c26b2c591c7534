"""Alert expressions taken apart into values and thresholds."""

from __future__ import annotations

import promql_parser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.engine.thresholds import Comparison, comparisons_of, scaled


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        ("a > 5", [("a", ">", 5.0, "")]),
        ("((a)) > 5", [("a", ">", 5.0, "")]),
        ("5 < a", [("a", ">", 5.0, "")]),
        ("0.2 >= a", [("a", "<=", 0.2, "")]),
        ("up == 0", [("up", "==", 0.0, "")]),
        ("-a > -0.5", [("-a", ">", -0.5, "")]),
        ("a > 4 * 3600", [("a", ">", 14400.0, "")]),
        ("a > (2 ^ 3 - 1) / 2 % 2", [("a", ">", 1.5, "")]),
        ("a > 5 and b < 3", [("a", ">", 5.0, ""), ("b", "<", 3.0, "and")]),
        ("a > 5 unless on (x) b > 1", [("a", ">", 5.0, ""), ("b", ">", 1.0, "unless")]),
        ("a > 5 or absent(a)", [("a", ">", 5.0, ""), ("absent(a)", "", None, "or")]),
        ("(a > 1 and b > 2) or c > 3", [("a", ">", 1.0, ""), ("b", ">", 2.0, "and"), ("c", ">", 3.0, "or")]),
        ("(a > 1) < 5", [("a", ">", 1.0, ""), ("a", "<", 5.0, "and")]),
        ("1 < a < 5", [("a", ">", 1.0, ""), ("a", "<", 5.0, "and")]),
        ("(a > b) < 5", [("(a) - (b)", ">", 0.0, ""), ("a", "<", 5.0, "and")]),
        ("(a or b) > 1", [("a or b", ">", 1.0, "")]),
        ("absent(up)", [("absent(up)", "", None, "")]),
        ("vector(1)", [("vector(1)", "", None, "")]),
        ("a > bool 3", [("a > bool 3", "", None, "")]),
        ("a > scalar(b)", [("(a) - (scalar(b))", ">", 0.0, "")]),
        ("a > b", [("(a) - (b)", ">", 0.0, "")]),
        ("a < on (x) group_left (y) 2 * b", [("(a) - on (x) group_left (y) (2 * b)", "<", 0.0, "")]),
        ("a > ignoring (z) group_right (y) b", [("(a) - ignoring (z) group_right (y) (b)", ">", 0.0, "")]),
        ("a > on () b", [("(a) - on () (b)", ">", 0.0, "")]),
        ("a > 1 / 0", [("(a) - (1 / 0)", ">", 0.0, "")]),
        ('(a > 5) * on (x) group_left (y) b_info{y=~".+"}', [("a", ">", 5.0, "")]),
        ("b_info * on (x) group_right () (a > 5 and c < 2)", [("a", ">", 5.0, ""), ("c", "<", 2.0, "and")]),
        ("(a > 5) * b", [("(a > 5) * b", "", None, "")]),
    ],
)
def test_each_comparison_is_found(expr: str, expected: list[tuple[str, str, float | None, str]]) -> None:
    found = comparisons_of(expr)
    assert [(one.value, one.op, one.threshold, one.part) for one in found] == expected
    for one in found:
        promql_parser.parse(one.value)


def test_burn_rates_know_their_budget() -> None:
    fast = comparisons_of("a > 14.4 * 0.001 and b > (14.4 * (1 - 0.999))")
    assert [one.budget for one in fast] == pytest.approx([0.001, 0.001])
    assert [one.threshold for one in fast] == pytest.approx([0.0144, 0.0144])


@pytest.mark.parametrize("expr", ["a > 2 * 0.05", "a > 10 * 0.5 and b > 10 * 0.5", "a > 0.5 * 0.01 and b > 0.5 * 0.01"])
def test_other_products_are_no_budgets(expr: str) -> None:
    assert [one.budget for one in comparisons_of(expr)] == [None] * len(comparisons_of(expr))


def test_what_does_not_parse_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"."):
        comparisons_of("sum(")


VECTORS = st.sampled_from(
    ["a", "sum by (x) (rate(b[5m]))", 'c{d=~"e.*"} offset 1h', "f / on (g) h", "max_over_time(i[1h:5m])"]
)
LIMITS = st.floats(0, 1e6).map(lambda number: f"{number:.6g}")
COMPARED = st.builds(
    lambda *parts: " ".join(parts), VECTORS, st.sampled_from([">", ">=", "<", "<=", "==", "!="]), LIMITS
)
EXPRESSIONS = st.recursive(
    COMPARED,
    lambda inner: st.builds(
        lambda a, op, b: f"({a}) {op} ({b})", inner, st.sampled_from(["and", "or", "unless"]), inner
    ),
    max_leaves=6,
)


@given(EXPRESSIONS)
def test_put_together_again_it_has_the_same_comparisons(expr: str) -> None:
    """Each comparison on its own is one that gives itself, and none is lost."""
    found = comparisons_of(expr)
    assert len(found) == sum(expr.count(f" {op} ") for op in (">", ">=", "<", "<=", "==", "!="))
    for one in found:
        assert comparisons_of(f"({one.value}) {one.op} {one.threshold!r}") == (
            Comparison(one.value, one.op, one.threshold),
        )


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        ("a > 0.05", "(a) > 0.1"),
        ("0.5 < rate(x[5m])", "1.0 < (rate(x[5m]))"),
        ("a > 14 * 0.001 and on (x) b >= 2", "((a) > 0.028) and on (x) ((b) >= 4.0)"),
        ("(a > 1) < 5", "((a) > 2.0) < 10.0"),
        ("up == 0", None),
        ("a > 0", None),
        ("a > b", None),
        ("absent(up)", None),
        ("a > bool 1", None),
    ],
)
def test_thresholds_that_are_numbers_are_scaled_wherever_they_stand(expr: str, expected: str | None) -> None:
    assert scaled(expr, 2.0) == expected
