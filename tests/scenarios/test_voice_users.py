"""Voice users against a real reference API with its relay: what they tell Locust is what the API counts."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from simulator.clock import WallClock
from simulator.profile.manifest import Manifest
from simulator.profile.schema import Profile
from simulator.resources import shipped
from simulator.stack.processes import Service, start_service

pytestmark = [pytest.mark.slow, pytest.mark.accept, pytest.mark.timeout(1200)]

LOCUSTFILE = shipped("scenarios") / "voice_users.py"
DEADLINE_SECONDS = 400.0
REPORTED_WITHIN_SECONDS = 90.0
LOSS = {"id": "lossy", "kind": "voice_packet_loss", "at": "0s", "for": "1h", "parameters": {"loss": 0.4}}
ADMIN_TOKEN = "for-tests"


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Service]:
    """An API with voice load, in every room of which 40 % of the packets are lost."""
    profile = Profile.model_validate(
        {
            "name": "voices",
            "description": "for tests",
            "seed": 5,
            "start": "2026-01-05T20:00:00",
            "duration": "1h",
            "platform": {"size": "tiny", "registered_users": 1000},
            "load": {"scenarios": ["voice"]},
            "faults": [LOSS],
        }
    )
    manifest = Manifest(
        run_id="voice-users",
        mode="live",
        profile=profile,
        profile_path="voices.yaml",
        seed=profile.seed,
        started_ms=WallClock().now_ms(),
    )
    manifest.write(tmp_path / "manifest.json")
    argv = [sys.executable, "-m", "simulator", "api", "--manifest", str(tmp_path / "manifest.json"), "--port", "0"]
    env = {**os.environ, "CRYBSIM_ADMIN_TOKEN": ADMIN_TOKEN}
    service = start_service(argv, name="api", log=tmp_path / "api.err", env=env, ready_within_seconds=DEADLINE_SECONDS)
    yield service
    service.stop()


@contextmanager
def locust(folder: Path, host: str, users: int) -> Iterator[subprocess.Popen[str]]:
    env = {name: value for name, value in os.environ.items() if not name.startswith(("CRYBSIM_", "LOCUST_"))}
    flags = ["--headless", "-u", str(users), "-r", str(users), "-t", "1h", "--stop-timeout", "30", "--json"]
    argv = [sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), *flags, "--host", host]
    with subprocess.Popen(
        argv, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def total(host: str, name: str, kind: str = "voice") -> float:
    text = httpx.get(f"{host}/metrics", timeout=DEADLINE_SECONDS).text
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name and sample.labels["type"] == kind
    )


def until_reported(host: str, reports: int) -> None:
    """Wait until the API has so many quality reports; not for long, as nobody posts any where a generator is behind."""
    deadline = time.monotonic() + REPORTED_WITHIN_SECONDS
    route = 'route="/api/v1/voice/quality/report"'
    while True:
        lines = httpx.get(f"{host}/metrics", timeout=DEADLINE_SECONDS).text.splitlines()
        posted = sum(
            float(line.rpartition(" ")[2])
            for line in lines
            if line.startswith("http_requests_total{") and route in line
        )
        if posted >= reports or time.monotonic() > deadline:
            return
        time.sleep(0.5)


def until_gone(processes: list[psutil.Process]) -> None:
    """Wait until none of them runs any more."""
    _, alive = psutil.wait_procs(processes, timeout=DEADLINE_SECONDS)
    assert not alive


def test_users_and_api_count_the_same_calls_and_the_same_poor_ones(tmp_path: Path, api: Service) -> None:
    host = api.urls["api"]
    with locust(tmp_path, host, users=6) as process:
        until_reported(host, reports=12)
        generators = [
            one
            for one in psutil.Process(process.pid).children(recursive=True)
            if "media.generator" in " ".join(one.cmdline())
        ]
        assert len(generators) == 1
        process.send_signal(signal.SIGTERM)
        told, log = process.communicate(timeout=DEADLINE_SECONDS)
    until_gone(generators)
    table = {(row["method"], row["name"]): row for row in json.loads(told)}

    ways = (("POST", "/api/v1/voice/channels/:channelId/join"), ("SIO", "emit voice:join_channel"))
    joined = sum(table[way]["num_requests"] for way in ways)
    assert all(table[way]["num_requests"] for way in ways), log  # some users take the one, some the other
    assert table["VOICE", "join"]["num_requests"] == joined >= 6, log
    assert total(host, "cryb_voice_calls_active") == 0  # who was stopped has left, too
    assert total(host, "cryb_voice_calls_total") == joined
    assert total(host, "cryb_voice_call_duration_seconds_count") == joined

    calls = table.get(("VOICE", "call"), {"num_requests": 0, "num_failures": 0})
    behind = table.get(("VOICE", "behind"), {"num_requests": 0})["num_requests"]
    poor = total(host, "cryb_voice_calls_poor_quality_total")
    if behind == 0:  # else some calls were poor in some reports, and not counted for others
        assert poor == calls["num_failures"]
        assert poor > 0
        loss, mos = table["VOICE", "loss"], table["VOICE", "mos"]
        assert 200 < loss["total_response_time"] / loss["num_requests"] < 600  # thousandths
        assert mos["total_response_time"] / mos["num_requests"] < 2_500
    else:
        assert poor >= calls["num_failures"]


def test_a_generator_that_dies_ends_calls_and_not_users(tmp_path: Path, api: Service) -> None:
    host = api.urls["api"]
    with locust(tmp_path, host, users=2) as process:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while total(host, "cryb_voice_calls_active") < 2:
            assert time.monotonic() < deadline, "nobody joined"
            time.sleep(0.2)
        (generator,) = (
            one
            for one in psutil.Process(process.pid).children(recursive=True)
            if "media.generator" in " ".join(one.cmdline())
        )
        generator.kill()
        while total(host, "cryb_voice_calls_total") < 2 or total(host, "cryb_voice_calls_active") < 1:
            assert time.monotonic() < deadline, "they did not leave, or did not come again"
            time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        told, log = process.communicate(timeout=DEADLINE_SECONDS)
    table = {(row["method"], row["name"]): row for row in json.loads(told)}
    assert table["VOICE", "call"]["num_failures"] >= 1, log
    assert "the media generator has ended" in log
    assert "Traceback" not in log
