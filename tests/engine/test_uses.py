"""What the use of a metric tells about it."""

from __future__ import annotations

import pytest

from simulator.engine.uses import Guess, uses_of

C, H, G = Guess.COUNTER, Guess.HISTOGRAM, Guess.GAUGE


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        ("x > 3", [("x", G, set())]),
        ("rate(x[5m])", [("x", C, set())]),
        ("sum by (code) (increase(x{a='b'}[5m]))", [('x{a="b"}', C, {"code"})]),
        ("histogram_quantile(0.9, sum by (le, zone) (rate(x_bucket[1m])))", [("x_bucket", H, {"le", "zone"})]),
        ("x_bucket", [("x_bucket", H, set())]),
        ("a / on (zone) rate(b_total[5m])", [("a", G, {"zone"}), ("b_total", C, {"zone"})]),
        ("inodes_free / inodes_total < 0.1", [("inodes_free", G, set()), ("inodes_total", G, set())]),
        ("changes(b_total[5m]) > changes(a[5m])", [("b_total", C, set()), ("a", G, set())]),
        ("sum without (zone) (a)", [("a", G, set())]),
        ("a unless on (zone) b", [("a", G, {"zone"}), ("b", G, {"zone"})]),
        ("max_over_time(rate(x[5m])[1h:])", [("x", C, set())]),
        ("topk(scalar(k), -x)", [("x", G, set()), ("k", G, set())]),
        ("1 + time()", []),
        ("holt_winters(x[1h], 0.5, 0.5) > 1", [("x", G, set())]),  # its name until Prometheus 3.0
    ],
)
def test_types_and_labels_from_use(expr: str, expected: list[tuple[str, Guess, set[str]]]) -> None:
    assert [(str(use.selector), use.guess, set(use.grouped_by)) for use in uses_of(expr)] == expected


def test_what_does_not_parse_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\w"):
        uses_of("sum(")
