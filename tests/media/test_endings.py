"""However a media process ends, its sessions are reported and nothing is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from simulator.media.messages import Admit, Counts, Join, Paced, Report, Talk
from simulator.media.processes import Generator, Relay
from tests.media.listening import bound_udp_ports, udp_ports_of

DEADLINE_SECONDS = 60

PARENT = """
import os, sys
from simulator.media.processes import Generator, Relay
relay, generator = Relay(), Generator()
print(relay.pid, generator.pid, flush=True)
sys.stdin.read()
"""


def wait_until(true: Callable[[], bool], what: str) -> None:
    ends = time.monotonic() + DEADLINE_SECONDS
    while not true():
        if time.monotonic() > ends:
            pytest.fail(f"{what}: not within {DEADLINE_SECONDS} s")
        time.sleep(0.05)


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def test_sigterm_lets_sessions_leave_reports_them_and_frees_the_ports(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with Relay(log=log) as relay, Generator(report_seconds=0.2, log=log) as generator:
        relay.send(Admit(session="s", room="r", ssrc=5))
        generator.send(Join(session="s", relay=relay.address, room="r", ssrc=5, talk=Talk.ALWAYS))
        assert next(generator.events()).event == "connected"
        ports = udp_ports_of(generator.pid) | udp_ports_of(relay.pid)
        assert int(relay.address.rpartition(":")[2]) in ports

        while not (isinstance(report := next(generator.events()), Report) and report.packets_sent):
            pass
        os.kill(generator.pid, signal.SIGTERM)
        *_, last, paced = generator.events()
        assert isinstance(last, Report)
        assert isinstance(paced, Paced)
        assert paced.packets_sent == last.packets_sent > 0
        assert last.final
        assert generator.stop() == 0

        os.kill(relay.pid, signal.SIGTERM)
        *others, counts = relay.events()
        assert [event.event for event in others] == ["left"]
        assert isinstance(counts, Counts)
        assert counts.packets_in == last.packets_sent
        assert relay.stop() == 0
    assert not ports & bound_udp_ports()
    assert log.read_text() == ""


def test_both_die_with_their_parent() -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert parent.stdin is not None
    assert parent.stdout is not None
    with parent.stdin, parent.stdout:
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(pids) == 2
        assert all(runs(pid) for pid in pids)
        parent.kill()
        parent.wait()
        wait_until(lambda: not any(runs(pid) for pid in pids), "the media processes ended")


def test_a_port_that_is_taken_is_one_clear_line(tmp_path: Path) -> None:
    with Relay() as relay:
        port = relay.address.rpartition(":")[2]
        command = [sys.executable, "-m", "simulator.media.relay", "--port", port]
        ended = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr.splitlines() == [f"relay: cannot bind UDP 127.0.0.1:{port}: Address already in use"]
