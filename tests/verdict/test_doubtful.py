"""An alert that a denser past might decide otherwise never passes, whatever it did."""

from __future__ import annotations

import pytest

from simulator.verdict import Word
from tests.verdict.scene import PASSING, must_not_pass, must_pass

REASON = "count_over_time(up[1d]) is another with fewer samples"


@pytest.mark.parametrize("alert", ["HighErrorRate", "APIServiceDown", "DiskAlmostFull"])
def test_expected_silent_or_not_named_it_is_unobserved(alert: str) -> None:
    scene = PASSING.given(doubtful=((alert, REASON), (alert, "another reason")))
    must_not_pass(scene, "density", Word.UNOBSERVED, REASON)
    assert len([f for f in scene.judged().findings if f.expectation == "density"]) == 1


def test_what_is_not_judged_is_not_doubted() -> None:
    doubtful = (("DiskAlmostFull", REASON), ("Watchdog", REASON))
    must_pass(PASSING.given(doubtful=doubtful).expecting(ignore=["DiskAlmostFull"]))
    must_pass(PASSING.given(doubtful=doubtful).expecting(no_other_alerts=False))
