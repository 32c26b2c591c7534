"""The whole profile library in virtual time, against the reference rules and routes.

Every shipped profile passes. With every threshold ten times harder none that expects an alert does, and it is the
expected alert that is not there. Without its faults nothing fires at all.

What profiles have in common is done once: their history is shared by the cache, and profiles that differ only in their
faults, expectations and length have the same twin without faults, that of the longest.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from alerting.rules import read_alerts
from alerting.table import read_profiles
from simulator.errors import ExitCode
from simulator.profile.schema import Profile
from simulator.resources import shipped
from tests.rehearsals.harder import HARDER, harder_rules
from tests.rehearsals.running import Finished, Rehearsal

pytestmark = [pytest.mark.accept, pytest.mark.stack, pytest.mark.slow, pytest.mark.timeout(3600)]

RULES = shipped("monitoring") / "prometheus" / "rules"
WITHIN_SECONDS = 1800
AT_ONCE = (os.cpu_count() or 1) + 1
"""Rehearsals side by side: part of each is waiting for Alertmanager's timers."""

PROFILES = {profile.name: profile for profile in read_profiles()}
AS_SHIPPED, HARDER_RULES, NO_FAULTS = "as shipped", "harder", "without faults"
EXPECTING = [name for name, profile in PROFILES.items() if profile.expect.alerts]


def base_of(profile: Profile) -> str:
    """What a profile's twin without faults is made of, besides how long it is."""
    said = profile.model_dump(mode="json", by_alias=True)
    for name in ("name", "description", "duration", "faults", "expect", "load", "silences"):
        said.pop(name, None)
    return json.dumps(said, sort_keys=True)


def twins() -> dict[str, Profile]:
    """For each base the longest profile, by its name."""
    longest: dict[str, Profile] = {}
    for profile in PROFILES.values():
        known = longest.get(base_of(profile))
        if known is None or known.duration < profile.duration:
            longest[base_of(profile)] = profile
    return {profile.name: profile for profile in longest.values()}


TWINS = twins()


def without_faults(name: str, folder: Path) -> Path:
    """A profile without its faults, that expects nothing but silence."""
    path = shipped("profiles") / f"{name}.yaml"
    yaml = YAML()
    written = yaml.load(path.read_text("utf-8"))
    written["faults"] = []
    written["expect"] = {"silent": [], "no_other_alerts": True}
    target = folder / f"{name}.yaml"
    with target.open("w") as file:
        yaml.dump(written, file)
    return target


class Library:
    """The rehearsals that are asked for, a few at a time; each test waits for its own."""

    def __init__(self, folder: Path, asked: Collection[tuple[str, str]]) -> None:
        self._folder = folder
        self._pool = ThreadPoolExecutor(AT_ONCE)
        self._rules = harder_rules(RULES, folder / "harder")
        self._runs: dict[tuple[str, str], Future[Finished]] = {}
        for variant, name in asked:
            if variant == HARDER_RULES:
                self._begin(variant, name, name, "--rules", str(self._rules / "*.yml"))
            else:
                self._begin(variant, name, name if variant == AS_SHIPPED else without_faults(name, folder))

    def result(self, variant: str, name: str) -> Finished:
        return self._runs[variant, name].result()  # it waits for those before it; each has its own limit

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _begin(self, variant: str, name: str, profile: str | Path, *arguments: str) -> None:
        home = self._folder / variant.replace(" ", "-") / name
        home.mkdir(parents=True)

        def rehearse() -> Finished:
            return Rehearsal(home, profile, *arguments, nice=10).finish(WITHIN_SECONDS)

        self._runs[variant, name] = self._pool.submit(rehearse)


@pytest.fixture(scope="module")
def library(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    tests = (item for item in request.session.items if isinstance(item, pytest.Function) and item.path == request.path)
    asked = dict.fromkeys(run for test in tests for run in runs_of(test))
    runs = Library(tmp_path_factory.mktemp("library"), asked)
    try:
        yield runs
    finally:
        runs.close()


def runs_of(test: pytest.Function) -> list[tuple[str, str]]:
    """The rehearsals that a test of this file waits for: (variant, profile)."""
    variant = VARIANTS[test.originalname]
    return [(variant, test.callspec.params["name"])] if hasattr(test, "callspec") else [(variant, n) for n in EXPECTING]


@pytest.mark.parametrize("name", PROFILES)
def test_a_shipped_profile_passes(library: Library, name: str) -> None:
    run = library.result(AS_SHIPPED, name)
    assert run.exit_code == ExitCode.PASS, run.output


@pytest.mark.parametrize("name", EXPECTING)
def test_thresholds_that_are_ten_times_harder_turn_a_pass_to_a_fail(library: Library, name: str) -> None:
    run = library.result(HARDER_RULES, name)
    assert run.exit_code == ExitCode.FAIL, run.output
    assert run.words_of({"missing", "late"}), run.output


def test_each_alert_that_is_made_harder_is_missed_in_a_profile_that_expects_it(library: Library) -> None:
    missed = {alert for name in EXPECTING for alert in library.result(HARDER_RULES, name).words_of({"missing", "late"})}
    assert missed == HARDER.keys()
    assert {alert.name for alert in read_alerts() if not alert.by_logs} - missed == {"Watchdog"}


@pytest.mark.parametrize("name", TWINS)
def test_without_its_faults_nothing_fires(library: Library, name: str) -> None:
    run = library.result(NO_FAULTS, name)
    fired = {alert["alert"] for alert in run.verdict["alerts"] if alert["firing"]}
    assert fired == {"Watchdog"}, run.output
    assert run.exit_code == ExitCode.PASS, run.output


VARIANTS = {
    test_a_shipped_profile_passes.__name__: AS_SHIPPED,
    test_thresholds_that_are_ten_times_harder_turn_a_pass_to_a_fail.__name__: HARDER_RULES,
    test_each_alert_that_is_made_harder_is_missed_in_a_profile_that_expects_it.__name__: HARDER_RULES,
    test_without_its_faults_nothing_fires.__name__: NO_FAULTS,
}
