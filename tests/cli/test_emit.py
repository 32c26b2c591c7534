"""`crybsim emit` as a service: one ready line, an orderly end, clear refusals."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from simulator.cli.run_manifest import manifest_for
from simulator.clock import WallClock
from simulator.errors import InputError
from simulator.profile.manifest import Manifest
from simulator.sinks.scrape import OWN_PATH
from simulator.streams.logs import ModelLogs
from simulator.telemetry.interval import Interval
from simulator.transport import http_client

pytestmark = pytest.mark.slow


@contextmanager
def emit(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process and its URL, or what it said instead."""
    command = [sys.executable, "-m", "simulator", "emit", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        line = process.stdout.readline()
        try:
            yield process, json.loads(line)["urls"]["scrape"] if line else process.stderr.read()
        finally:
            process.kill()


def test_it_serves_every_instance_of_the_profile_until_it_is_told_to_stop() -> None:
    with emit("quiet-evening") as (process, url):
        with http_client(url, timeout=60) as client:
            paths = client.get("/").text.split()
            assert "/metrics/cryb-api/api-1" in paths
            assert client.get(OWN_PATH).status_code == 200
            for path in set(paths) - {OWN_PATH}:  # of a profile without faults there is nothing to tell there
                assert list(text_string_to_metric_families(client.get(path).text))
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_ctrl_c_is_130() -> None:
    with emit("quiet-evening") as (process, _):
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130


def test_a_runs_manifest_is_what_it_plays(tmp_path: Path) -> None:
    manifest_for("quiet-evening", None, mode="emit").write(tmp_path / "manifest.json")
    with emit("--manifest", str(tmp_path / "manifest.json")) as (_, url), http_client(url, timeout=60) as client:
        assert client.get("/metrics/cryb-api/api-1").status_code == 200


def test_log_lines_are_written_as_time_goes_by_and_to_the_last_one(tmp_path: Path) -> None:
    manifest_for("quiet-evening", None, mode="emit").write(tmp_path / "manifest.json")
    access = tmp_path / "log/nginx/access.log"
    with emit("--manifest", str(tmp_path / "manifest.json"), "--logs", str(tmp_path / "log")) as (process, _):
        deadline = time.monotonic() + 200
        while not access.exists() or access.read_bytes().count(b"\n") < 10:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    run = Manifest.read(tmp_path / "manifest.json")
    span = Interval(run.started_ms, WallClock().now_ms())
    expected = b"".join(entry.line + b"\n" for entry in ModelLogs(run, services=["nginx"]).entries(span))
    assert access.read_bytes() in expected


def test_a_port_that_is_taken_is_the_users_mistake() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with emit("quiet-evening", "--port", port) as (process, said):
            assert said == f"crybsim: error: port {port} of 127.0.0.1: Address already in use; choose another --port\n"
            assert process.wait(60) == 2


def test_a_manifest_can_be_given_made_or_asked_for(tmp_path: Path) -> None:
    made = manifest_for("api-errors", None, mode="emit")
    assert (made.mode, made.profile.name, made.seed) == ("emit", "api-errors", made.profile.seed)
    made.write(tmp_path / "manifest.json")
    assert manifest_for(None, tmp_path / "manifest.json", mode="live") == made
    with pytest.raises(InputError, match="which profile"):
        manifest_for(None, None, mode="emit")
    with pytest.raises(InputError, match="did you mean 'api-errors'"):
        manifest_for("api-error", None, mode="emit")
