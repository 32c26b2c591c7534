"""The scenarios' HTTP client against Locust's FastHttpUser: the same cases, the same server, the same things seen."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.http_cases import CASES, LOST, Case

pytestmark = [pytest.mark.accept, pytest.mark.slow]
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def seen() -> dict[str, Any]:
    """What both clients and the server saw, by case."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("CRYBSIM_", "LOCUST_"))}
    driver = [sys.executable, str(Path(__file__).with_name("http_case_driver.py"))]
    told = subprocess.run(
        driver, cwd=ROOT, env={**env, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=280, check=False
    )
    assert told.returncode == 0, told.stderr
    return {one["case"]: one for one in map(json.loads, told.stdout.splitlines())}


def differing(stock: Any, ours: Any, name: str = "") -> Iterator[str]:
    """The names of what differs."""
    if isinstance(stock, dict) and isinstance(ours, dict):
        for key in stock.keys() | ours.keys():
            yield from differing(stock.get(key), ours.get(key), key)
    elif isinstance(stock, list) and isinstance(ours, list) and len(stock) == len(ours):
        for one, other in zip(stock, ours, strict=True):
            yield from differing(one, other, name)
    elif stock != ours:
        yield name


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_it_is_as_with_fast_http_user(case: Case, seen: dict[str, Any]) -> None:
    stock, ours = seen[case.name]["stock"], seen[case.name]["ours"]
    assert set(differing(stock, ours)) == (case.differs.where if case.differs else set()), (stock, ours)


def test_every_request_is_reported_once_and_all_that_failed_as_failures(seen: dict[str, Any]) -> None:
    for case in CASES:
        for told in seen[case.name]["ours"]["told"]:
            assert len(told["events"]) == 1 or told["raised"], case.name
        if case.differs is LOST:
            assert seen[case.name]["ours"]["told"][0]["events"][0]["exception"], case.name


def test_what_may_be_asked_twice_is_asked_again_where_the_kept_connection_was_closed(seen: dict[str, Any]) -> None:
    again = seen["closed just as it is used again"]["ours"]
    assert [one["connection"] for one in again["asked"]] == [1, 1, 2]
    assert [told["status"] for told in again["told"]] == [200, 200]
    never = seen["so for a POST"]["ours"]
    assert [one["line"][1] for one in never["asked"]] == ["/x", "/y"]
    assert never["told"][1]["events"][0]["exception"] == "HTTPConnectionClosed"
