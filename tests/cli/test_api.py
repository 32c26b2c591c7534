from __future__ import annotations

import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import orjson
import pytest

from simulator.catalog.accounts import account
from simulator.cli.main import main
from simulator.clock import WallClock
from simulator.errors import ExitCode
from simulator.profile.load import load_profile
from simulator.profile.manifest import Manifest
from simulator.stack.processes import Service, start_service
from tests.sinks.sentry_receiver import KEY, Receiver, receiving

TOKEN = "for-tests"
DEADLINE_SECONDS = 30.0
Start = Callable[..., Service]

PROFILE = """\
name: small
description: for tests
seed: 3
start: 2026-01-05T20:00:00
duration: 10m
platform: {registered_users: 100, instances: {api: 2}}
"""


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    written = tmp_path / "small.yaml"
    written.write_text(PROFILE)
    profile = load_profile(written)
    path = tmp_path / "manifest.json"
    Manifest(
        run_id="cli-test",
        mode="live",
        profile=profile,
        profile_path=str(written),
        seed=profile.seed,
        started_ms=WallClock().now_ms(),
    ).write(path)
    return path


@pytest.fixture
def start(tmp_path: Path, manifest: Path) -> Iterator[Start]:
    services: list[Service] = []

    def start_api(*arguments: str, env: dict[str, str] | None = None) -> Service:
        name = f"api-{len(services)}"
        argv = [sys.executable, "-m", "simulator", "api", "--manifest", str(manifest), "--port", "0", *arguments]
        service = start_service(
            argv, name=name, log=tmp_path / f"{name}.err", env={**os.environ, **(env or {})}, ready_within_seconds=60
        )
        services.append(service)
        return service

    yield start_api
    for service in services:
        service.stop()


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def client(url: str, **headers: str) -> httpx.Client:
    return httpx.Client(base_url=url, headers=headers, trust_env=False)


def refused(api: httpx.Client) -> bool:
    try:
        api.get("/health")
    except httpx.ConnectError:
        return True
    except httpx.TransportError:
        return False
    return False


@pytest.mark.slow
def test_serve_break_by_hand_and_stop(start: Start, tmp_path: Path) -> None:
    log = tmp_path / "access.jsonl"
    service = start("--log-file", str(log), env={"CRYBSIM_ADMIN_TOKEN": TOKEN})
    assert set(service.urls) == {"api", "admin"}
    with client(service.urls["api"]) as api, client(service.urls["admin"], authorization=f"Bearer {TOKEN}") as admin:
        assert api.get("/health").json()["status"] == "healthy"
        metrics = api.get("/metrics?format=prometheus").text
        assert "http_requests_total" in metrics
        assert "cryb_daily_active_users" in metrics  # the model's part of the same job
        types = [line for line in metrics.splitlines() if line.startswith("# TYPE ")]
        assert len(types) == len(set(types))

        made = admin.post("/overrides", json={"id": "by-hand", "kind": "outage", "for": "5m"})
        assert made.status_code == 201
        until(lambda: refused(api))
        assert admin.get("/state").json()["down"] is True
        assert admin.delete("/overrides/by-hand").status_code == 204
        until(lambda: not refused(api))

    os.kill(service.pid, signal.SIGTERM)
    until(lambda: service.poll() is not None)
    assert service.poll() == 0
    lines = [orjson.loads(line) for line in log.read_bytes().splitlines()]
    assert lines[0]["req"]["url"] == "/health"
    journal = (tmp_path / "overrides-api-1.jsonl").read_text().splitlines()
    assert [orjson.loads(line)["action"] for line in journal] == ["override", "lift"]
    assert TOKEN not in service.log.read_text() + (tmp_path / "api-0.err.out").read_text()


