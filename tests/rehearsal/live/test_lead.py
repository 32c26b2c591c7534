"""A busy machine gets more time to bring a run up, within reason."""

from __future__ import annotations

import pytest

from simulator.rehearsal.live.lead import LONGEST_LEAD_MS, lead_ms


@pytest.mark.parametrize(
    ("alone_ms", "busy", "expected_ms"),
    [(12_000, 0.1, 12_000), (12_000, 2.5, 30_000), (12_000, 50.0, LONGEST_LEAD_MS), (200_000, 9.0, 200_000)],
)
def test_the_lead_grows_with_the_load(alone_ms: int, busy: float, expected_ms: int) -> None:
    assert lead_ms(alone_ms, busy) == expected_ms
