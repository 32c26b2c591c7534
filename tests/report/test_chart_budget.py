"""The error budget: the burn that Prometheus measured beside the one that clients saw."""

from __future__ import annotations

from dataclasses import replace

from simulator.report.chart_budget import budget_charts
from simulator.telemetry.observations import LoadMeasured
from simulator.telemetry.series import ReportSeries
from simulator.units import HOUR, MINUTE, SECOND
from tests.report.pages import BURN
from tests.verdict.scene import FAULT_END, ONSET, START


def load(failing: float = 0.2) -> list[LoadMeasured]:
    """Ten requests a second for twelve minutes, a share of them failing while the fault acts."""
    return [
        LoadMeasured(at, 5, 100, round(100 * failing) if ONSET < at <= FAULT_END else 0, 10.0, 10.0)
        for at in range(START + 10 * SECOND, START + 12 * MINUTE + 1, 10 * SECOND)
    ]


def test_true_burn_is_failed_over_sent_in_the_window_over_the_budget() -> None:
    (chart,) = budget_charts([BURN], load(), START, 12 * MINUTE)
    measured, true = chart.lines
    assert max(value for _, value in measured.points) == 150
    # At +7m the window reaches back to +2m: the fault's four minutes of five, a fifth failing, a budget of 0.001.
    assert dict(true.points)[START + 7 * MINUTE] == 0.2 * 4 / 5 / 0.001
    assert true.points[0][0] == START + 5 * MINUTE, "from the first whole window on"
    assert dict(true.points)[START + 12 * MINUTE] == 0


def test_one_chart_for_each_window_and_each_ratio_once() -> None:
    other = replace(BURN, alert="Slow", threshold=0.006)
    short = replace(BURN, expression="r1m", window_ms=MINUTE)
    charts = budget_charts([BURN, other, short], load(), START, 12 * MINUTE)
    assert [chart.title for chart in charts] == [
        "Burn rate over the last 1m, objective 99.9 %",
        "Burn rate over the last 5m, objective 99.9 %",
    ]
    assert [len(chart.lines) for chart in charts] == [2, 2]
    assert len({chart.key for chart in charts}) == 2


def test_windows_longer_than_the_run_and_runs_without_load_have_no_truth_to_compare_with() -> None:
    assert budget_charts([replace(BURN, window_ms=HOUR)], load(), START, 12 * MINUTE) == []
    assert budget_charts([BURN], [], START, 12 * MINUTE) == []
    assert budget_charts([replace(BURN, budget=None)], load(), START, 12 * MINUTE) == []


def test_the_platforms_own_books_come_before_what_load_saw_and_know_any_window() -> None:
    books = ReportSeries("", "5xx", (), None, "", (START, START + MINUTE), (0.0, 0.002), "", HOUR, true=True)
    (chart,) = budget_charts([replace(BURN, window_ms=HOUR), books], load(), START, 12 * MINUTE)
    assert chart.lines[-1].points == [(START, 0.0), (START + MINUTE, 2.0)]
    assert "what the platform counted" in chart.note
    assert budget_charts([books], load(), START, 12 * MINUTE) == [], "nothing was measured"