@pytest.mark.slow
def test_what_fails_is_reported_to_sentry_with_who_and_where(start: Start) -> None:
    who, newcomer = (
        account(7),
        {"username": "new_here", "password": "Long-enough-1", "confirmPassword": "Long-enough-1"},
    )
    with receiving(Receiver()) as receiver:
        environment = {"CRYBSIM_ADMIN_TOKEN": TOKEN, "SENTRY_DSN": receiver.dsn, "SENTRY_ENVIRONMENT": "staging"}
        service = start("--sentry", "SENTRY_DSN", env=environment)
        with (
            client(service.urls["api"]) as api,
            client(service.urls["admin"], authorization=f"Bearer {TOKEN}") as admin,
        ):
            assert api.post("/api/v1/auth/register", json=newcomer).status_code == 201
            assert api.post("/api/v1/auth/login", json={"email": who.email, "password": "wrong"}).status_code == 401
            assert api.get("/api/v1/communities/nowhere").status_code == 404
            admin.post("/overrides", json={"id": "broken", "kind": "http_errors", "for": "5m", "intensity": 1})
            failed = [api.get("/api/v1/posts", headers={"x-request-id": "mine"}).status_code for _ in range(5)]
            assert failed == [500] * 5
        os.kill(service.pid, signal.SIGTERM)
        until(lambda: service.poll() is not None)
    assert service.poll() == 0
    assert receiver.broken == []
    events = receiver.of("event")
    failures = [event for event in events if "exception" in event]
    assert len(failures) == 5
    assert {event["transaction"] for event in failures} == {"GET /api/v1/posts"}
    assert failures[0]["tags"]["status_code"] == "500"
    assert failures[0]["environment"] == "staging"
    assert failures[0]["release"].startswith("cryb-api@")
    told = {event["tags"]["event_type"]: event for event in events if "exception" not in event}
    assert told.keys() == {"user_registration", "auth_failure"}
    assert told["auth_failure"]["tags"]["reason"] == "invalid_credentials"
    assert len(receiver.of("transaction")) == 8  # outside production all of them are sent
    assert KEY not in service.log.read_text()


@pytest.mark.slow
def test_a_login_at_one_instance_is_good_at_the_other(start: Start, tmp_path: Path) -> None:
    first, second = start(), start("--instance", "api-2")
    who = account(100)
    with client(first.urls["api"]) as one, client(second.urls["api"]) as two:
        answer = one.post("/api/v1/auth/login", json={"email": who.email, "password": who.password})
        token = answer.json()["data"]["tokens"]["accessToken"]
        me = two.get("/api/v1/auth/me", headers={"authorization": f"Bearer {token}"})
        assert me.json()["data"]["user"]["username"] == who.username
    tokens = sorted(tmp_path.glob("crybsim-admin-*.token"))
    assert [path.name for path in tokens] == ["crybsim-admin-api-1.token", "crybsim-admin-api-2.token"]
    first.stop()
    assert not tokens[0].exists()


def test_a_taken_port_is_one_clear_line(
    manifest: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRYBSIM_ADMIN_TOKEN", TOKEN)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert main(["api", "--manifest", str(manifest), "--port", str(port)]) == ExitCode.USAGE
    said = capsys.readouterr()
    assert said.err == f"crybsim: error: port {port} on 127.0.0.1 is taken; give another --port, or 0 for a free one\n"
    assert said.out == ""


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--instance", "api-3"), "--instance 'api-3': the profile has api-1 to api-2 (platform.instances.api)"),
        (("--instance", "../x"), "--instance '../x': the profile has api-1 to api-2 (platform.instances.api)"),
        (("--log-file", "/nowhere/at/all.log"), "--log-file /nowhere/at/all.log: No such file or directory"),
    ],
)
def test_bad_input_is_one_clear_line(
    manifest: Path, arguments: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["api", "--manifest", str(manifest), "--port", "0", *arguments]) == ExitCode.USAGE
    assert capsys.readouterr().err == f"crybsim: error: {told}\n"
    assert not list(manifest.parent.glob("*.token"))
