"""The shipped profiles on the reference stack, live, each beside twins that must not pass. All run side by side."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from simulator.errors import ExitCode
from simulator.resources import shipped
from tests.rehearsals.agreement import disagreements
from tests.rehearsals.running import Finished, Rehearsal, changed

RULES = shipped("monitoring") / "prometheus" / "rules"
ROUTES = shipped("monitoring") / "alertmanager" / "alertmanager.yml"
TO_CRITICAL = '- matchers: [severity="critical"]\n      receiver: critical'
TO_NOBODY = '- matchers: [severity="none"]\n      receiver: critical'
WITHIN_SECONDS = 1_300
A_SCRAPE_AND_AN_EVALUATION_MS = 15_000 + 15_000
STAGGER_SECONDS = 4.0
"""Between starts: a run's start is the only moment at which it needs a whole core."""

pytestmark = [pytest.mark.accept, pytest.mark.stack, pytest.mark.slow, pytest.mark.timeout(1800)]


def _rules(folder: Path, file: str, replacements: dict[str, str]) -> list[str | Path]:
    """`--rules` for the reference rules with one file changed."""
    for path in RULES.glob("*.yml"):
        changed(path, folder / "rules" / path.name, replacements if path.name == file else {})
    return ["--rules", str(folder / "rules" / "*.yml")]


def _routes(folder: Path, replacements: dict[str, str]) -> list[str | Path]:
    templates = ROUTES.parent / "templates"
    absolute = {"- templates/*.tmpl": f"- {templates}/*.tmpl"}
    return ["--alertmanager-config", changed(ROUTES, folder / "alertmanager.yml", {**replacements, **absolute})]


def _nothing(folder: Path) -> list[str | Path]:
    del folder
    return []


VARIANTS: dict[str, tuple[str, Callable[[Path], list[str | Path]]]] = {
    "api-errors": ("api-errors", _nothing),
    "api-errors, threshold of 50 %": (
        "api-errors",
        lambda folder: _rules(folder, "availability.yml", {"ratio_rate1m > 0.05": "ratio_rate1m > 0.5"}),
    ),
    "api-errors, route that drops it": (
        "api-errors",
        lambda folder: _routes(folder, {TO_CRITICAL: TO_NOBODY}),
    ),
    "api-errors, firing before": (
        "api-errors",
        lambda folder: _rules(
            folder, "availability.yml", {"ratio_rate1m > 0.05": "ratio_rate1m > -1", "for: 2m": "for: 15s"}
        ),
    ),
    "api-errors, Prometheus killed": ("api-errors", _nothing),
    "api-errors, API killed": ("api-errors", _nothing),
    "quiet-evening": ("quiet-evening", _nothing),
    "quiet-evening, too sensitive": (
        "quiet-evening",
        lambda folder: _rules(
            folder, "availability.yml", {"ratio_rate1m > 0.05": "ratio_rate1m > -1", "for: 2m": "for: 30s"}
        ),
    ),
    "api-outage": ("api-outage", _nothing),
    "slow-api": ("slow-api", _nothing),
}  # fmt: skip

ALWAYS_FIRING = ("api-errors, firing before", "quiet-evening, too sensitive")
"""What always fires begins with its Prometheus: live just before the run, in virtual time long before it."""


class Library:
    """All variants under way; `result` waits for one."""

    def __init__(self, folder: Path) -> None:
        self._running: dict[str, Rehearsal] = {}
        self._finished: dict[str, Finished] = {}
        self._deadline = time.monotonic() + WITHIN_SECONDS
        for name, (profile, arguments) in VARIANTS.items():
            home = folder / re.sub(r"\W+", "-", name)
            home.mkdir()
            self._running[name] = Rehearsal(home, profile, "--mode", "live", *arguments(home))
            time.sleep(STAGGER_SECONDS)

    def running(self, name: str) -> Rehearsal:
        return self._running[name]

    def result(self, name: str) -> Finished:
        if name not in self._finished:
            self._finished[name] = self._running[name].finish(max(self._deadline - time.monotonic(), 1))
        return self._finished[name]

    def close(self) -> None:
        for rehearsal in self._running.values():
            rehearsal.kill()


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    runs = Library(tmp_path_factory.mktemp("library"))
    try:
        _kill_halfway(runs.running("api-errors, Prometheus killed"), _is_prometheus)
        _kill_halfway(runs.running("api-errors, API killed"), _is_api)
        yield runs
    finally:
        runs.close()


