"""The month in which the error budget leaks away, on the reference rules: it is noticed, and a sound month is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.errors import ExitCode
from simulator.resources import shipped
from tests.rehearsals.running import Rehearsal

PROFILE = shipped("profiles") / "error-budget-burn.yaml"
RULES = shipped("monitoring") / "prometheus" / "rules"
ABOUT_IT = [
    argument
    for name in ("availability", "performance", "sli", "slo")
    for argument in ("--rules", RULES / f"{name}.yml")
]
"""What a burning budget can set off: half a million evaluations of every other rule say nothing about it."""

WITHIN_SECONDS = 3000

pytestmark = [pytest.mark.accept, pytest.mark.stack, pytest.mark.slow, pytest.mark.timeout(3100)]


def test_the_leaking_month_passes(tmp_path: Path) -> None:
    run = Rehearsal(tmp_path, PROFILE, *ABOUT_IT).finish(WITHIN_SECONDS)
    assert run.exit_code == ExitCode.PASS, run.output
    predictions = {one["alert"]: one for one in run.verdict["predictions"]}
    for alert in ("SLOAvailabilitySlowBurn", "SLOAvailabilityViolated"):
        assert run.words(alert) == {"met"}
        assert predictions[alert]["detect_ms"] is not None
        assert predictions[alert]["agrees"], predictions[alert]


def test_the_same_month_without_the_leak_fires_nothing(tmp_path: Path) -> None:
    text = PROFILE.read_text()
    sound = text[: text.index("faults:")] + "expect:\n  no_other_alerts: true\n"
    (tmp_path / "sound-month.yaml").write_text(sound.replace("error-budget-burn", "sound-month"))
    run = Rehearsal(tmp_path, "sound-month.yaml", *ABOUT_IT).finish(WITHIN_SECONDS)
    assert run.exit_code == ExitCode.PASS, run.output
    assert [alert for alert in run.verdict["alerts"] if alert["firing"]] == []
