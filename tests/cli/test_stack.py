"""`crybsim stack`: up in the foreground and detached, heard notifications, and an end that leaves nothing."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

pytestmark = [pytest.mark.stack, pytest.mark.slow]

CRYBSIM = [sys.executable, "-m", "simulator"]
FILES = {
    "prometheus.yml": """\
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [rules.yml]
alerting: {alertmanagers: [{static_configs: [{targets: ["am:9093"]}]}]}
scrape_configs: [{job_name: cryb-api, static_configs: [{targets: ["api:3001"]}]}]
""",
    "rules.yml": """\
groups:
  - {name: g, rules: [{alert: ApiSeen, expr: 'up{job="cryb-api"} == 1'}]}
  - {name: graphite, type: graphite, rules: [{alert: OfAnother, expr: sumSeries(x)}]}
""",
    "alertmanager.yml": """\
route: {receiver: team, group_wait: 0s}
receivers:
  - name: team
    slack_configs: [{api_url: "https://hooks.slack.com/services/T/B/hunter2", channel: "#alerts"}]
""",
}
OWN_FILES = ["--prometheus-config", "prometheus.yml", "--alertmanager-config", "alertmanager.yml"]


def crybsim(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*CRYBSIM, "stack", *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=110
    )


def eventually(ask: Callable[[], Any], seconds: float = 60.0) -> Any:
    deadline = time.monotonic() + seconds
    while not (answer := ask()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return answer


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    yield tmp_path
    crybsim(tmp_path, "down")


def state_of(folder: Path) -> dict[str, Any]:
    path = folder / ".crybsim/stack.json"
    found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return found if found.get("urls") else {}


def family(pid: int) -> list[psutil.Process]:
    parent = psutil.Process(pid)
    return [parent, *parent.children(recursive=True)]


@pytest.mark.accept
def test_detached_it_hears_notifications_until_it_is_taken_down(folder: Path) -> None:
    up = crybsim(folder, "up", *OWN_FILES, "--detach")
    assert up.returncode == 0, up.stderr
    state = state_of(folder)
    assert state["urls"]["prometheus"] in up.stderr
    processes = family(state["pid"])
    assert len(processes) == 4  # the supervisor, the emitter, both servers

    notifications = Path(state["folder"]) / "notifications.jsonl"
    heard = json.loads(eventually(lambda: notifications.read_text().splitlines())[0])
    assert (heard["kind"], heard["destination"], heard["status"]) == ("slack", "#alerts", "firing")
    assert heard["alerts"][0]["alert"] == "ApiSeen"

    told = crybsim(folder, "status", "--json")
    assert told.returncode == 0
    assert json.loads(told.stdout)["answering"] == {"prometheus": True, "alertmanager": True, "emitter": True}

    again = crybsim(folder, "up", *OWN_FILES)
    assert again.returncode == 2
    assert "a stack is up already" in again.stderr

    assert crybsim(folder, "down").returncode == 0
    assert not any(process.is_running() for process in processes)
    assert crybsim(folder, "status").returncode == 1
    everything = "".join(path.read_text(errors="replace") for path in (folder / "runs").rglob("*.*ml"))
    assert "hunter2" not in everything


@pytest.fixture
def foreground(folder: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [*CRYBSIM, "stack", "up", *OWN_FILES], cwd=folder, stderr=subprocess.PIPE, text=True
    ) as process:
        eventually(lambda: state_of(folder) or process.poll() is not None)
        yield process
        process.kill()


def test_ctrl_c_ends_everything(folder: Path, foreground: subprocess.Popen[str]) -> None:
    processes = family(foreground.pid)
    foreground.send_signal(signal.SIGINT)
    assert foreground.wait(60) == 130
    assert foreground.stderr is not None
    assert "OfAnother is not evaluated: type is vmalert's" in foreground.stderr.read()
    assert len(processes) == 4
    assert not any(process.is_running() for process in processes)
    assert not (folder / ".crybsim/stack.json").exists()


def test_kill_9_leaves_no_process_and_no_port(folder: Path, foreground: subprocess.Popen[str]) -> None:
    processes = family(foreground.pid)
    urls = state_of(folder)["urls"]
    foreground.kill()
    foreground.wait(5)
    eventually(lambda: not any(process.is_running() for process in processes), seconds=5)
    for url in urls.values():
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), timeout=1)
    assert crybsim(folder, "status").returncode == 1


def test_a_server_that_dies_ends_it_and_is_named(folder: Path, foreground: subprocess.Popen[str]) -> None:
    prometheus = next(process for process in family(foreground.pid) if process.name() == "prometheus")
    prometheus.kill()
    assert foreground.wait(60) == 4
    assert foreground.stderr is not None
    assert "prometheus was killed by SIGKILL" in foreground.stderr.read()


def test_a_rule_that_does_not_parse_is_told_by_the_detached_too(folder: Path) -> None:
    (folder / "rules.yml").write_text("groups: [{name: g, rules: [{alert: A, expr: 'up =='}]}]\n")
    up = crybsim(folder, "up", *OWN_FILES, "--detach")
    assert up.returncode == 2
    assert "parse error" in up.stderr
    assert crybsim(folder, "status").returncode == 1
