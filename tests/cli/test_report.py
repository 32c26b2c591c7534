"""`crybsim report`: a run shown again from its folder, with the run's own exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from simulator.cli.main import main
from simulator.report import render_json, render_junit, render_markdown, verdict_schema
from simulator.telemetry.observations import Gap
from tests.verdict.scene import DISK_FIRED, ONSET, PASSING, Scene

RUNS = {0: PASSING, 1: PASSING.plus(*DISK_FIRED), 3: PASSING.plus(Gap(ONSET, "api", "died"))}


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a run for each exit code in runs/, and the working directory."""
    for code, scene in RUNS.items():
        write_run(tmp_path / "runs" / f"run-{code}", scene)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    return tmp_path


def write_run(folder: Path, scene: Scene) -> None:
    folder.mkdir(parents=True)
    (folder / "verdict.json").write_text(render_json(scene.judged()), encoding="utf-8")


@pytest.mark.parametrize("code", RUNS)
def test_the_exit_code_is_the_run_s_own(code: int, runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", f"runs/run-{code}"]) == code
    out = capsys.readouterr().out
    assert out.startswith({0: "PASS ", 1: "FAIL ", 3: "INCONCLUSIVE "}[code])
    assert f"run folder  runs/run-{code}" in out


@pytest.mark.parametrize("named", ["runs/run-0", "run-0", "runs/run-0/verdict.json"])
def test_a_run_is_named_by_folder_name_or_file(named: str, runs: Path) -> None:
    assert main(["report", named]) == 0


def test_files_are_written_and_nothing_else_is_printed(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "run-1", "--junit", "junit.xml", "--markdown", "summary.md"]) == 1
    verdict = RUNS[1].judged()
    assert (runs / "junit.xml").read_text(encoding="utf-8") == render_junit(verdict)
    assert (runs / "summary.md").read_text(encoding="utf-8") == render_markdown(verdict)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "wrote junit.xml\nwrote summary.md\n"


def test_json_is_alone_on_stdout(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "run-3", "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["outcome"] == "inconclusive"


def test_the_schema_needs_no_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "--schema"]) == 0
    assert capsys.readouterr().out == verdict_schema()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "which run? Name its folder; the last one is runs/run-"),
        (["nowhere"], "nowhere: there is no such run; the last one is runs/run-"),
        (["empty"], "verdict.json: No such file or directory; is it the folder of a finished run?"),
        (["run-0", "--junit", "missing/junit.xml"], "missing/junit.xml: cannot be written: No such file or directory"),
        (["run-0", "--junti", "x"], "--junti"),
    ],
)
def test_bad_input_is_one_clear_line(
    arguments: list[str], says: str, runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (runs / "empty").mkdir()
    assert main(["report", *arguments]) == 2
    captured = capsys.readouterr()
    assert says in captured.err
    assert captured.out == ""
    assert "Traceback" not in captured.err
