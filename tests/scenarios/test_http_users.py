"""The HTTP scenario for someone who never heard of crybsim: plain Locust, no manifest, no crybsim environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
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


def locust(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith(("CRYBSIM_", "LOCUST_"))}
    argv = [sys.executable, "-m", "locust", *arguments]
    return subprocess.run(argv, cwd=folder, env=env, capture_output=True, text=True, timeout=40, check=False)


def test_plain_locust_drives_it_with_users_from_its_flags(tmp_path: Path, api: StandInApi) -> None:
    api.statuses = {"GET /api/v1/posts/trending": 429}
    flags = ["--headless", "-u", "20", "-r", "20", "-t", "3s", "--host", api.url, "--json"]
    done = locust(tmp_path, "-f", str(LOCUSTFILE), *flags)
    assert done.returncode == 0, done.stderr
    table = {(row["method"], row["name"]): row["num_requests"] for row in json.loads(done.stdout)}
    limited = table.pop(("429", "rate limited"), 0)
    assert not set(table) - set(BY_KEY)  # names are the contract's patterns, as in the API's `route` label
    assert 0 < table["POST", "/api/v1/auth/login"] <= 20
    assert 0 <= api.total - sum(table.values()) - limited <= 20  # plain Locust cuts its users' last requests off
    assert limited <= api.requests["GET /api/v1/posts/trending"]


def test_a_folder_of_scenarios_can_be_given_from_anywhere(tmp_path: Path) -> None:
    done = locust(tmp_path, "-f", str(LOCUSTFILE.parent), "--list")
    assert done.returncode == 0, done.stderr
    assert "HttpMember" in done.stdout
