"""Each scenario under plain Locust with its web UI, against `crybsim api`: all users and their statistics are there."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from simulator.load.locust_run import free_port
from simulator.resources import shipped
from simulator.stack.processes import Children, Service, start_service

pytestmark = [pytest.mark.slow, pytest.mark.accept, pytest.mark.timeout(900)]

USERS = 6
SHOWN = {
    "http": ({"HttpMember"}, {"POST /api/v1/auth/login", "GET /api/v1/servers"}),
    "socketio": (
        {"Chatter", "Listener", "Reconnecter", "SlowReader"},
        {"POST /api/v1/auth/login", "SIO connect", "SIO emit message:create", "SIO deliver"},
    ),
    "voice": ({"VoiceMember"}, {"POST /api/v1/auth/login", "SIO connect", "VOICE join"}),
}
"""Of each scenario: its users, and some of what they do."""


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("api")
    with Children() as children:
        argv = [sys.executable, "-m", "simulator", "api", "--port", "0"]
        service = start_service(argv, name="api", log=folder / "api.log", ready_within_seconds=250)
        children.add(service)
        yield service


def asked_until(client: httpx.Client, path: str, done: Any, log: Path) -> Any:
    """What a page answers, once that is as it should be."""
    deadline = time.monotonic() + 200
    found: Any = None
    while True:
        try:
            found = client.get(path)
            if found.status_code == 200 and done(found):
                return found
        except httpx.TransportError:
            pass
        assert time.monotonic() < deadline, f"{path}: {found and found.text}\n{log.read_text()}"
        time.sleep(0.2)


@pytest.mark.parametrize("scenario", SHOWN)
def test_the_web_ui_shows_all_users_and_what_they_do(tmp_path: Path, api: Service, scenario: str) -> None:
    classes, lines = SHOWN[scenario]
    port, log = free_port(), tmp_path / "locust.log"
    env = {name: value for name, value in os.environ.items() if not name.startswith(("CRYBSIM_", "LOCUST_"))}
    file = shipped("scenarios") / f"{scenario}_users.py"
    argv = [sys.executable, "-m", "locust", "-f", file, "--web-host", "127.0.0.1", "--web-port", str(port)]
    with (
        log.open("wb") as output,
        subprocess.Popen(argv, cwd=tmp_path, env=env, stdout=output, stderr=output) as locust,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=60) as ui,
    ):
        try:
            assert "<title>Locust" in asked_until(ui, "/", lambda page: page.text, log).text
            assert set(ui.get("/tasks").json()["per_class"]) == classes
            begun = ui.post("/swarm", data={"user_count": USERS, "spawn_rate": USERS, "host": api.urls["api"]})
            assert begun.json()["success"], begun.text

            def all_there(page: httpx.Response) -> bool:
                told = page.json()
                seen = {f"{row['method']} {row['name']}" for row in told["stats"] if row["num_requests"]}
                return told["user_count"] == USERS and seen >= lines

            told = asked_until(ui, "/stats/requests", all_there, log).json()
            assert (told["state"], told["errors"]) == ("running", [])
        finally:
            locust.terminate()
            try:
                locust.wait(60)
            finally:
                locust.kill()
