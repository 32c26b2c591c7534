"""Control runs have a process of their own: what goes wrong there is told here, and nothing of it is left."""

from __future__ import annotations

import signal
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from simulator.engine.groups import AlertingRule, RuleGroup
from simulator.engine.rules import RuleSet
from simulator.errors import SimulatorError, UnobservedError
from simulator.profile.load import load_profile
from simulator.profile.manifest import Manifest
from simulator.rehearsal.history.platform_data import TeamPlatform
from simulator.rehearsal.request import Servers
from simulator.rehearsal.run_folder import RunFolder
from simulator.rehearsal.virtual.control_runs import ControlRuns
from simulator.rehearsal.virtual.rules import OnWork, RuleRun, VirtualPrometheus
from simulator.stack.binaries import find_binaries
from simulator.telemetry.interval import Interval
from simulator.units import HOUR, MINUTE

QUICK = Path(__file__).parents[2] / "rehearsals" / "quick" / "quick.yaml"
WITHIN_SECONDS = 60.0


def _nobody(what: str, done: int, expected: int) -> None:
    """Looks on."""


def _begun(folder: Path, program: str, causes: tuple[str, ...] = ("errors",)) -> ControlRuns:
    """Control runs without each cause, judged by a program that is no Prometheus."""
    prometheus = folder / "prometheus"
    prometheus.write_text(f"#!/bin/sh\n{program}\n")
    prometheus.chmod(0o755)
    return _control_runs(folder, prometheus, causes, _nobody)


def _control_runs(folder: Path, prometheus: Path, causes: tuple[str, ...], on_work: OnWork) -> ControlRuns:
    """Of one rule, on a platform without targets."""
    run = RunFolder.create("control", 0, folder / "run")
    history = folder / "history"
    history.mkdir()
    servers = Servers(prometheus, prometheus, prometheus, prometheus, "2.42.0", "0.25.0")
    group = RuleGroup("g", "g.yml", MINUTE, (AlertingRule("Always", "vector(1)"),))
    rules = RuleRun((group,), RuleSet((), {}), Interval(0, HOUR), "global: {}\n", {}, "2.42.0")
    virtual = VirtualPrometheus(servers, run.data, history, TeamPlatform((), (), "", None), rules)
    profile = load_profile(QUICK)
    manifest = Manifest(
        run_id="control",
        mode="virtual",
        profile=profile,
        profile_path=str(QUICK),
        seed=1,
        started_ms=profile.start_ms,
    )
    return ControlRuns(run, virtual, dict.fromkeys(causes, manifest), on_work)


def _children() -> set[psutil.Process]:
    """All that this process started, tests that ran before included."""
    return set(psutil.Process().children(recursive=True))


def _started(others: set[psutil.Process]) -> list[psutil.Process]:
    """The control runs' process and the server that it started, as soon as both are there."""
    deadline = time.monotonic() + WITHIN_SECONDS
    while len(found := _children() - others) < 2:
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    return sorted(found, key=lambda process: process.create_time())


def _check_for_ever(control_runs: ControlRuns) -> None:
    """As a replay does, which ends with what is raised."""
    while True:
        control_runs.check()
        time.sleep(0.01)


def _left(folder: Path) -> set[str]:
    """The files that are left of control runs."""
    return {path.name for path in (folder / "run" / "data").rglob("*") if path.is_file()}


def test_what_goes_wrong_there_is_raised_here(tmp_path: Path) -> None:
    with (
        _begun(tmp_path, "echo level=error the disk is on fire; exit 3") as control_runs,
        pytest.raises(SimulatorError, match=r"(?s)prometheus ended with code 3.*the disk is on fire") as raised,
    ):
        control_runs.result()
    assert any("in _evaluate" in note for note in raised.value.__notes__)  # where it was
    assert _left(tmp_path) == {"prometheus.log", "prometheus.yml"}


@pytest.mark.accept  # as long as the others
def test_a_process_that_somebody_killed_has_seen_nothing(tmp_path: Path) -> None:
    others = _children()
    with _begun(tmp_path, "exec sleep 60") as control_runs:
        child, *servers = _started(others)
        control_runs.check()
        child.send_signal(signal.SIGKILL)
        with pytest.raises(UnobservedError, match="the control runs was killed by SIGKILL"):
            _check_for_ever(control_runs)
    assert psutil.wait_procs(servers, WITHIN_SECONDS)[1] == []


def test_whoever_leaves_early_leaves_nothing(tmp_path: Path) -> None:
    others = _children()
    with suppress(KeyboardInterrupt), _begun(tmp_path, "exec sleep 60"):
        everything = _started(others)
        raise KeyboardInterrupt
    assert psutil.wait_procs(everything, WITHIN_SECONDS)[1] == []
    assert _left(tmp_path) <= {"prometheus.log", "prometheus.yml"}


def test_nothing_is_started_where_nothing_was_caused(tmp_path: Path) -> None:
    others = _children()
    with _begun(tmp_path, "exit 1", causes=()) as control_runs:
        assert control_runs.result() == ()
        assert _children() <= others


@pytest.mark.stack
def test_whoever_waits_learns_how_far_they_are(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []

    def hear(what: str, done: int, expected: int) -> None:
        told.append((what, done, expected))

    with _control_runs(tmp_path, find_binaries().prometheus.path, ("errors",), hear) as control_runs:
        (control_run,) = control_runs.result()
    assert [fired.alert for fired in control_run.fired] == ["Always"]
    assert told[-1] == ("rules without errors", 1, 1)
    assert "control-runs.progress" not in _left(tmp_path)
