"""Live on history and in virtual time, a profile gives the same alerts and notifications: burn rates, inhibition.

Burn rates have rules beside the reference ones that look back two days on what another one recorded.
The shipped profiles are compared in test_rehearsals.py, beside their other runs, a quick one in tests/rehearsals.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from simulator.errors import ExitCode
from simulator.units import DAY, HOUR
from tests.rehearsals.agreement import disagreements
from tests.rehearsals.running import Finished, Rehearsal, changed

HERE = Path(__file__).parent / "agreement"
REFERENCE = Path(__file__).parents[2] / "monitoring" / "prometheus" / "rules"
WITHIN_SECONDS = 900

pytestmark = [pytest.mark.accept, pytest.mark.stack, pytest.mark.slow, pytest.mark.timeout(1200)]


@dataclass(frozen=True)
class Pair:
    """A profile with the team's files, and how exactly its instants can be known."""

    arguments: tuple[str | Path, ...]
    resolution_ms: int


PAIRS = {
    "burn": Pair(
        (HERE / "burn.yaml", "--rules", REFERENCE / "*.yml", "--rules", HERE / "recorded-rules.yml"),
        15_000 + 15_000,
    ),
    "outage": Pair(
        (
            HERE / "outage.yaml",
            "--prometheus-config", HERE / "outage-prometheus.yml",
            "--alertmanager-config", HERE / "outage-alertmanager.yml",
        ),
        5_000 + 5_000,
    ),
}  # fmt: skip


class Runs:
    """The live runs side by side, then the virtual ones one by one."""

    def __init__(self, folder: Path, names: set[str]) -> None:
        self._folder = folder
        self._live = {name: self._start(name, "live") for name in sorted(names)}
        self._finished: dict[str, tuple[Finished, Finished]] = {}

    def _start(self, name: str, mode: str) -> Rehearsal:
        home = self._folder / f"{name}-{mode}"
        home.mkdir()
        return Rehearsal(home, *PAIRS[name].arguments, "--mode", mode)

    def pair(self, name: str) -> tuple[Finished, Finished]:
        """Both outcomes."""
        if name not in self._finished:
            live = self._live[name].finish(WITHIN_SECONDS)
            self._finished[name] = live, self._start(name, "virtual").finish(WITHIN_SECONDS)
        return self._finished[name]

    def close(self) -> None:
        for rehearsal in self._live.values():
            rehearsal.kill()


@pytest.fixture(scope="module")
def runs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    """Of what was selected."""
    names = {
        str(item.callspec.params["name"])
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.path == Path(__file__) and hasattr(item, "callspec")
    }
    under_way = Runs(tmp_path_factory.mktemp("agreement"), names)
    try:
        yield under_way
    finally:
        under_way.close()


@pytest.mark.parametrize("name", PAIRS)
def test_live_and_virtual_time_agree(runs: Runs, name: str) -> None:
    live, virtual = runs.pair(name)
    assert live.exit_code == ExitCode.PASS, live.output
    assert virtual.exit_code == ExitCode.PASS, virtual.output
    assert disagreements(live.verdict, virtual.verdict, resolution_ms=PAIRS[name].resolution_ms) == []


@pytest.mark.parametrize("name", ["burn"])
def test_a_burn_rate_trips_on_an_hour_of_which_the_run_has_minutes(runs: Runs, name: str) -> None:
    for run in runs.pair(name):
        assert run.words("SLOAvailabilityFastBurn") == {"met"}, run.output


@pytest.mark.parametrize("name", ["burn"])
def test_two_days_of_what_was_recorded_are_there(runs: Runs, name: str) -> None:
    for run in runs.pair(name):
        assert run.words("FailedOfTwoDays") == run.words("FailedOfTooLittle") == {"met"}, run.output


@pytest.mark.parametrize("name", ["burn"])
def test_long_windows_are_worth_the_same(runs: Runs, name: str) -> None:
    """Of 1 h, 6 h, 3 d and 30 d after the fault: live, nearly all of it is history, the counters' restart included."""
    live, virtual = map(_ratios, runs.pair(name))
    whole = {window_ms for window_ms in live if window_ms >= HOUR}  # shorter ones forget the fault by the minute
    assert {HOUR, 6 * HOUR, 3 * DAY, 30 * DAY} <= whole
    for window_ms in whole:
        assert live[window_ms] == pytest.approx(virtual[window_ms], rel=0.15), f"window of {window_ms} ms"


@pytest.mark.parametrize("name", ["outage"])
def test_nobody_hears_of_an_inhibited_consequence(runs: Runs, name: str, tmp_path: Path) -> None:
    for run in runs.pair(name):
        assert "APITrafficGone" in _fired(run)
        assert _heard(run) == {"APIServiceDown"}
    pair = PAIRS[name]
    talkative = changed(
        HERE / "outage-alertmanager.yml", tmp_path / "alertmanager.yml", {"equal: [service]": "equal: [severity]"}
    )
    arguments = [talkative if argument == HERE / "outage-alertmanager.yml" else argument for argument in pair.arguments]
    without = Rehearsal(tmp_path, *arguments, "--mode", "virtual").finish(WITHIN_SECONDS)
    assert _heard(without) == {"APIServiceDown", "APITrafficGone"}


def _ratios(run: Finished) -> dict[int, float]:
    """The last error ratio of each window that the burn-rate alerts look at."""
    series = json.loads((run.folder / "series.json").read_bytes())["series"]
    return {
        int(one["window_ms"]): float(one["values"][-1])
        for one in series
        if one["alert"].startswith("SLOAvailability") and not one["true"]
    }


def _fired(run: Finished) -> set[str]:
    return {alert["alert"] for alert in run.verdict["alerts"] if alert["firing"]}


def _heard(run: Finished) -> set[str]:
    return {alert["alert"] for told in run.verdict["notifications"] for alert in told["alerts"]}
