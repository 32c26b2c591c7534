"""Days in which the error budget leaks away, on the reference rules: that is noticed, and the same days without not."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.errors import ExitCode
from simulator.resources import shipped
from tests.rehearsals.running import Rehearsal

PROFILE = shipped("profiles") / "error-budget-burn.yaml"
WITHIN_SECONDS = 3000

pytestmark = [pytest.mark.accept, pytest.mark.stack, pytest.mark.slow, pytest.mark.timeout(3100)]


def test_a_budget_that_leaks_away_is_noticed_when_it_ought_to_be(tmp_path: Path) -> None:
    run = Rehearsal(tmp_path, PROFILE).finish(WITHIN_SECONDS)
    assert run.exit_code == ExitCode.PASS, run.output
    predictions = {one["alert"]: one for one in run.verdict["predictions"]}
    for alert in ("SLOAvailabilitySlowBurn", "SLOAvailabilityViolated"):
        assert run.words(alert) == {"met"}
        assert predictions[alert]["detect_ms"] is not None
        assert predictions[alert]["agrees"], predictions[alert]


def test_the_same_days_without_the_leak_fire_nothing(tmp_path: Path) -> None:
    text = PROFILE.read_text()
    sound = text[: text.index("faults:")] + "expect:\n  no_other_alerts: true\n"
    (tmp_path / "sound-days.yaml").write_text(sound.replace("error-budget-burn", "sound-days"))
    run = Rehearsal(tmp_path, "sound-days.yaml").finish(WITHIN_SECONDS)
    assert run.exit_code == ExitCode.PASS, run.output
    assert {alert["alert"] for alert in run.verdict["alerts"] if alert["firing"]} <= {"Watchdog"}
