"""`crybsim load` as a person runs it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.etree import ElementTree

import psutil
import pytest

from simulator.cli.main import main
from simulator.stack.processes import Children, start_service
from tests.load.stand_in_api import StandInApi, serving

PROFILE = """\
name: short-load
description: Twenty requests a second.
start: 2026-01-05T20:00:00
duration: 10s
traffic: {peak: 20/s, shape: flat}
load: {tolerance: 0.9} # a busy machine starts late, and the run is short
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "short-load.yaml").write_text(PROFILE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def api() -> Iterator[StandInApi]:
    with serving() as server:
        yield server


@contextmanager
def start(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-m", "simulator", "load", "short-load.yaml", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "NO_COLOR": "1"},
    ) as process:
        try:
            yield process
        finally:
            process.kill()  # where a test failed half way; its children die with it


@pytest.mark.slow
def test_without_a_host_the_reference_api_is_driven_and_all_is_told(folder: Path) -> None:
    with start("--duration", "8s", "--json", "--out", "run") as process:
        told, shown = process.communicate(timeout=250)
    assert process.returncode == 0, shown
    result = json.loads(told)
    assert result == json.loads((folder / "run" / "load.json").read_text())
    assert result["outcome"] == "pass"
    assert result["load"]["overall"]["failures"] == 0
    assert result["load"]["overall"]["requests"] > 10
    assert "POST /api/v1/auth/login " in shown
    assert "target: the reference API, not your platform" in shown
    assert "no thresholds in the profile" in shown
    assert "load: pass" in shown


@pytest.mark.accept
@pytest.mark.slow
def test_a_broken_threshold_ends_the_load_early_and_fails(folder: Path, api: StandInApi) -> None:
    text = PROFILE.replace("load: {", 'load: {thresholds: ["http p90 < 1ms", "error ratio < 1 %"], abort_after: 5s, ')
    (folder / "short-load.yaml").write_text(text)
    with start("--host", api.url, "--duration", "10m", "--out", "run", "--threshold", "posts p99 < 1s") as process:
        _, shown = process.communicate(timeout=250)
    assert process.returncode == 1, shown
    assert "`http p90 < 1ms` BROKEN: " in shown
    assert "the load was ended early, as `http p90 < 1ms` was broken" in shown
    assert "`error ratio < 1 %` kept: 0.000 % over " in shown
    assert "`posts p99 < 1s` cannot be judged: no request is named 'posts'" in shown
    suite = ElementTree.parse(folder / "run" / "junit.xml").getroot()[0]  # noqa: S314 -- our own text
    assert [case.get("name") for case in suite if case.find("failure") is not None] == ["http p90 < 1ms", "abort"]
    assert [case.get("name") for case in suite if case.find("error") is not None] == ["posts p99 < 1s"]


@pytest.mark.slow
def test_ctrl_c_ends_the_run_with_what_was_measured_and_leaves_nothing_behind(folder: Path, api: StandInApi) -> None:
    api.statuses = {"*": 500}
    with start("--host", api.url, "--duration", "10m", "--out", "run") as process:
        deadline = time.monotonic() + 200
        while api.total < 20:
            assert time.monotonic() < deadline, "no load came"
            time.sleep(0.05)
        started = psutil.Process(process.pid).children(recursive=True)
        assert started
        process.send_signal(signal.SIGINT)
        told, shown = process.communicate(timeout=250)
    assert process.returncode == 130
    assert not [child for child in started if child.is_running()]
    assert told == ""
    assert "stopping early" in shown
    assert f"target: {api.url}" in shown
    assert "100.00% of the requests failed" in shown
    assert "load: fail" in shown
    assert json.loads((folder / "run" / "load.json").read_text())["load"]["overall"]["requests"] == api.total


@pytest.mark.accept
@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "hung"])
def test_an_api_that_is_gone_in_mid_run_is_told_and_the_load_ends(folder: Path, how: signal.Signals) -> None:
    with Children() as children:
        argv = [sys.executable, "-m", "simulator", "api", "--port", "0"]
        api = start_service(argv, name="api", log=folder / "api.log", ready_within_seconds=250)
        children.add(api)
        with start("--host", api.urls["api"], "--duration", "20s", "--out", "run") as process:
            lines = folder / "run" / "load.jsonl"
            deadline = time.monotonic() + 250
            while not (lines.exists() and b'"200"' in lines.read_bytes()):
                assert time.monotonic() < deadline, "nothing was answered"
                time.sleep(0.05)
            started = psutil.Process(process.pid).children(recursive=True)
            os.kill(api.pid, how)
            _, shown = process.communicate(timeout=300)
        assert process.returncode == 1, shown
        assert not [child for child in started if child.is_running()]
        if how is signal.SIGSTOP:
            os.kill(api.pid, signal.SIGCONT)
    overall = json.loads((folder / "run" / "load.json").read_text())["load"]["overall"]
    assert overall["refused" if how is signal.SIGKILL else "timed_out"] > 0
    assert overall["requests"] == sum(count for _, count in overall["codes"]) + sum(
        overall[name] for name in ("refused", "timed_out", "aborted", "no_connection")
    )
    assert "without an answer, all requests:" in shown
    assert "load: fail" in shown


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--host", "http://api.example.org"], "is not this machine"),
        (["--host", "127.0.0.1:3001"], "write one like http://127.0.0.1:3001"),
        (["--duration", "90"], "has no unit"),
        (["--duration", "0s"], "a run of no length"),
        (["--threshold", "http p95 < 300"], "--threshold: 'http p95 < 300': '300' has no unit"),
        (["--threshold", "http p95 smaller 3s"], "is not a threshold"),
        (["--locustfile", "none.py"], "--locustfile none.py: there is no such file"),
        (["--users", "0"], "--users"),
        (["--processes", "0"], "--processes"),
    ],
)
def test_bad_usage_is_told_in_one_line_and_nothing_is_run(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert main(["load", "short-load.yaml", *arguments]) == 2
    assert words in capsys.readouterr().err
    assert not (folder / "runs").exists()


def test_a_profile_may_allow_a_host_for_its_own_load(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    elsewhere = ["--host", "http://api.example.org", "--locustfile", "none.py"]
    assert main(["load", "short-load.yaml", *elsewhere]) == 2
    assert "the profile's load.allowed_hosts" in capsys.readouterr().err
    (folder / "short-load.yaml").write_text(PROFILE.replace("load: {", "load: {allowed_hosts: [api.example.org], "))
    assert main(["load", "short-load.yaml", *elsewhere]) == 2
    assert capsys.readouterr().err.endswith("--locustfile none.py: there is no such file\n")
    (folder / "short-load.yaml").write_text(PROFILE.replace("load: {", "load: {allowed_hosts: ['http://a'], "))
    assert main(["load", "short-load.yaml"]) == 2
    assert "a host name without port and path" in capsys.readouterr().err


def test_limits_of_the_team_hold_whatever_a_profile_says(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "crybsim.yaml").write_text("limits: {rate: 5/s}\n")
    assert main(["load", "short-load.yaml"]) == 2
    assert "drives up to 20/s, crybsim.yaml allows 5/s" in capsys.readouterr().err
