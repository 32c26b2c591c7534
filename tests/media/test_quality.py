"""From what was counted to R and MOS. The published values are those of tests/model/test_voice_quality.py."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.media.messages import Report
from simulator.media.quality import heard_figures
from simulator.media.streams import HEARD, Heard
from simulator.model.voice_quality import G711, Codec, mean_opinion, measured
from tests.model.test_voice_quality import PUBLISHED


@pytest.mark.parametrize(("codec", "percent", "ie"), PUBLISHED)
def test_measured_loss_gives_the_published_opinion(codec: Codec, percent: float, ie: float) -> None:
    """ITU-T G.113, appendix I, by G.107's R = 93.2 - Ie,eff, without delay."""
    r, mos = measured(codec, gone=percent / 100, burst_ratio=1.0, delay_ms=0.0)
    assert mos == pytest.approx(mean_opinion(93.2 - ie), abs=0.05)
    assert mean_opinion(r) == mos


def test_loss_and_delay_at_once() -> None:
    """G.107 adds them: R = Ro - Is - Id - Ie,eff."""
    both = measured(G711, gone=0.03, burst_ratio=1.0, delay_ms=300.0)[0]
    loss = measured(G711, gone=0.03, burst_ratio=1.0, delay_ms=0.0)[0]
    delay = measured(G711, gone=0.0, burst_ratio=1.0, delay_ms=300.0)[0]
    assert both == pytest.approx(loss + delay - measured(G711, gone=0.0, burst_ratio=1.0, delay_ms=0.0)[0])


def counters(**counted: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    row = np.zeros(HEARD)
    for name, value in counted.items():
        row[Heard[name.upper()]] = value
    return row


def test_figures_of_a_call_with_losses() -> None:
    figures = heard_figures(
        counters(
            expected=1000,
            received=950,
            lost=50,
            late=10,
            runs=20,
            bursts=2,
            burst_packets=100,
            burst_gone=40,
            jitter=950 * 3.0,
            jitters=950,
            jitter_most=9.0,
            wait=940 * 41.0,
            waits=940,
            trip=180.0,
            trips=2,
            trip_most=120.0,
        ),
        60.0,
    )
    assert figures["round_trip_ms"] == 90.0
    assert figures["delay_ms"] == 90.0 / 2 + 41.0 + 26.5
    assert figures["burst_ratio"] == pytest.approx(60 / 20 * 0.94)
    assert figures["burst_density"] == 0.4
    assert figures["gap_density"] == pytest.approx(20 / 900)
    assert figures["burst_ms"] == 1000.0
    assert figures["gap_ms"] == 6000.0
    assert figures["jitter_ms"] == 3.0
    assert figures["mos"] is not None
    assert figures["mos"] < 3.6


def test_what_is_not_known_is_not_told() -> None:
    nothing = heard_figures(counters(), None)
    assert {name for name, value in nothing.items() if value is not None} == {
        name for name in Report.model_fields if name.startswith(("packets_", "bytes_received"))
    } - {"packets_sent"}
    without_trip = heard_figures(counters(expected=10, received=10, wait=400, waits=10), None)
    assert without_trip["mos"] is without_trip["r"] is without_trip["delay_ms"] is None
    assert heard_figures(counters(expected=10, received=10, wait=400, waits=10), 5.0)["mos"] is not None
