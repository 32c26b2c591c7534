"""The frame around the commands: what is printed where, and the exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from simulator import __version__
from simulator.cli import main as frame
from simulator.cli.commands import ENTRIES
from simulator.errors import ExitCode, InputError, Problem, SimulatorError, UnobservedError

PROGRAM = [sys.executable, "-m", "simulator"]


def put(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Let every command end like that."""

    def fail(*_: object) -> int:
        raise error

    monkeypatch.setattr(frame, "_invoke", fail)


@pytest.mark.parametrize("name", ENTRIES)
def test_every_command_is_there_and_explains_itself_with_examples(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    entry = ENTRIES[name]
    lines = [[name, "--help"], *([name, part, "--help"] for part in entry.parts)]
    for arguments in lines:
        assert frame.main(arguments) == ExitCode.PASS
    examples = [text.split("Options:")[0] for text in capsys.readouterr().out.split("Examples:")[1:]]
    assert any(f"crybsim {name}" in text for text in examples), f"{name} has no example"


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert frame.main(["--version"]) == ExitCode.PASS
    assert capsys.readouterr().out == f"crybsim {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "first", "second"),
    [
        (["rehears"], "there is no command 'rehears'; did you mean 'rehearse'?", "try: crybsim --help"),
        (["--verion"], "there is no option '--verion'", "try: crybsim --help"),
        (["profile", "chek"], "No such command 'chek'. Did you mean 'check'", "try: crybsim profile --help"),
        (["profile", "check"], "Missing argument 'FILE...'", "try: crybsim profile check --help"),
        (["init", "--dry-rum"], "No such option: --dry-rum", "try: crybsim init --help"),
    ],
)
def test_bad_usage_is_one_line_and_a_hint(
    arguments: list[str], first: str, second: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert frame.main(arguments) == ExitCode.USAGE
    shown = capsys.readouterr()
    assert shown.out == ""
    lines = shown.err.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith(f"crybsim: error: {first}")
    assert lines[1] == second


def test_a_command_with_parts_alone_shows_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert frame.main(["profile"]) == ExitCode.PASS
    assert "check" in capsys.readouterr().out


def test_problems_in_files_stand_alone_in_their_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    put(monkeypatch, InputError(Problem("a.yaml", 3, 7, "faults[0].at", "is wrong"), "no such file"))
    assert frame.main(["api"]) == 2
    assert capsys.readouterr().err == "a.yaml:3:7: faults[0].at: is wrong\ncrybsim: error: no such file\n"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UnobservedError("Prometheus died"), 3),
        (SimulatorError("the API never got ready"), 4),
        (KeyboardInterrupt(), 130),
    ],
)
def test_errors_become_exit_codes(
    error: BaseException, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    put(monkeypatch, error)
    assert frame.main(["api"]) == code
    assert "Traceback" not in capsys.readouterr().err


def test_our_own_fault_is_one_line_and_a_traceback_in_a_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    put(monkeypatch, ZeroDivisionError("of something\nunforeseen"))
    assert frame.main(["api"]) == 4
    (file,) = tmp_path.iterdir()
    expected = "crybsim itself failed: ZeroDivisionError: of something unforeseen, traceback in "
    assert capsys.readouterr().err == f"{expected}{file}\n"
    assert "ZeroDivisionError" in file.read_text()


def test_a_reader_that_goes_away_is_no_crash() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as gone:
        ended = subprocess.run([*PROGRAM, "catalog", "faults"], stdout=gone, stderr=subprocess.PIPE, check=False)
    assert ended.returncode == frame.BROKEN_PIPE
    assert ended.stderr == b""


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_disk_without_room_is_said_in_a_line(unbuffered: str) -> None:
    """Whether it shows at the first line or when what was buffered is let go at the end."""
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [*PROGRAM, "--version"], stdout=full, stderr=subprocess.PIPE, env=environment, text=True, check=False
        )
    assert ended.returncode == ExitCode.USAGE
    assert ended.stderr == "crybsim: error: No space left on device; make room, then run the same again\n"


def test_crybsim_alone_says_what_it_is_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert frame.main([]) == ExitCode.PASS
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= 25
    assert "  crybsim rehearse api-errors" in lines
    assert lines[-1] == "No run yet."
    assert all(any(entry.written in line for line in lines) for entry in ENTRIES.values())


def test_the_pasteable_command_uses_the_files_that_are_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = tmp_path / "my rules"
    rules.mkdir()
    for name in "abc":
        (rules / f"{name}.yml").write_text("groups:\n- name: g\n  rules:\n  - alert: A\n    expr: up == 0\n")
    (tmp_path / "am.yml").write_text("route:\n  receiver: x\nreceivers:\n- name: x\n")
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "mine.yaml").touch()
    monkeypatch.chdir(tmp_path)
    frame.main([])
    flags = "--rules 'my rules/*.yml' --alertmanager-config am.yml"
    assert f"  crybsim rehearse profiles/mine.yaml {flags}\n" in capsys.readouterr().out


def test_the_last_run_is_told_with_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for age, (name, text) in enumerate({"new": json.dumps({"outcome": "fail"}), "old": "{}"}.items()):
        file = tmp_path / "runs" / name / "verdict.json"
        file.parent.mkdir(parents=True)
        file.write_text(text)
        os.utime(file, (1000 - age, 1000 - age))
    monkeypatch.chdir(tmp_path)
    frame.main([])
    assert capsys.readouterr().out.splitlines()[-1] == "Last run: fail, runs/new/verdict.json"
    (tmp_path / "runs" / "new" / "verdict.json").write_text("not JSON")
    frame.main([])
    assert "its verdict cannot be read" in capsys.readouterr().out
