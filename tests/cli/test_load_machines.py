"""`crybsim load --master` and `--worker`: as on several machines, each a process of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from simulator.cli.main import main
from simulator.load.locust_run import free_port
from tests.load.stand_in_api import serving


def start(folder: Path, arguments: Sequence[str]) -> subprocess.Popen[str]:
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


@pytest.mark.accept
@pytest.mark.timeout(600)
@pytest.mark.parametrize("killed", [False, True], ids=["to its end", "master killed"])
def test_a_run_led_here_and_driven_there(tmp_path: Path, killed: bool) -> None:
    port = free_pair()
    with serving() as api:
        seconds = "60s" if killed else "10s"
        led = ["--master", "--master-bind", f"127.0.0.1:{port}", "--expect-workers", "2", "--host", api.url]
        master = start(tmp_path, [*led, "--duration", seconds, "--out", "led", "--users", "40"])
        worker = start(tmp_path, ["--worker", "--master-port", str(port), "--processes", "2", "--out", "driven"])
        try:
            if killed:
                while api.total < 5:
                    assert master.poll() is None, master.communicate()[0]
                    time.sleep(0.1)
                os.kill(master.pid, signal.SIGKILL)
            told = master.communicate(timeout=280)[0]
            theirs = worker.communicate(timeout=280)[0]
        finally:
            for process in (master, worker):
                process.kill()
                process.wait()
        if killed:  # its Locust dies with it, and the workers when they have waited for it in vain
            assert worker.returncode in (0, 3), theirs
            return
    assert master.returncode in (0, 3), told  # 3: this machine was too busy
    assert worker.returncode == 0, theirs
    result = json.loads((tmp_path / "led" / "load.json").read_text("utf-8"))
    assert result["load"]["problem"] == ""
    assert result["load"]["overall"]["requests"] == api.total > 0
    assert (tmp_path / "driven" / "logs" / "locust-worker-2.log").is_file()


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
