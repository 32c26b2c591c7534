"""The HTTP scenario for someone who never heard of crybsim: plain Locust, no manifest, no crybsim environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from simulator.catalog.routes import BY_KEY
from simulator.resources import shipped
from tests.load.stand_in_api import StandInApi, serving

pytestmark = pytest.mark.slow
LOCUSTFILE = shipped("scenarios") / "http_users.py"


@pytest.fixture
def api() -> Iterator[StandInApi]:
    with serving() as server:
        yield server


@contextmanager
def locust(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    env = {name: value for name, value in os.environ.items() if not name.startswith(("CRYBSIM_", "LOCUST_"))}
    argv = [sys.executable, "-m", "locust", *arguments]
    with subprocess.Popen(
        argv, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_plain_locust_drives_it_with_users_from_its_flags(tmp_path: Path, api: StandInApi) -> None:
    api.statuses = {"GET /api/v1/posts/trending": 429}
    flags = ["--headless", "-u", "20", "-r", "20", "-t", "60s", "--host", api.url, "--json"]
    with locust(tmp_path, "-f", str(LOCUSTFILE), *flags) as process:
        deadline = time.monotonic() + 200
        while api.total < 60:
            assert time.monotonic() < deadline, "no load came"
            time.sleep(0.05)
        process.terminate()
        told, log = process.communicate(timeout=250)
    assert process.returncode == 0, log
    table = {(row["method"], row["name"]): row["num_requests"] for row in json.loads(told)}
    limited = table.pop(("429", "rate limited"), 0)
    assert not set(table) - set(BY_KEY)  # names are the contract's patterns, as in the API's `route` label
    assert table["POST", "/api/v1/auth/login"] == 20
    # plain Locust cuts its users' last requests off; they are counted, and perhaps never came to the API
    assert abs(api.total - sum(table.values()) - limited) <= 20
    assert limited <= api.requests["GET /api/v1/posts/trending"]


def test_a_folder_of_scenarios_can_be_given_from_anywhere(tmp_path: Path) -> None:
    with locust(tmp_path, "-f", str(LOCUSTFILE.parent), "--list") as process:
        told, log = process.communicate(timeout=250)
    assert process.returncode == 0, log
    assert "HttpMember" in told
