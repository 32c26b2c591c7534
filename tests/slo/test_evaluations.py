"""Firings foretold from counts: held to the rule manager's own state machine, and to the Workbook's closed form."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.engine.groups import AlertingRule
from simulator.engine.state import AlertingState
from simulator.slo import WORKBOOK_ALERTS, BurnAlert, Compared, Conditions, Firing, Objective, firings
from simulator.slo.evaluations import Times
from simulator.telemetry.observations import AlertState
from simulator.units import DAY, MINUTE, SECOND

STEP = 15 * SECOND
THREE_NINES = Objective(0.999)


@given(st.lists(st.booleans(), min_size=1, max_size=60), st.integers(0, 5), st.integers(0, 5))
def test_firings_are_those_of_the_state_machine(holds: list[bool], for_steps: int, keep_steps: int) -> None:
    instants = np.arange(len(holds), dtype=np.int64) * STEP
    rule = AlertingRule("A", "x", for_ms=for_steps * STEP, keep_firing_for_ms=keep_steps * STEP)
    state = AlertingState(rule, lambda text, *_: text)
    expected: list[Firing] = []
    pending_ms, firing_ms = 0, -1
    for at_ms, held in zip(instants.tolist(), holds, strict=True):
        for change in state.evaluate(at_ms, [((), 1.0)] if held else []).transitions:
            if change.state is AlertState.PENDING:
                pending_ms = change.since_ms
            elif change.state is AlertState.FIRING:
                firing_ms = at_ms
                pending_ms = at_ms if rule.for_ms == 0 else pending_ms
            elif firing_ms >= 0:
                expected.append(Firing(pending_ms, firing_ms, at_ms))
                firing_ms = -1
    if firing_ms >= 0:
        expected.append(Firing(pending_ms, firing_ms, None))
    assert firings(instants, np.array(holds), rule.for_ms, rule.keep_firing_for_ms) == tuple(expected)


def _steady(onset_ms: int, end_ms: int, ratio: float, per_second: int = 1_000_000) -> object:
    """Counts of a platform with so many events a second, of which a share fails between two instants."""

    def at(times: Times) -> tuple[Times, Times]:
        failing_ms = np.clip(times, onset_ms, end_ms) - onset_ms
        return times * per_second // SECOND, np.rint(failing_ms * ratio * per_second / SECOND).astype(np.int64)

    return at


@pytest.mark.parametrize("alert", WORKBOOK_ALERTS, ids=lambda alert: f"{alert.burn_rate:g}")
@pytest.mark.parametrize("times", [1.5, 4.0, 30.0])
def test_at_steady_traffic_it_is_the_workbooks_time(alert: BurnAlert, times: float) -> None:
    ratio = THREE_NINES.error_ratio(alert.burn_rate) * times
    onset, lasted = 4 * DAY, alert.long_ms
    interval = max(alert.long_ms // 5000, SECOND)
    instants = np.arange(onset - DAY, onset + 3 * lasted, interval, dtype=np.int64)
    threshold = THREE_NINES.error_ratio(alert.burn_rate)
    windows = [[Compared(alert.long_ms, threshold), Compared(alert.short_ms, threshold)]]
    (fired,) = Conditions(windows, instants, _steady(onset, onset + lasted, ratio)).firings(2 * MINUTE)  # type: ignore[arg-type]
    detection = alert.detection_ms(THREE_NINES, ratio)
    reset = alert.reset_ms(THREE_NINES, ratio, lasted)
    assert detection is not None
    assert reset is not None
    assert fired.resolved_ms is not None
    assert abs(fired.pending_ms - onset - detection) <= 2 * interval
    assert 2 * MINUTE <= fired.firing_ms - fired.pending_ms < 2 * MINUTE + interval
    assert abs(fired.resolved_ms - onset - lasted - reset) <= 2 * interval


def test_nothing_is_exceeded_while_nothing_happens() -> None:
    instants = np.arange(0, 100 * STEP, STEP, dtype=np.int64)
    silent = lambda times: (np.zeros_like(times), np.zeros_like(times))  # noqa: E731
    assert not Conditions([[Compared(MINUTE, 0.001)]], instants, silent).hold().any()


def test_a_ratio_that_may_be_off_leans_to_either_side() -> None:
    instants = np.arange(0, 600 * SECOND, SECOND, dtype=np.int64)
    conditions = Conditions(
        [[Compared(100 * SECOND, 0.05, step_ms=10 * SECOND)]], instants, _steady(200 * SECOND, DAY, 0.1)
    )  # type: ignore[arg-type]
    first = [conditions.firings(0, leaning=leaning)[0].firing_ms for leaning in (1, 0, -1)]
    assert first == pytest.approx([245_000, 250_000, 265_000], abs=2000)  # the lowest is stale, too
