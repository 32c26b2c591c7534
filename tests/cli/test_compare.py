"""`crybsim compare` as a person runs it, on run folders as `crybsim load` leaves them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from simulator.cli.main import main
from simulator.errors import ExitCode
from simulator.profile.manifest import Manifest
from simulator.profile.schema import Profile
from simulator.wire.load_report import Measured, Outcome, Tally, encode_record

STARTED_MS = 1_767_643_200_000
PROFILE = Profile.model_validate(
    {
        "name": "compared",
        "description": "forty requests a second",
        "start": "2026-01-05T20:00:00",
        "duration": "2m",
        "traffic": {"peak": "40/s", "shape": "flat"},
        "load": {"warm_up": "10s"},
    }
)


def leave_run(folder: Path, seed: int, slower: float = 1.0, seconds: int = 120) -> Path:
    """A run folder with the two files that a comparison reads."""
    folder.mkdir()
    Manifest(
        run_id=folder.name,
        mode="live",
        profile=PROFILE,
        profile_path="compared.yaml",
        seed=1,
        started_ms=STARTED_MS,
    ).write(folder / "manifest.json")
    draw = np.random.default_rng(seed)
    with (folder / "load.jsonl").open("wb") as file:
        for second in range(1, seconds + 1):
            tally = Tally()
            for latency in draw.lognormal(np.log(0.02 * slower), 0.5, size=40):
                tally.count(Outcome.OK, latency)
            line = Measured(
                at_ms=STARTED_MS + second * 1000, users=9, cpu_ratio=0.1, tallies={"GET /api/v1/posts": tally}
            )
            file.write(encode_record(line) + b"\n")
    return folder


def test_what_got_slower_is_told_and_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before, after = leave_run(tmp_path / "before", 1), leave_run(tmp_path / "after", 2, slower=1.5)
    assert main(["compare", str(before), str(after), "--json"]) == ExitCode.FAIL
    told, shown = capsys.readouterr()
    figures = {(one["name"], one["figure"]): one for one in json.loads(told)["figures"]}
    assert figures["GET /api/v1/posts", "p95"]["change"] == "worse"
    assert figures["GET /api/v1/posts", "error ratio"]["change"] == "same"
    assert "GET /api/v1/posts" in shown
    assert "6 worse" in shown
    assert main(["compare", str(after), str(before)]) == ExitCode.PASS
    assert "6 better" in capsys.readouterr().err


def test_twins_pass_and_little_is_inconclusive(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before, twin = leave_run(tmp_path / "before", 1), leave_run(tmp_path / "twin", 3)
    assert main(["compare", str(before), str(twin), "--all"]) == ExitCode.PASS
    short = leave_run(tmp_path / "short", 4, seconds=40)
    assert main(["compare", str(before), str(short)]) == ExitCode.INCONCLUSIVE
    assert "each run needs 50 s of load after its warm-up" in capsys.readouterr().err


def test_what_is_no_run_is_told_in_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = leave_run(tmp_path / "run", 1)
    assert main(["compare", str(run), str(tmp_path / "none")]) == ExitCode.USAGE
    assert "there is no such run" in capsys.readouterr().err
    (tmp_path / "empty").mkdir()
    assert main(["compare", str(run), str(tmp_path / "empty")]) == ExitCode.USAGE
    assert "is not a run that drove load" in capsys.readouterr().err
