"""What somebody who looks on sees of long work: how far it is, how fast, how long it still takes."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from simulator.cli.live_view import LiveView
from simulator.clock import ManualClock


def _shown(*, is_terminal: bool, steps: list[tuple[str, int, int, int]]) -> str:
    """What is written while work goes on: (what, done, expected, milliseconds until then)."""
    written, clock = io.StringIO(), ManualClock(1_000_000)
    console = Console(file=written, force_terminal=is_terminal, width=120, legacy_windows=False, color_system=None)
    with LiveView(console, clock, quiet=False) as view:
        for what, done, expected, milliseconds in steps:
            clock.advance(milliseconds)
            view.work(what, done, expected)
    return written.getvalue()


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ([("rules", 0, 868, 0)], "0 of 868"),
        ([("rules", 0, 868, 0), ("rules", 217, 868, 10_000)], "217 of 868, 22/s, 0:30 left"),
        ([("rules", 0, 868, 0), ("rules", 5, 868, 10_000)], "5 of 868, 0.5/s, 28:46 left"),
        ([("history", 1_000, 5_000, 0), ("history", 2_000, 5_000, 2_000)], "2,000 of 5,000, 500/s, 0:06 left"),
        ([("history", 900, 1_000, 0), ("rules", 0, 10, 9_000), ("rules", 5, 10, 5_000)], "5 of 10, 1.0/s, 0:05 left"),
    ],
    ids=["just begun", "half a minute left", "slow", "not what an earlier run did", "each at its own rate"],
)
def test_long_work_says_how_long_it_takes(steps: list[tuple[str, int, int, int]], said: str) -> None:
    shown = _shown(is_terminal=True, steps=steps)
    assert steps[-1][0] in shown
    assert said in shown


def test_where_nobody_looks_nothing_is_written() -> None:
    assert _shown(is_terminal=False, steps=[("rules", done, 868, 500) for done in range(868)]) == ""
