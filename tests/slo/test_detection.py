"""Times to fire: the Workbook's numbers, and the formula held to a minute-by-minute account of windows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.slo import WORKBOOK_ALERTS, BurnAlert, Objective
from simulator.units import DAY, HOUR, MINUTE, SECOND

THREE_NINES = Objective(0.999, 30 * DAY)


@pytest.mark.parametrize(
    ("alert", "error_ratio", "detected_ms"),
    [
        (BurnAlert(1, 10 * MINUTE), 1.0, 0.6 * SECOND),  # "1: Target Error Rate >= SLO Threshold"
        (BurnAlert(1, 36 * HOUR), 1.0, 129.6 * SECOND),  # "2: Increased Alert Window": 2 minutes and 10 seconds
        (BurnAlert(36, HOUR), 1.0, 129.6 * SECOND),  # "4: Alert on Burn Rate"
        (BurnAlert(1, HOUR, for_ms=HOUR), 1.0, HOUR + 3.6 * SECOND),  # "3: Incrementing Alert Duration"
    ],
)
def test_detection_times_of_the_workbook(alert: BurnAlert, error_ratio: float, detected_ms: float) -> None:
    assert alert.detection_ms(THREE_NINES, error_ratio) == pytest.approx(detected_ms)


def test_reset_times_of_the_workbook() -> None:
    # "4: Alert on Burn Rate": 58 minutes until a one-hour window has forgotten
    assert BurnAlert(36, HOUR).reset_ms(THREE_NINES, 1.0, 4 * HOUR) == pytest.approx(57.84 * MINUTE)
    # "6: Multiwindow, Multi-Burn-Rate Alerts": the short window ends it within five minutes
    reset = BurnAlert(14.4, HOUR, 5 * MINUTE).reset_ms(THREE_NINES, 1.0, 4 * HOUR)
    assert reset is not None
    assert 4.9 * MINUTE < reset < 5 * MINUTE


def test_each_burn_rate_fires_the_alerts_that_it_should() -> None:
    def fired(error_ratio: float) -> list[float]:
        return [a.burn_rate for a in WORKBOOK_ALERTS if a.detection_ms(THREE_NINES, error_ratio) is not None]

    assert fired(0.0009) == []
    assert fired(0.0015) == [1.0]
    assert fired(0.004) == [3.0, 1.0]
    assert fired(0.01) == [6.0, 3.0, 1.0]
    assert fired(0.02) == [14.4, 6.0, 3.0, 1.0]
    assert WORKBOOK_ALERTS[0].detection_ms(THREE_NINES, 0.0288) == pytest.approx(30 * MINUTE)


ALERTS = st.builds(
    BurnAlert,
    burn_rate=st.floats(1, 20),
    long_ms=st.integers(10, 90).map(lambda n: n * MINUTE),
    short_ms=st.integers(0, 9).map(lambda n: n * MINUTE),
)


@given(ALERTS, st.floats(0.002, 1), st.floats(0, 0.0009), st.integers(1, 120))
def test_it_is_what_windows_over_a_stream_of_requests_do(
    alert: BurnAlert, ratio: float, quiet: float, lasted: int
) -> None:
    day = 600
    errors = np.full(day, quiet)  # each minute's share of failures; the incident begins at 200
    errors[200 : 200 + lasted] = ratio
    sums = np.concatenate(([0.0], np.cumsum(errors)))
    threshold = THREE_NINES.error_ratio(alert.burn_rate)

    def exceeded(end: int) -> bool:
        windows = [w // MINUTE for w in (alert.long_ms, alert.short_ms) if w]
        return all((sums[end] - sums[end - w]) / w > threshold for w in windows)

    firing = [minute for minute in range(200, day) if exceeded(minute)]
    detection = alert.detection_ms(THREE_NINES, ratio, before=quiet)
    if not firing:
        assert detection is None or detection > (lasted - 1) * MINUTE
        return
    assert detection is not None
    assert abs(firing[0] - 200 - detection / MINUTE) <= 1
    reset = alert.reset_ms(THREE_NINES, ratio, lasted * MINUTE, after=quiet)
    assert reset is not None
    assert abs(firing[-1] + 1 - (200 + lasted) - reset / MINUTE) <= 1


def test_an_alert_that_was_up_before_and_one_that_never_goes() -> None:
    alert = BurnAlert(1, HOUR, for_ms=2 * MINUTE)
    assert alert.detection_ms(THREE_NINES, 0.5, before=0.01) == 2 * MINUTE
    assert alert.reset_ms(THREE_NINES, 0.5, HOUR, after=0.01) is None
    assert alert.reset_ms(THREE_NINES, 0.0005, HOUR) == 0.0
