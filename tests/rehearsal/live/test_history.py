"""The history of a live run: what the model says of the time before, wherever on the clock the run begins."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from simulator.profile.load import load_profile
from simulator.profile.manifest import Manifest, profile_hash
from simulator.rehearsal.history.platform_data import TeamPlatform
from simulator.rehearsal.live.history import LiveHistory, ends_before_ms, live_history, prepare_history, remove_blocks
from simulator.rehearsal.local_servers import LocalServers
from simulator.rehearsal.request import RehearsalRequest, Servers, TeamFiles
from simulator.rehearsal.run_folder import RunFolder
from simulator.sinks.tsdb_blocks import read_blocks
from simulator.stack.binaries import find_binaries
from simulator.streams.samples import ModelSamples
from simulator.telemetry.samples import Labels
from simulator.units import HOUR, MINUTE, SECOND
from tests.sinks.test_tsdb_blocks import dumped

QUICK = Path(__file__).parents[2] / "rehearsals" / "quick"
STARTED = 1_795_875_600_123  # when a live run may begin: some instant in November 2026
LENGTH = 5 * MINUTE
ENDS_BEFORE = 15 * SECOND

pytestmark = [pytest.mark.stack, pytest.mark.slow]


def manifest(started_ms: int | None = None) -> Manifest:
    """A run of the quick profile; not given: in the profile's own time."""
    profile = load_profile(QUICK / "quick.yaml")
    return Manifest(
        run_id="quick",
        mode="live",
        profile=profile,
        profile_sha256=profile_hash(profile),
        profile_path="quick.yaml",
        seed=profile.seed,
        started_ms=profile.start_ms if started_ms is None else started_ms,
    )


def servers() -> Servers:
    """The real ones."""
    found = find_binaries()
    return Servers(
        prometheus=found.prometheus.path,
        promtool=found.promtool.path,
        alertmanager=found.alertmanager.path,
        amtool=found.amtool.path,
        prometheus_version=found.prometheus.version,
        alertmanager_version=found.alertmanager.version,
    )


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> TeamPlatform:
    """The quick configuration's jobs, and three names of theirs: one the API's own, one the model's, one of scrapes."""
    local = LocalServers(TeamFiles(QUICK / "prometheus.yml", QUICK / "alertmanager.yml"), servers())
    run = RunFolder.create("quick", 0, tmp_path_factory.mktemp("run"))
    only = dict.fromkeys(("http_requests_total", "node_load1", "up"), HOUR)
    return local.team_platform(ModelSamples(manifest(), everything=True), run, only)[0]


