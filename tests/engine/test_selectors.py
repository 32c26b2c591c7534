"""What an expression looks at, and how far back."""

from __future__ import annotations

import pytest

from simulator.engine.selectors import selectors_of
from simulator.units import HOUR, MINUTE


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        ("up", [("up", 0, False)]),
        ('up{job="a"} == 0', [('up{job="a"}', 0, False)]),
        ("rate(x[5m])", [("x", 5 * MINUTE, False)]),
        ("rate(x[5m] offset 1h)", [("x", HOUR + 5 * MINUTE, False)]),
        ("max_over_time(rate(x[5m])[1h:1m])", [("x", HOUR + 5 * MINUTE, False)]),
        ("sum by (a) (rate(x[1m])) / on (a) y > 2", [("x", MINUTE, False), ("y", 0, False)]),
        ('absent(x{a=~"b"})', [('x{a=~"b"}', 0, True)]),
        ("a unless on () b", [("a", 0, False)]),
        ("quantile(scalar(q), x)", [("x", 0, False), ("q", 0, False)]),
        ('{__name__="x",a!="b"}', [('x{a!="b"}', 0, False)]),
        ('x{a="1" or a="2"}', [('x{a="1"}', 0, False), ('x{a="2"}', 0, False)]),
        ("vector(1)", []),
        ("-x + 2", [("x", 0, False)]),
    ],
)
def test_selectors_windows_and_absence(expr: str, expected: list[tuple[str, int, bool]]) -> None:
    assert [(str(s), s.window_ms, s.absence) for s in selectors_of(expr)] == expected


def test_an_expression_that_does_not_parse_is_refused() -> None:
    with pytest.raises(ValueError, match="parenthes"):
        selectors_of("rate(x[5m]")
