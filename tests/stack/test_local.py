"""The real servers on loopback: ready, dead, refused, stopped."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil
import pytest

from simulator.errors import InputError, SimulatorError
from simulator.stack import local
from simulator.stack.binaries import Binaries
from simulator.stack.local import LocalStack
from simulator.transport import http_client

pytestmark = pytest.mark.stack

PROMETHEUS = "global: {scrape_interval: 15s}\n"
ALERTMANAGER = """\
route: {receiver: team}
receivers: [{name: team, webhook_configs: [{url: "http://127.0.0.1:1/"}]}]
"""


@pytest.fixture
def stack(tmp_path: Path, binaries: Binaries) -> Iterator[LocalStack]:
    with LocalStack(
        tmp_path, prometheus=binaries.prometheus.path, alertmanager=binaries.alertmanager.path
    ) as unstarted:
        yield unstarted


def test_both_servers_answer_and_are_gone_after_stop(stack: LocalStack) -> None:
    alertmanager = stack.start_alertmanager(ALERTMANAGER, route_prefix="/alerts/")
    told: list[str] = []

    def configure(url: str) -> str:
        told.append(url)
        return PROMETHEUS

    prometheus = stack.start_prometheus(configure)
    pids = [stack.pid("prometheus"), stack.pid("alertmanager")]

    assert told == [prometheus] == [stack.prometheus_url]
    assert alertmanager == stack.alertmanager_url
    assert alertmanager.endswith("/alerts")
    with http_client(prometheus) as client:
        flags = client.get("/api/v1/status/flags").json()["data"]
        assert flags["storage.tsdb.retention.time"] == "100y"
        assert client.get("/", follow_redirects=True).status_code == 200  # the user interface was found
    with http_client(alertmanager) as client:
        status = client.get("/api/v2/status").json()
        assert status["cluster"]["status"] == "disabled"
    for pid in pids:
        addresses = {c.laddr.ip for c in psutil.Process(pid).net_connections() if c.status == psutil.CONN_LISTEN}
        assert addresses == {"127.0.0.1"}
    assert stack.health() == {}

    stack.stop()
    assert not any(psutil.pid_exists(pid) for pid in pids)
    stack.stop()


def test_a_server_that_was_killed_is_named(stack: LocalStack) -> None:
    stack.start_alertmanager(ALERTMANAGER)
    os.kill(stack.pid("alertmanager"), signal.SIGKILL)
    deadline = time.monotonic() + 200
    while not stack.health():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert stack.health() == {"alertmanager": "was killed by SIGKILL"}


def test_a_rule_that_does_not_parse_is_the_users_mistake_with_its_place(stack: LocalStack, tmp_path: Path) -> None:
    rules = tmp_path / "rules.yml"
    rules.write_text("groups: [{name: api, rules: [{alert: Down, expr: 'up =='}]}]\n")
    with pytest.raises(InputError, match=r"(?s)prometheus refused its configuration.*rules\.yml.*parse error"):
        stack.start_prometheus(lambda _: f"rule_files: ['{rules}']\n")


def test_a_route_to_nobody_is_the_users_mistake(stack: LocalStack) -> None:
    with pytest.raises(InputError, match=r"(?s)alertmanager refused its configuration.*undefined receiver"):
        stack.start_alertmanager("route: {receiver: nobody}\n")


def test_a_wished_port_that_is_taken_is_refused(tmp_path: Path, binaries: Binaries) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        stack = LocalStack(
            tmp_path,
            prometheus=binaries.prometheus.path,
            alertmanager=binaries.alertmanager.path,
            prometheus_port=port,
        )
        with stack, pytest.raises(InputError, match=rf"prometheus: port {port} is taken by .*pid {os.getpid()}"):
            stack.start_prometheus(lambda _: PROMETHEUS)


class Ready(BaseHTTPRequestHandler):
    """Somebody else's server, which says that it is ready."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


def test_a_free_port_lost_to_somebody_faster_is_replaced(stack: LocalStack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is ready on that port must not be mistaken for ours."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Ready) as other:
        thread = threading.Thread(target=other.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        offered = iter([other.server_port, local.free_port()])
        monkeypatch.setattr(local, "free_port", lambda: next(offered))
        asked: list[str] = []

        def configure(url: str) -> str:
            asked.append(url)
            return PROMETHEUS

        try:
            assert stack.start_prometheus(configure) == asked[-1]
            assert len(asked) == 2
        finally:
            other.shutdown()
            thread.join()


def test_a_server_that_does_not_get_ready_shows_its_last_lines(tmp_path: Path, binaries: Binaries) -> None:
    program = tmp_path / "prometheus"
    program.write_text("#!/bin/sh\necho replaying the log\nexec sleep 60\n")
    program.chmod(0o755)
    stack = LocalStack(tmp_path, prometheus=program, alertmanager=binaries.alertmanager.path, ready_within_seconds=2)
    with stack, pytest.raises(SimulatorError, match=r"(?s)was not ready within 2 s.*replaying the log"):
        stack.start_prometheus(lambda _: PROMETHEUS)
