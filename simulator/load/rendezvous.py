"""How generators on several machines come to drive one run: the master gives its manifest to whoever asks.

    GET /run?worker=NAME&processes=2   ->  503 until all are there, then {"manifest": …, "hosts": […], …}

Locust's own master and workers then speak with each other as they always do, on the port before this one. Nothing
secret goes this way: what a target file needs, each machine has in its own environment.
"""

from __future__ import annotations

import json
import socket
import threading
import time
import urllib.parse
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Self

import httpx

from simulator.clock import Clock
from simulator.errors import InputError, SimulatorError

LOCUST_PORT: Final = 5557
_POLL_SECONDS: Final = 0.5
MOST_CLOCK_MS: Final = 200
"""How far a worker's clock may be from the master's: turns are due by each machine's own."""


@dataclass(frozen=True)
class Invitation:
    """What a worker needs to take part: a manifest's text, and how far its clock is ahead of the master's."""

    manifest: str
    hosts: tuple[str, ...]
    scenarios: tuple[str, ...]
    clock_ms: float


class Rendezvous:
    """The master's side: counts who came, hands out the run once it is there. Raises InputError for a taken port."""

    def __init__(self, host: str, port: int, clock: Clock) -> None:
        self._came: dict[str, int] = {}
        self._run: dict[str, Any] | None = None
        there = self

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
                name, processes = query.get("worker", [""])[0], query.get("processes", ["1"])[0]
                if name and processes.isdigit():
                    there._came[name] = int(processes)
                run = there._run
                body = json.dumps({**(run or {}), "now_ms": clock.now_ms()}).encode()
                self.send_response(200 if run else 503)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Nothing: whoever waits asks twice a second."""

        try:
            self._server = ThreadingHTTPServer((host, port), Answer)
        except OSError as error:
            raise InputError(f"--master-bind {host}:{port - 1}: port {port}: {error.strerror}") from error
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    @property
    def processes(self) -> int:
        """Generator processes that are there."""
        return sum(self._came.values())

    def wait_for(self, processes: int, seconds: float) -> None:
        """Wait until so many are there. Raises InputError when they do not come."""
        deadline = time.monotonic() + seconds
        while self.processes < processes:
            if time.monotonic() > deadline:
                raise InputError(
                    f"--expect-workers {processes}: {self.processes} came within {seconds:g} s; start the others with "
                    f"`crybsim load PROFILE --worker --master-host THIS_MACHINE`"
                )
            time.sleep(_POLL_SECONDS)

    def invite(self, manifest: str, hosts: tuple[str, ...], scenarios: tuple[str, ...]) -> None:
        """Let everybody in from now on."""
        self._run = {"manifest": manifest, "hosts": hosts, "scenarios": scenarios}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let nobody in any more. (Its thread would not outlive the process either.)"""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def join(host: str, port: int, processes: int, seconds: float, clock: Clock) -> Invitation:
    """A worker's side: ask until the run is there. Raises InputError where nobody answers, or clocks are apart."""
    name = f"{socket.gethostname()}-{threading.get_native_id()}-{time.monotonic_ns()}"
    url = f"http://{host}:{port}/run"
    deadline = time.monotonic() + seconds
    answered = False
    with httpx.Client(timeout=10, trust_env=False) as client:
        while time.monotonic() < deadline:
            before = clock.now_ms()
            try:
                answer = client.get(url, params={"worker": name, "processes": processes})
            except httpx.TransportError:
                time.sleep(_POLL_SECONDS)
                continue
            answered = True
            if answer.status_code == 200:
                return _invitation(answer.json(), (before + clock.now_ms()) / 2)
            time.sleep(_POLL_SECONDS)
    why = "has not begun a run" if answered else "does not answer; is `crybsim load --master` there, and reachable?"
    raise InputError(f"--master-host {host}: port {port} {why}")


def _invitation(told: dict[str, Any], here_ms: float) -> Invitation:
    try:
        apart = here_ms - float(told["now_ms"])
        found = Invitation(str(told["manifest"]), tuple(told["hosts"]), tuple(told["scenarios"]), apart)
    except (KeyError, TypeError, ValueError) as error:
        raise SimulatorError(f"the master's answer is none that this version knows: {error}") from error
    if abs(apart) > MOST_CLOCK_MS:
        raise InputError(
            f"this machine's clock is {abs(apart):.0f} ms {'ahead of' if apart > 0 else 'behind'} the master's "
            f"(allowed: {MOST_CLOCK_MS}); let both be set by NTP"
        )
    return found
