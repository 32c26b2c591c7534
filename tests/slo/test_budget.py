"""The SRE Workbook's own numbers (chapter 5) come out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.slo import Objective
from simulator.units import DAY, HOUR, MINUTE, SECOND

THREE_NINES = Objective(0.999, 30 * DAY)


@pytest.mark.parametrize(
    ("burn_rate", "error_ratio", "exhausted_ms"),
    [(1, 0.001, 30 * DAY), (2, 0.002, 15 * DAY), (10, 0.01, 3 * DAY), (1000, 1.0, int(43.2 * MINUTE))],
)
def test_table_5_2_burn_rates_and_time_to_exhaustion(burn_rate: float, error_ratio: float, exhausted_ms: int) -> None:
    assert THREE_NINES.error_ratio(burn_rate) == pytest.approx(error_ratio)
    assert THREE_NINES.burn_rate(error_ratio) == pytest.approx(burn_rate)
    assert THREE_NINES.spent(burn_rate, exhausted_ms) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("spent", "window_ms", "burn_rate"),
    [(0.02, HOUR, 14.4), (0.05, 6 * HOUR, 6), (0.10, 3 * DAY, 1), (0.05, HOUR, 36)],
)
def test_table_5_6_budget_spent_in_a_window(spent: float, window_ms: int, burn_rate: float) -> None:
    assert THREE_NINES.spent(burn_rate, window_ms) == pytest.approx(spent)


def test_what_is_left_of_a_budget() -> None:
    assert THREE_NINES.left(0, 1_000_000) == 1.0
    assert THREE_NINES.left(250, 1_000_000) == pytest.approx(0.75)
    assert THREE_NINES.left(1_000, 1_000_000) == pytest.approx(0.0, abs=1e-9)
    assert THREE_NINES.left(3_000, 1_000_000) == pytest.approx(-2.0)
    assert THREE_NINES.left(0, 0) == 1.0


@given(st.floats(0.5, 0.99999), st.floats(1e-6, 1), st.integers(1 * SECOND, 60 * DAY))
def test_burning_for_a_window_spends_what_is_then_missing(target: float, ratio: float, window_ms: int) -> None:
    objective = Objective(target, 30 * DAY)
    part = window_ms / objective.period_ms  # of the period's events, at steady traffic
    assert objective.spent(objective.burn_rate(ratio), window_ms) == pytest.approx(1 - objective.left(ratio * part, 1))


@pytest.mark.parametrize("wrong", [0.0, 1.0, 99.9, -0.1])
def test_percent_is_no_ratio(wrong: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        Objective(wrong)
