"""Virtual rehearsals whose servers die under them, at a point that something to be seen marks."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from tests.rehearsals.running import Finished, Rehearsal

QUICK = Path(__file__).parent / "quick"
WITHIN_SECONDS = 280

Marked = Callable[[Rehearsal, psutil.Process], bool]
"""Whether the point has come at which a server is to die."""


def written(at_least: int, folder: str = "incident") -> Marked:
    """Prometheus has got so many bytes of the samples of a part of the run: `incident`, or a control run."""

    def marked(rehearsal: Rehearsal, _: psutil.Process) -> bool:
        wal = rehearsal.run / "data" / folder / "data" / "prometheus" / "wal"
        try:
            return sum(path.stat().st_size for path in wal.iterdir() if path.is_file()) >= at_least
        except OSError:
            return False

    return marked


def told(text: str) -> Marked:
    """A line has been printed."""
    return lambda rehearsal, _: text in rehearsal.output


def after(seconds: float) -> Marked:
    """The server itself has been there so long."""
    return lambda _, server: time.time() - server.create_time() >= seconds


def quick(home: Path) -> Rehearsal:
    """The quick profile in virtual time."""
    home.mkdir(exist_ok=True)
    return Rehearsal(
        home,
        QUICK / "quick.yaml",
        "--mode", "virtual",
        "--prometheus-config", QUICK / "prometheus.yml",
        "--alertmanager-config", QUICK / "alertmanager.yml",
    )  # fmt: skip


def killed(rehearsal: Rehearsal, server: str, *marks: Marked) -> Finished:
    """Kill -9 the server as soon as every mark is met; what the rehearsal makes of it."""
    deadline = time.monotonic() + WITHIN_SECONDS
    try:
        while True:
            running = [process for process in rehearsal.survivors() if _is(process, server)]
            hit = [process for process in running if all(mark(rehearsal, process) for mark in marks)]
            if hit:
                os.kill(hit[0].pid, signal.SIGKILL)
                return rehearsal.finish(WITHIN_SECONDS)
            assert rehearsal.is_running, f"over before {server} could be killed:\n{rehearsal.output}"
            assert time.monotonic() < deadline, f"no {server} to kill:\n{rehearsal.output}"
            time.sleep(0.005)
    finally:
        rehearsal.kill()


def _is(process: psutil.Process, server: str) -> bool:
    """Known by its configuration: programs have many names, and one that only says its version is not meant."""
    try:
        return any(word.startswith("--config.file=") and word.endswith(f"/{server}.yml") for word in process.cmdline())
    except psutil.Error:
        return False
