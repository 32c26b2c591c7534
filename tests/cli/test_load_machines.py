"""`crybsim load --master` and `--worker`: as on several machines, each a process of its own."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from simulator.cli.main import main
from simulator.load.locust_run import free_port
from tests.load.stand_in_api import StandInApi, serving

Machine = subprocess.Popen[str]


def start(folder: Path, arguments: Sequence[str]) -> Machine:
    return subprocess.Popen(
        [sys.executable, "-m", "simulator", "load", "quiet-evening", *arguments],
        cwd=folder,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def free_pair() -> int:
    """A port that is free, as the one after it is."""
    while True:
        port = free_port()
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port


@contextmanager
def on_two_machines(folder: Path, api: StandInApi, seconds: int, *target: str) -> Iterator[tuple[Machine, Machine]]:
    """A master and, in a process of its own, two workers, once they drive the API."""
    port = free_pair()
    led = ["--master", "--master-bind", f"127.0.0.1:{port}", "--expect-workers", "2", "--host", api.url]
    driven = ["--worker", "--master-port", str(port), "--processes", "2", "--out", "driven"]
    master = start(folder, [*led, "--duration", f"{seconds}s", "--out", "led", "--users", "40", *target])
    worker = start(folder, [*driven, *target])
    everybody: list[psutil.Process] = []
    try:
        while api.total < 5:
            assert master.poll() is None, master.communicate()[0]
            time.sleep(0.1)
        everybody = [*generators(master), *generators(worker)]
        yield master, worker
        assert psutil.wait_procs(everybody, timeout=60)[1] == []
    finally:
        for machine in (master, worker):
            machine.kill()
            machine.wait()
            assert machine.stdout is not None
            machine.stdout.close()
        for process in everybody:
            with suppress(psutil.NoSuchProcess):
                process.kill()


def generators(machine: Machine) -> list[psutil.Process]:
    """The Locust processes of one machine."""
    found = []
    for one in psutil.Process(machine.pid).children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if "locust" in one.cmdline():
                found.append(one)
    return found


def stop_all(processes: Sequence[psutil.Process]) -> None:
    """As when their machine hangs or its network is gone: they are there, and nothing is heard of them."""
    for process in processes:
        process.suspend()


def result_of(folder: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((folder / "led" / "load.json").read_text("utf-8"))
    return told


@pytest.mark.accept
@pytest.mark.timeout(600)
def test_a_run_led_here_and_driven_there(tmp_path: Path) -> None:
    with serving() as api, on_two_machines(tmp_path, api, seconds=10) as (master, worker):
        told, theirs = master.communicate(timeout=280)[0], worker.communicate(timeout=280)[0]
    assert master.returncode in (0, 3), told  # 3: this machine was too busy
    assert worker.returncode == 0, theirs
    load = result_of(tmp_path)["load"]
    assert (load["problem"], load["lost_workers"]) == ("", [])
    assert load["overall"]["requests"] == api.total > 0
    assert (tmp_path / "driven" / "logs" / "locust-worker-2.log").is_file()


@pytest.mark.accept
@pytest.mark.timeout(600)
@pytest.mark.parametrize("how", ["killed", "silent"])
def test_workers_whose_master_is_gone_end_and_say_so(tmp_path: Path, how: str) -> None:
    with serving() as api, on_two_machines(tmp_path, api, seconds=40) as (master, worker):
        if how == "killed":
            master.kill()
        else:
            stop_all(generators(master))
        theirs = worker.communicate(timeout=280)[0]
        told = master.communicate(timeout=280)[0]
    assert worker.returncode == 3, theirs
    assert "lost its master" in theirs
    if how == "silent":
        assert master.returncode == 3, told
        assert "the load generator was stopped before it had written its totals" in told


@pytest.mark.accept
@pytest.mark.timeout(600)
def test_a_worker_that_comes_late_has_users_of_its_own(tmp_path: Path) -> None:
    with serving() as api, on_two_machines(tmp_path, api, seconds=60) as (master, worker):
        port = next(argument for argument in psutil.Process(worker.pid).cmdline() if argument.isdigit())
        late = start(tmp_path, ["--worker", "--master-port", port, "--out", "late"])
        told, theirs = master.communicate(timeout=280)[0], late.communicate(timeout=280)[0]
        assert worker.wait(60) == 0
    assert late.returncode == 0, theirs
    assert master.returncode in (0, 3), told
    load = result_of(tmp_path)["load"]
    assert (load["problem"], load["lost_workers"]) == ("", [])
    assert load["overall"]["requests"] == api.total
    (kept,) = load["kept"]
    assert kept["done"] <= 1.1 * kept["planned"]  # the late one took its share of the plan, and not the plan
    assert set(api.identifiers.values()) == {1}  # nobody signed in here and there
    assert len(api.identifiers) > 40  # those whom the late one was given signed in anew


@pytest.mark.accept
@pytest.mark.timeout(600)
def test_a_worker_for_which_no_users_are_left_says_so(tmp_path: Path) -> None:
    users = "".join(f"user{number},secret\n" for number in range(1, 41))
    (tmp_path / "users.csv").write_text(f"username,password\n{users}")
    (tmp_path / "target.yaml").write_text("users: {source: csv, file: users.csv}\n")
    with serving() as api, on_two_machines(tmp_path, api, 90, "--target", "target.yaml") as (master, worker):
        port = next(argument for argument in psutil.Process(worker.pid).cmdline() if argument.isdigit())
        late = start(tmp_path, ["--worker", "--master-port", port, "--out", "late", "--target", "target.yaml"])
        theirs = late.communicate(timeout=280)[0]
        told = master.communicate(timeout=280)[0]
        assert worker.wait(60) == 0
    assert late.returncode == 3, theirs
    assert "came late, and no users were left for it" in theirs
    assert master.returncode in (0, 3), told
    assert set(api.identifiers.values()) == {1}


@pytest.mark.accept
@pytest.mark.timeout(600)
def test_a_master_whose_workers_are_all_silent_ends_and_says_so(tmp_path: Path) -> None:
    with serving() as api, on_two_machines(tmp_path, api, seconds=300) as (master, worker):
        stopped = generators(worker)
        stop_all(stopped)
        told = master.communicate(timeout=200)[0]  # long before the plan's end
        worker.kill()
    assert master.returncode == 3, told
    assert "no worker is left" in told
    assert result_of(tmp_path)["outcome"] == "inconclusive"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--master", "--worker"], "--master, --worker: a process is one or the other"),
        (["--master"], "--master: needs a --host that every machine reaches"),
        (["--master", "--master-bind", "here:there", "--host", "http://127.0.0.1:9"], "--master-bind here:there"),
        (["--worker", "--master-host", "load.example.org"], "load.example.org"),
    ],
)
def test_mistakes(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["load", "quiet-evening", *arguments]) == 2
    assert words in capsys.readouterr().err
