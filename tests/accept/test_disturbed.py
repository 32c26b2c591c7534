"""Faults on ourselves in virtual time: servers die at many points, the disk is full. Never a wrong verdict.

A run that was disturbed may recover, with the verdict of one that was not, or end as inconclusive: nothing else.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from simulator.cli.main import INTERRUPTED
from simulator.errors import ExitCode
from tests.rehearsals.agreement import disagreements
from tests.rehearsals.disturbed import QUICK, Marked, after, killed, quick, told, written
from tests.rehearsals.running import Finished

SEED = 20261128
WITHIN_SECONDS = 280

pytestmark = [pytest.mark.accept, pytest.mark.stack, pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """The run as it should be; the history is kept for the others."""
    run = quick(tmp_path_factory.mktemp("undisturbed")).finish(WITHIN_SECONDS)
    assert run.exit_code == ExitCode.PASS, run.output
    return run


def assert_never_wrong(run: Finished, undisturbed: Finished, named: str) -> None:
    """Inconclusive and saying why, or as if nothing had been."""
    if run.exit_code == ExitCode.PASS:
        assert disagreements(run.verdict, undisturbed.verdict, resolution_ms=0) == []
        return
    assert run.exit_code == ExitCode.INCONCLUSIVE, run.output
    assert named in run.output
    assert "Traceback" not in run.output


def points(count: int, longest_seconds: float) -> list[float]:
    """Instants of a server's life, always the same ones."""
    generator = random.Random(SEED)
    return [0.0, *(round(generator.uniform(0, longest_seconds), 2) for _ in range(count - 1))]


PROMETHEUS: dict[str, tuple[Marked, ...]] = {
    "as the incident begins to be written": (written(1),),
    "as a control run begins to be written": (written(1, "without-errors"),),
    **{f"{s} s into its life": (told("history is there"), after(s)) for s in points(4, 0.6)},
}


@pytest.mark.parametrize("when", PROMETHEUS)
def test_prometheus_killed(tmp_path: Path, undisturbed: Finished, when: str) -> None:
    run = killed(quick(tmp_path / "run"), "prometheus", *PROMETHEUS[when])
    assert_never_wrong(run, undisturbed, "prometheus")


@pytest.mark.parametrize("seconds", points(5, 9.0))
def test_alertmanager_killed_in_the_replay(tmp_path: Path, undisturbed: Finished, seconds: float) -> None:
    run = killed(quick(tmp_path / "run"), "alertmanager", after(seconds))
    assert_never_wrong(run, undisturbed, "alertmanager")
    assert run.exit_code == ExitCode.INCONCLUSIVE, run.output  # even where everything had been heard: who knows


def test_interrupted_while_a_control_run_is_written_beside_the_replay(tmp_path: Path) -> None:
    rehearsal = quick(tmp_path / "run")
    deadline = time.monotonic() + WITHIN_SECONDS
    begun = written(1, "without-errors")
    try:
        while not begun(rehearsal, psutil.Process()):
            assert rehearsal.is_running, rehearsal.output
            assert time.monotonic() < deadline, rehearsal.output
            time.sleep(0.005)
        os.kill(rehearsal.pid, signal.SIGINT)
        run = rehearsal.finish(WITHIN_SECONDS)
    finally:
        rehearsal.kill()
    assert run.exit_code == INTERRUPTED, run.output
    assert "Traceback" not in run.output
    assert psutil.wait_procs(rehearsal.survivors(), 5)[1] == []
    assert not list((run.folder / "data").rglob("wal"))


_LIMITED = """
import resource, runpy, sys
size = int(sys.argv.pop(1))
resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
runpy.run_module("simulator", run_name="__main__")
"""


@pytest.mark.parametrize("size", [1_000, 10_000, 40_000])
def test_a_disk_without_room(tmp_path: Path, undisturbed: Finished, size: int) -> None:
    """The largest size of a file stands in for the end of the disk: crybsim and its servers meet the same error."""
    files = ("--prometheus-config", QUICK / "prometheus.yml", "--alertmanager-config", QUICK / "alertmanager.yml")
    command = ["rehearse", QUICK / "quick.yaml", *files, "--out", tmp_path / "run"]
    done = subprocess.run(
        [sys.executable, "-c", _LIMITED, str(size), *command],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "COLUMNS": "200"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=WITHIN_SECONDS,
    )
    assert "Traceback" not in done.stderr
    if size > 1_000 and done.returncode == ExitCode.PASS:
        verdict = json.loads((tmp_path / "run" / "verdict.json").read_bytes())
        assert disagreements(verdict, undisturbed.verdict, resolution_ms=2_000) == []
        return
    assert done.returncode in (ExitCode.USAGE, ExitCode.INCONCLUSIVE), done.stderr
    assert "crybsim: error: " in done.stderr
