"""kill -9 of crybsim, in every phase of a rehearsal: within five seconds no process and no port is left."""

from __future__ import annotations

import random
import time
from pathlib import Path

import psutil
import pytest

from tests.rehearsals.running import Rehearsal

QUICK = Path(__file__).parent.parent / "rehearsals" / "quick"
GONE_WITHIN_SECONDS = 5.0

# a phase begins with a line of output (or with the start), and lasts about so many seconds
PHASES = {
    "starting": ("", 0.4),
    "platform coming up": ("run folder", 2.5),
    "servers coming up": ("platform up", 1.5),
    "waiting for the start": ("servers up", 6.0),
    "running": ("begins", 3.0),
    "alerting": ("firing", 3.0),
    "recovering": ("ends", 5.0),
}

pytestmark = [pytest.mark.accept, pytest.mark.stack, pytest.mark.slow, pytest.mark.timeout(240)]


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("repetition", range(2))
def test_nothing_is_left(tmp_path: Path, phase: str, repetition: int) -> None:
    line, length = PHASES[phase]
    seed = random.SystemRandom().randrange(10**6)
    delay = random.Random(seed).uniform(0, length)
    rehearsal = Rehearsal(
        tmp_path,
        QUICK / "quick.yaml",
        "--mode", "live",
        "--prometheus-config", QUICK / "prometheus.yml",
        "--alertmanager-config", QUICK / "alertmanager.yml",
        "--workers", "2",
    )  # fmt: skip
    try:
        if line:
            rehearsal.wait_for(line, 240)
        time.sleep(delay)  # the point within the phase; drawn, not waited for
        there, ports = len(rehearsal.survivors()), rehearsal.ports()
    finally:
        rehearsal.kill()
    deadline = time.monotonic() + GONE_WITHIN_SECONDS
    while (left := (rehearsal.survivors(), _orphaned(ports))) != ([], set()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left == ([], set()), f"phase {phase}, delay {delay:.2f} (seed {seed}): of {there} processes {left} are left"


def _orphaned(ports: set[int]) -> set[int]:
    """Those that are still listened on by nobody known; a port that somebody else was given meanwhile is not ours."""
    listening = (c for c in psutil.net_connections("inet") if c.status == psutil.CONN_LISTEN)
    return {c.laddr.port for c in listening if c.laddr.port in ports and not c.pid}