def _kill_halfway(rehearsal: Rehearsal, is_victim: Callable[[psutil.Process], bool]) -> None:
    """Once the fault has begun: all processes of that kind."""
    rehearsal.wait_for("begins", 300)
    victims = [process for process in rehearsal.survivors() if is_victim(process)]
    assert victims
    for victim in victims:
        os.kill(victim.pid, signal.SIGKILL)


def _is_prometheus(process: psutil.Process) -> bool:
    return bool(process.name() == "prometheus")


def _is_api(process: psutil.Process) -> bool:
    """An instance of the reference API."""
    return process.cmdline()[1:4] == ["-m", "simulator", "api"]


@pytest.mark.parametrize("profile", ["api-errors", "quiet-evening", "api-outage", "slow-api"])
def test_a_shipped_profile_passes(library: Library, profile: str) -> None:
    run = library.result(profile)
    assert run.exit_code == ExitCode.PASS, run.output


def test_a_threshold_of_50_percent_fails_and_names_the_alert_that_stayed_silent(library: Library) -> None:
    run = library.result("api-errors, threshold of 50 %")
    assert run.exit_code == ExitCode.FAIL, run.output
    assert "missing" in run.words("HighErrorRate")


def test_a_route_that_drops_it_fails_and_names_the_receiver_that_heard_nothing(library: Library) -> None:
    run = library.result("api-errors, route that drops it")
    assert run.exit_code == ExitCode.FAIL, run.output
    assert "#critical-alerts" in run.messages("misrouted")


def test_prometheus_killed_halfway_is_inconclusive(library: Library) -> None:
    run = library.result("api-errors, Prometheus killed")
    assert run.exit_code == ExitCode.INCONCLUSIVE, run.output
    assert "prometheus" in run.messages("unobserved")


def test_the_api_killed_halfway_is_inconclusive(library: Library) -> None:
    """It ends with a verdict, and nothing is held against the team's rules that broke outside of the profile."""
    run = library.result("api-errors, API killed")
    assert run.exit_code == ExitCode.INCONCLUSIVE, run.output
    assert "api" in run.messages("unobserved")
    assert "unexpected" not in {finding["word"] for finding in run.verdict["findings"]}, run.output


def test_an_alert_that_fires_before_its_fault_fails(library: Library) -> None:
    run = library.result("api-errors, firing before")
    assert run.exit_code == ExitCode.FAIL, run.output
    assert "not-caused" in run.words("HighErrorRate")


def test_a_rule_that_is_too_sensitive_fails_on_a_quiet_evening(library: Library) -> None:
    run = library.result("quiet-evening, too sensitive")
    assert run.exit_code == ExitCode.FAIL, run.output
    assert "unexpected" in run.words("HighErrorRate")


@pytest.mark.parametrize("name", [name for name in VARIANTS if "killed" not in name])
def test_virtual_time_comes_to_the_same_outcome(library: Library, tmp_path: Path, name: str) -> None:
    profile, arguments = VARIANTS[name]
    live = library.result(name)  # first, so that both do not share the machine
    virtual = Rehearsal(tmp_path, profile, *arguments(tmp_path)).finish(WITHIN_SECONDS)
    assert virtual.exit_code == live.exit_code, virtual.output
    for alert in {expected["alert"] for expected in live.verdict["findings"] if expected["alert"]}:
        assert virtual.words(alert) == live.words(alert), alert
    if name not in ALWAYS_FIRING:
        assert disagreements(live.verdict, virtual.verdict, resolution_ms=A_SCRAPE_AND_AN_EVALUATION_MS) == []
