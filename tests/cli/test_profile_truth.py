"""`crybsim profile truth`: the model's own figures, for people and for programs."""

from __future__ import annotations

import json

import pytest

from simulator.cli.main import main
from simulator.profile.load import load_profile, resolve_profile
from simulator.profile.manifest import Manifest
from simulator.streams.truth import ModelTruth
from simulator.telemetry.interval import Interval
from simulator.telemetry.truth import Truth
from simulator.units import MINUTE

PROFILE = "api-errors"


def told(first: int, last: int) -> Truth:
    """The truth from one minute of the run to another."""
    profile = load_profile(resolve_profile(PROFILE))
    manifest = Manifest(
        run_id="r",
        mode="virtual",
        profile=profile,
        profile_path=PROFILE,
        seed=profile.seed,
        started_ms=profile.start_ms,
    )
    start = profile.start_ms
    return ModelTruth(manifest).over(Interval(start + first * MINUTE, start + last * MINUTE))


def test_what_programs_read_is_the_model_s_truth(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["profile", "truth", PROFILE, "--from", "+1m", "--to", "+3m", "--json"]) == 0
    found, truth = json.loads(capsys.readouterr().out), told(1, 3)
    assert found["interval"] == {"from": "2026-01-07T19:01:00.000Z", "to": "2026-01-07T19:03:00.000Z"}
    assert (found["requests"]["total"], found["requests"]["failed"]) == (truth.requests.total, truth.requests.failed)
    assert found["requests"]["p99_seconds"] == truth.requests.p99_seconds
    assert {one["name"]: one["bad"] for one in found["slis"]} == {one.name: one.bad for one in truth.slis}
    assert [one["left"] for one in found["budgets"]] == [one.left for one in truth.budgets]
    assert [one["burn_rate"] for one in found["burn_rates"]] == [one.burn_rate for one in truth.burns]
    (fault,) = found["faults"]
    assert (fault["id"], fault["kind"]) == ("bad-release", "http_errors")


def test_people_see_the_same_in_tables(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["profile", "truth", PROFILE]) == 0
    shown, truth = capsys.readouterr().out, told(0, 3)
    assert "2026-01-07T19:00:00.000Z to 2026-01-07T19:04:15.000Z (4m15s)" in shown
    for sli in truth.slis:
        assert f"\n{sli.name} " in shown
    assert "burn rate over      5m    30m" in shown
    assert "bad-release  http_errors  2026-01-07T19:00:30.000Z" in shown


def test_a_calm_interval_says_that_nothing_acted(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["profile", "truth", PROFILE, "--from", "-1h", "--to", "-30m"]) == 0
    assert capsys.readouterr().out.rstrip().endswith("no fault acted")


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--from", "+3m", "--to", "+1m"], "--to: 2026-01-07T19:01:00.000Z is not after 2026-01-07T19:03:00.000Z"),
        (
            ["--from", "2020-01-01T00:00:00Z"],
            "--from: 2020-01-01T00:00:00.000Z is before the platform was started; 2025-",
        ),
        (
            ["--from", "-40d", "--to", "-39d"],
            "--to: error budgets look 30 days back, to before the platform was started",
        ),
        (["--to", "soon"], "--to: "),
    ],
)
def test_intervals_that_cannot_be(flags: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["profile", "truth", PROFILE, *flags]) == 2
    assert said in capsys.readouterr().err