@pytest.fixture(scope="module")
def history(platform: TeamPlatform, tmp_path_factory: pytest.TempPathFactory) -> LiveHistory:
    """Five minutes of it, made anew."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        return live_history(manifest(), platform, LENGTH, ENDS_BEFORE, lambda _: None)


@pytest.fixture(scope="module")
def found(history: LiveHistory, tmp_path_factory: pytest.TempPathFactory) -> dict[Labels, list[tuple[int, str]]]:
    """What is in the data folder of a run that begins at STARTED."""
    data = tmp_path_factory.mktemp("data")
    history.put(data, STARTED)
    return dumped(find_binaries().promtool.path, data)


def test_it_ends_where_the_servers_may_start(history: LiveHistory, found: dict[Labels, list[tuple[int, str]]]) -> None:
    assert history.end_ms(STARTED) == STARTED - ENDS_BEFORE
    assert history.start_ms(STARTED) == STARTED - ENDS_BEFORE - LENGTH
    times = [time for samples in found.values() for time, _ in samples]
    interval = 2 * SECOND
    assert history.start_ms(STARTED) <= min(times) < history.start_ms(STARTED) + interval
    assert history.end_ms(STARTED) - interval <= max(times) < history.end_ms(STARTED)


def test_every_sample_is_what_a_live_run_would_have_shown_then(
    platform: TeamPlatform, found: dict[Labels, list[tuple[int, str]]]
) -> None:
    """Asked of the model of the very run, at the very instant; so what the emitter shows next goes on from there."""
    relabelling = platform.relabelling
    compared = set()
    for target in relabelling.targets():
        own = relabelling.target(target.job, target.instance)
        assert own is not None
        source = platform.source(manifest(STARTED))
        up = found[("__name__", "up"), *own]
        times = np.array([time for time, _ in up], dtype=np.int64)
        for block in source.blocks(target.job, target.instance, times):
            for column, series in enumerate(block.series):
                labels = relabelling.sample(target.job, own, series)
                if labels is None:
                    continue
                said = dict(zip(times.tolist(), block.values[:, column].tolist(), strict=True))
                there = [(time, float(text)) for time, text in found[labels]]
                assert there
                for time, value in there:
                    if not math.isnan(value):
                        assert value == said[time]
                        compared.add(series.name)
    assert compared == {"http_requests_total", "node_load1"}


def test_what_the_api_counts_ends_with_a_marker_and_the_rest_goes_on(
    found: dict[Labels, list[tuple[int, str]]],
) -> None:
    ended = {dict(labels)["__name__"]: samples[-1][1] for labels, samples in found.items()}
    assert ended["http_requests_total"] == "NaN"
    assert ended["node_load1"] != "NaN"
    assert ended["up"] == "1"


def test_a_later_run_uses_the_same_blocks(history: LiveHistory, tmp_path: Path) -> None:
    for number, started_ms in enumerate((STARTED, STARTED + 12_345)):
        history.put(tmp_path / str(number), started_ms)
    one, other = (read_blocks(tmp_path / number)[-1] for number in "01")
    assert other.span.end_ms - one.span.end_ms == 12_345
    assert other.stats == one.stats


def test_only_blocks_of_before_the_run_are_removed(history: LiveHistory, tmp_path: Path) -> None:
    history.put(tmp_path, STARTED)
    remove_blocks(tmp_path, STARTED - MINUTE)
    kept = read_blocks(tmp_path)
    assert kept
    assert all(meta.span.end_ms > STARTED - MINUTE for meta in kept)
    remove_blocks(tmp_path, STARTED)
    assert read_blocks(tmp_path) == ()


def test_what_was_recorded_is_there_as_far_back_as_anybody_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And its history is as long as the longest window. What is further away than six hours has a block of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    rules = tmp_path / "rules.yml"
    rules.write_text(
        "groups: [{name: g, rules: [{record: 'r:load', expr: 'sum(node_load1)'}, {alert: Now, expr: 'r:load > 9'},"
        " {alert: Past, expr: 'avg_over_time(r:load[3m]) > 9'}, {alert: Far, expr: 'r:load offset 7h > 9'},"
        " {record: 'r:twice', expr: '2 * r:load'}, {alert: Long, expr: 'avg_over_time(up[2h]) < 1'}]}]\n"
    )
    files = TeamFiles(QUICK / "prometheus.yml", QUICK / "alertmanager.yml", (str(rules),))
    run_of = manifest()
    request = RehearsalRequest(profile=run_of.profile, profile_path="quick.yaml", local=(files, servers()))
    told: list[str] = []
    run = RunFolder.create("quick", 0, tmp_path / "run")
    local = LocalServers(files, servers())
    made = prepare_history(request, local, run, run_of, 20 * SECOND, lambda _: None, told.append)
    assert made.doubtful == ()
    (length,) = told
    assert length.endswith("of history, up to the servers' start")
    assert made.end_ms(STARTED) == STARTED - ENDS_BEFORE

    again = prepare_history(request, local, run, run_of, 20 * SECOND, lambda _: None, told.append)
    assert again == made
    made.put(tmp_path / "data", STARTED)
    found = dumped(find_binaries().promtool.path, tmp_path / "data")
    recorded = {time: float(text) for time, text in found[("__name__", "r:load"),]}
    begins = made.end_ms(STARTED) - 6 * HOUR
    twice = {time: float(text) for time, text in found[("__name__", "r:twice"),]}  # on which nobody looks back
    assert twice == {time: 2 * value for time, value in recorded.items() if time >= begins}
    times = sorted(recorded)
    assert times[0] <= STARTED - 7 * HOUR
    assert made.end_ms(STARTED) - times[-1] <= 2 * SECOND
    assert set(np.diff(times)) == {2 * SECOND}
    (load,) = [samples for labels, samples in found.items() if dict(labels)["__name__"] == "node_load1"]
    scraped = np.array([time for time, _ in load])
    for time in (*times[:50], *times[-50:]):  # the sum over one node is its newest sample
        newest = int(np.searchsorted(scraped, time, side="right")) - 1
        assert recorded[time] == float(load[newest][1])


def test_there_are_blocks_for_two_leads_only() -> None:
    assert {ends_before_ms(lead * SECOND) for lead in range(20, 91)} == {15 * SECOND, 30 * SECOND}
