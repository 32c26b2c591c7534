"""`crybsim stack files` and `stack receivers`: a stack that somebody else starts, by its files and its mailbox."""

from __future__ import annotations

import json
import signal
import smtplib
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from simulator.cli.main import main
from simulator.errors import ExitCode
from simulator.profile.manifest import Manifest
from simulator.telemetry.journal import decode
from simulator.telemetry.observations import NotificationKind, NotificationReceived
from simulator.telemetry.routes import read_routes
from simulator.transport import http_client


@contextmanager
def receivers(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """The process and its URLs; none where it refused to start."""
    command = [sys.executable, "-m", "simulator", "stack", "receivers", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        try:
            yield process, json.loads(line)["urls"] if line else {}
        finally:
            process.kill()


def test_the_copies_lead_to_the_stand_ins_and_nowhere_else(tmp_path: Path) -> None:
    flags = ["--emitter-url", "http://127.0.0.1:1111", "--http-port", "2222", "--smtp-port", "3333"]
    assert main(["stack", "files", "api-errors", "--out", str(tmp_path / "stack"), *flags]) == ExitCode.PASS
    folder = tmp_path / "stack"
    assert Manifest.read(folder / "manifest.json").profile.name == "api-errors"
    scrapes = YAML(typ="safe").load(folder / "prometheus.yml")
    *jobs, own = scrapes["scrape_configs"]
    assert {job["proxy_url"].rpartition("@")[2] for job in jobs} == {"127.0.0.1:1111"}
    assert (own["job_name"], own["static_configs"]) == ("crybsim", [{"targets": ["127.0.0.1:1111"]}])
    assert scrapes["alerting"]["alertmanagers"][0]["static_configs"] == [{"targets": ["127.0.0.1:9093"]}]
    routes = YAML(typ="safe").load(folder / "alertmanager.yml")
    ways = {
        address
        for receiver in routes["receivers"]
        for integrations in receiver.values()
        if isinstance(integrations, list)
        for integration in integrations
        for key, address in integration.items()
        if key in ("api_url", "url", "smarthost")
    }
    assert ways
    assert all(way.startswith(("http://127.0.0.1:2222/", "127.0.0.1:3333")) for way in ways)
    upstreams = {route.job: route.upstream for route in read_routes(folder / "routes.json") if route.upstream}
    assert upstreams["cryb-api"].startswith("http://127.0.0.1:3001")
    assert (folder / "redirected.txt").read_text().count("\n") > 5


def test_files_that_cannot_be_redirected_are_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "routes.yml").write_text("route: {receiver: nobody}\nreceivers: [{name: team, slack_configs: 7}]\n")
    out = tmp_path / "stack"
    flags = ["--out", str(out), "--alertmanager-config", str(tmp_path / "routes.yml")]
    assert main(["stack", "files", "api-errors", *flags]) == ExitCode.USAGE
    assert "routes.yml" in capsys.readouterr().err
    assert not out.exists()


def test_a_folder_that_cannot_be_written_is_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert main(["stack", "files", "api-errors", "--out", str(tmp_path / "file")]) == ExitCode.USAGE
    assert "cannot be written" in capsys.readouterr().err


@pytest.mark.slow
def test_what_arrives_is_printed_as_json_lines_until_told_to_stop() -> None:
    with receivers("--http-port", "0", "--smtp-port", "0") as (process, urls):
        with http_client(urls["http"]) as client:
            body = {"channel": "#critical-alerts", "attachments": [{"title": "[FIRING:1] Down", "text": "it is down"}]}
            assert client.post("/slack/critical/0/1", json=body).status_code == 200
        host, _, port = urls["smtp"].removeprefix("smtp://").partition(":")
        with smtplib.SMTP(host, int(port)) as mail:
            mail.sendmail("a@cryb.test", "devops@cryb.test", "Subject: [FIRING:1] Down\n\nit is down\n")
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert process.stdout is not None
        heard = [decode(line) for line in process.stdout.read().splitlines()]
    kinds = {one.kind: one.destination for one in heard if isinstance(one, NotificationReceived)}
    assert kinds == {NotificationKind.SLACK: "#critical-alerts", NotificationKind.EMAIL: "devops@cryb.test"}


@pytest.mark.slow
def test_a_taken_port_is_bad_usage() -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = str(holder.getsockname()[1])
        with receivers("--http-port", port, "--smtp-port", "0") as (process, urls):
            assert urls == {}
            assert process.wait(10) == ExitCode.USAGE
            assert process.stderr is not None
            assert f"port {port}" in process.stderr.read()
