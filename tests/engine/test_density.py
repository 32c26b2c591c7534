"""What of an expression a thinned past changes, and what it does not."""

from __future__ import annotations

import pytest

from simulator.engine.density import Density, sparse_reads
from simulator.engine.two_resolutions import is_for_thinned
from simulator.units import HOUR, MINUTE

DENSITY = Density(7 * HOUR, 2 * MINUTE)


@pytest.mark.parametrize(
    ("expr", "says"),
    [
        ("count_over_time(up[1d]) < 1000", "count_over_time(up[1d]) is another with fewer samples"),
        ("sum(sum_over_time(x[12h]))", "before the last 7h one in 2m"),
        ("avg_over_time(x[1d]) / 2", "avg_over_time(x[1d])"),
        ("predict_linear(x[1d], 3600) < 0", "predict_linear(x[1d], 3600)"),
        ("changes(x[1h] offset 7h) > 1", "changes(x[1h] offset 7h)"),
        ("rate(x[1m] offset 1d) > 1", "less than two samples"),
        ("avg_over_time(rate(x[1m])[1d:5m])", "less than two samples"),
        ("irate(x[10m] offset 1d)", "two neighbouring samples, which are 2m apart"),
        ("absent(last_over_time(x[1m] offset 1d))", "only at times"),
    ],
)
def test_what_counts_samples_far_back_is_named(expr: str, says: str) -> None:
    (reason,) = sparse_reads(expr, DENSITY)
    assert says in reason


@pytest.mark.parametrize(
    "expr",
    [
        "sum(rate(x[30d])) / sum(rate(y[30d])) > 0.001",
        "increase(x[1d]) > 5",
        "count_over_time(up[6h]) < 1000",
        "predict_linear(x[6h], 3600) < 0",
        "rate(x[5m] offset 1w)",
        "max_over_time(rate(x[5m])[1d:5m])",
        "x offset 1w",
        "irate(x[1d])",
        "this is no (PromQL",
    ],
)
def test_what_does_not_is_not(expr: str) -> None:
    assert sparse_reads(expr, DENSITY) == ()


def test_far_apart_samples_are_missed_by_those_who_look_at_one_instant() -> None:
    assert sparse_reads("x offset 1w", Density(7 * HOUR, 10 * MINUTE)) == (
        "x offset 1w finds a sample only at times: there is one in 10m",
    )


def test_with_every_scrape_there_is_nothing_to_name() -> None:
    assert sparse_reads("count_over_time(up[1d])", Density(7 * HOUR, 0)) == ()


@pytest.mark.parametrize(
    ("expr", "thinned"),
    [
        ("sum(rate(x[30d])) / sum(rate(y[3d]))", True),
        ("sum(rate(x[30d])) / sum(rate(y[1h]))", False),
        ("count_over_time(x[1d])", False),
        ("rate(x[1h] offset 1d)", True),
        ("rate(x[1m] offset 1d)", False),
        ("x > 1", False),
        ("vector(1)", False),
    ],
)
def test_only_long_windows_that_count_nothing_are_asked_of_thinned_samples(expr: str, thinned: bool) -> None:
    assert is_for_thinned(expr, DENSITY) is thinned
