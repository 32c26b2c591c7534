"""The open model under plain Locust, against a server that answers when it is told to."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@dataclass
class Stalling:
    """Holds every request back until `release`, then answers at once; knows when each came (time.monotonic)."""

    port: int = 0
    came: dict[int, float] = field(default_factory=dict)
    released: threading.Event = field(default_factory=threading.Event)
    released_at: float = float("inf")

    def release(self) -> None:
        self.released_at = time.monotonic()
        self.released.set()

    def serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as stream:
            while line := stream.readline():
                while stream.readline().strip():
                    pass
                self.came[int(line.split()[1][1:])] = time.monotonic()
                self.released.wait()
                connection.sendall(ANSWER)

    def accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            self.serve(connection)
        except OSError:
            pass


@contextmanager
def stalling() -> Iterator[Stalling]:
    server = Stalling()
    with socket.create_server(("127.0.0.1", 0), backlog=500) as listener:
        server.port = listener.getsockname()[1]
        threading.Thread(target=server.accept, args=(listener,), daemon=True).start()
        yield server
        server.release()


@dataclass
class Told:
    """What the generator said in the end."""

    started: int
    late: int
    dropped: int
    answered: dict[int, float]  # milliseconds, by the request's number


def drive(folder: Path, server: Stalling, rate: float, most: int, meanwhile: Callable[[], None]) -> Told:
    """Run Locust with users who arrive, do something, and end it when all that came has been answered."""
    told = folder / "told.json"
    env = {name: value for name, value in os.environ.items() if not name.startswith(("CRYBSIM_", "LOCUST_"))}
    env |= {"TARGET": f"http://127.0.0.1:{server.port}", "RATE": str(rate), "MOST": str(most), "TOLD": str(told)}
    argv = [sys.executable, "-m", "locust", "-f", str(Path(__file__).with_name("arriving_users.py"))]
    argv += ["--headless", "-u", "1", "-r", "1", "--only-summary", "--stop-timeout", "60"]
    with subprocess.Popen(
        argv, cwd=folder, env=env, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    ) as it:
        try:
            meanwhile()
            it.send_signal(signal.SIGTERM)
            _, log = it.communicate(timeout=200)
        finally:
            it.kill()
    found = re.search(r"(\d+) arrivals started, (\d+) of them late, (\d+) dropped", log)
    assert found, log
    answered = {int(number): took for number, took in json.loads(told.read_text()).items()}
    return Told(*map(int, found.groups()), answered)


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 200
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_requests_leave_while_none_is_answered_and_count_from_when_they_were_due(tmp_path: Path) -> None:
    with stalling() as server:

        def meanwhile() -> None:
            wait_until(lambda: len(server.came) >= 60)  # of one user whom Locust was asked for
            server.release()
            wait_until(lambda: len(server.came) >= 80)

        told = drive(tmp_path, server, rate=60, most=10_000, meanwhile=meanwhile)
        held = {number: server.released_at - came for number, came in server.came.items() if came < server.released_at}
    assert told.started == len(server.came) == len(told.answered)
    assert len(held) >= 60
    for number, seconds in held.items():
        assert told.answered[number] >= seconds * 1000 - 1  # however long it was on the way, and when it was due before


def test_above_the_limit_every_arrival_is_dropped_and_counted(tmp_path: Path) -> None:
    rate, most = 100, 7
    began = 0.0
    with stalling() as server:

        def meanwhile() -> None:
            nonlocal began
            wait_until(lambda: bool(server.came))
            began = time.monotonic()
            wait_until(lambda: time.monotonic() > began + 2)
            assert len(server.came) == most
            server.release()

        told = drive(tmp_path, server, rate=rate, most=most, meanwhile=meanwhile)
        ended = time.monotonic()
    assert told.started == len(told.answered) == len(server.came)
    come = told.started + told.dropped
    assert rate * 2 <= come <= rate * (ended - began) + 2 * rate
    assert told.dropped >= rate * 2 - most
