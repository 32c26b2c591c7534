"""Backfills: what is in the blocks, and that neither threads nor kill -9 nor a full disk change a bit of it."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from simulator.errors import InputError
from simulator.profile.manifest import Manifest
from simulator.profile.schema import Profile
from simulator.rehearsal.history.backfill import Backfilled, Progress, backfill, remembered
from simulator.rehearsal.history.history import History
from simulator.rehearsal.history.scrapes import PlainRelabelling, Scraper, ScrapeSource
from simulator.sinks.tsdb_blocks import read_blocks
from simulator.stack.binaries import find_binaries
from simulator.streams.samples import ModelSamples
from simulator.streams.shards import Shard
from simulator.telemetry.interval import Interval
from simulator.telemetry.samples import Labels
from simulator.units import HOUR, MINUTE
from tests.rehearsal.toy_platform import START, Toy, manifest
from tests.sinks.test_tsdb_blocks import as_dumped, dumped
from tests.wire.tsdb.reader import Sample, blocks, read_block

PLAIN = PlainRelabelling()
Block = dict[Labels, list[Sample]]


def history_of(run: Manifest, source: ScrapeSource, length: int, *, longest_block: int = 2 * HOUR) -> History:
    """The hours before a run, the last one in full."""
    return History(
        manifest=run,
        span=Interval(run.started_ms - length, run.started_ms),
        full_from_ms=run.started_ms - HOUR,
        old_step_ms=MINUTE,
        targets=Scraper(source, PLAIN, run.seed).targets(),
        relabelling=PLAIN.identity,
        longest_block_ms=longest_block,
    )


HISTORY = history_of(manifest(), Toy(), 7 * HOUR)


def fill(
    folder: Path,
    history: History = HISTORY,
    source: Callable[[], ScrapeSource] = Toy,
    *,
    workers: int = 2,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> Backfilled:
    return backfill(history, folder, source=source, relabelling=PLAIN, workers=workers, on_progress=on_progress)


def digest(folder: Path) -> dict[str, str]:
    """A hash of every file of every block; nothing else may be there but what a data folder has, and the memory."""
    others = {path.name for path in folder.iterdir()} - {path.name for path in blocks(folder)}
    assert others == {"wal", ".crybsim-lock", "crybsim-history.json"}
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for block in blocks(folder)
        for path in sorted(block.rglob("*"))
        if path.is_file()
    }


def everything(folder: Path) -> Block:
    """The samples of all blocks."""
    found: Block = {}
    for block in blocks(folder):
        for labels, samples in read_block(block).items():
            found.setdefault(labels, []).extend(samples)
    return found


def expected(history: History, source: ScrapeSource) -> Block:
    """The same from scraping each target straight through."""
    found: Block = {}
    scraper = Scraper(source, PLAIN, history.manifest.seed)
    for target in history.targets:
        times = history.scrapes(target, history.span)
        scraped = scraper.scrape(target, times, times[:0])
        for row, labels in enumerate(scraped.series):
            there = np.flatnonzero(scraped.present[row])
            if len(there):
                found[labels] = list(zip(times[there].tolist(), scraped.values[row, there].tolist(), strict=True))
    return found


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all of HISTORY."""
    folder = tmp_path_factory.mktemp("filled")
    fill(folder)
    return folder


def test_the_blocks_have_every_scrape(filled: Path) -> None:
    assert everything(filled) == expected(HISTORY, Toy())
    assert [meta.span for meta in read_blocks(filled)] == list(HISTORY.blocks)
    assert len(HISTORY.blocks) == 4


@pytest.mark.parametrize("workers", [1, 3])
def test_the_number_of_threads_changes_no_byte(tmp_path: Path, filled: Path, workers: int) -> None:
    fill(tmp_path, workers=workers)
    assert digest(tmp_path) == digest(filled)


def test_progress_ends_where_it_was_to_end(tmp_path: Path) -> None:
    seen: list[Progress] = []
    done = fill(tmp_path, on_progress=seen.append)
    assert [progress.samples for progress in seen] == sorted(progress.samples for progress in seen)
    assert seen[-1].blocks == seen[-1].expected_blocks == len(done.written) == 4
    assert seen[-1].samples == sum(meta.stats.samples for meta in done.written)
    assert 0.8 < seen[-1].samples / seen[-1].expected_samples <= 1  # `flicker` is there half of the time


def test_what_is_there_is_used_again(tmp_path: Path) -> None:
    first = fill(tmp_path)
    before = digest(tmp_path)
    stamps = [path.stat().st_mtime_ns for path in sorted(tmp_path.rglob("*"))]
    second = fill(tmp_path)
    assert (len(first.written), len(second.written)) == (4, 0)
    assert [meta.ulid for meta in second.reused] == [meta.ulid for meta in first.written]
    assert digest(tmp_path) == before
    assert [path.stat().st_mtime_ns for path in sorted(tmp_path.rglob("*"))] == stamps


def test_a_block_that_a_server_merged_ours_into_counts_as_ours(tmp_path: Path) -> None:
    first, second, *rest = fill(tmp_path).written
    for meta in (first, second):
        path = tmp_path / meta.ulid / "meta.json"
        document = json.loads(path.read_bytes())
        document["ulid"] = "01KECC38395PS4QTA0ZT189ZPQ"
        document["compaction"]["sources"] = [first.ulid, second.ulid]
        path.write_text(json.dumps(document))
    (tmp_path / first.ulid).rename(tmp_path / "01KECC38395PS4QTA0ZT189ZPQ")
    (tmp_path / second.ulid / "meta.json").unlink()
    done = fill(tmp_path)
    assert done.written == ()
    assert [meta.ulid for meta in done.reused] == ["01KECC38395PS4QTA0ZT189ZPQ", *(meta.ulid for meta in rest)]


def test_other_blocks_of_the_same_time_are_refused(tmp_path: Path) -> None:
    fill(tmp_path)
    before = digest(tmp_path)
    other = replace(HISTORY, manifest=manifest(seed=2))
    with pytest.raises(InputError, match=r"already has 2026-01-05T17:00.* not a part of this history; choose another"):
        fill(tmp_path, other)
    assert digest(tmp_path) == before


def test_other_blocks_of_another_time_may_stay(tmp_path: Path) -> None:
    earlier = replace(HISTORY, span=Interval(START - 11 * HOUR, START - 7 * HOUR))
    fill(tmp_path, earlier)
    assert len(fill(tmp_path).written) == 4


def test_a_folder_remembers_what_it_was_filled_for(tmp_path: Path) -> None:
    assert remembered(tmp_path) is None
    backfill(HISTORY, tmp_path, source=Toy, relabelling=PLAIN, request="a month")
    memory = remembered(tmp_path)
    assert memory is not None
    assert (memory.request, memory.started_ms) == ("a month", START)
    (tmp_path / "crybsim-history.json").write_text("[]")
    assert remembered(tmp_path) is None


class Same(PlainRelabelling):
    """Gives every target the same labels."""

    def target(self, job: str, instance: str) -> Labels:
        return (("job", "all"),)


def test_targets_that_cannot_be_told_apart_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"comes from db-1 of db and from web-1 of web; targets need labels"):
        backfill(HISTORY, tmp_path, source=Toy, relabelling=Same())
    assert list(blocks(tmp_path)) == []


def test_a_span_without_a_scrape_has_no_block(tmp_path: Path) -> None:
    short = replace(HISTORY, span=Interval(START - 2 * HOUR, START + 1), longest_block_ms=2 * HOUR)
    assert len(fill(tmp_path, short).written) == 2
    shorter = replace(HISTORY, span=Interval(START + 1, START + 2))
    assert fill(tmp_path, shorter) == Backfilled((), ())


class FailingError(Exception):
    """What a source may raise."""


class Failing(Toy):
    """Cannot say what there was at half past."""

    def is_up(self, job: str, instance: str, at_ms: int) -> bool:
        if at_ms == START - HOUR - HOUR // 2:
            raise FailingError
        return True


def test_an_error_of_a_thread_is_ours_and_leaves_whole_blocks(tmp_path: Path) -> None:
    with pytest.raises(FailingError):
        fill(tmp_path, source=Failing)
    assert len(read_blocks(tmp_path)) == 3
    assert len(fill(tmp_path).written) == 1


def test_ctrl_c_leaves_whole_blocks(tmp_path: Path, filled: Path) -> None:
    def interrupt(progress: Progress) -> None:
        if progress.blocks == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fill(tmp_path, on_progress=interrupt)
    assert len(read_blocks(tmp_path)) == 2
    assert len(fill(tmp_path).written) == 2
    assert digest(tmp_path) == digest(filled)


# --- in a process of its own, so that it can be killed ----------------------------------------------------------------

_CHILD = """
import resource, sys
from pathlib import Path
from simulator.errors import InputError
from tests.rehearsal.history.test_backfill import fill
if len(sys.argv) > 2:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
try:
    fill(Path(sys.argv[1]), on_progress=lambda progress: print(progress.samples, flush=True))
except InputError as error:
    print(error)
"""


def in_a_process(*arguments: str) -> subprocess.Popen[str]:
    """A backfill that prints a line at each step."""
    return subprocess.Popen(
        [sys.executable, "-c", _CHILD, *arguments],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
def test_killed_at_any_point_it_goes_on_as_if_it_had_not_been(tmp_path: Path, filled: Path) -> None:
    generator = random.Random(5)
    kills = 0
    while len(read_blocks(tmp_path)) < len(HISTORY.blocks):
        finished = {meta.ulid: (tmp_path / meta.ulid / "index").stat().st_mtime_ns for meta in read_blocks(tmp_path)}
        with in_a_process(str(tmp_path)) as child:
            assert child.stdout is not None
            for _ in range(generator.randint(1, 7)):
                child.stdout.readline()
            child.send_signal(signal.SIGKILL)
            kills += child.wait() == -signal.SIGKILL
        again = {meta.ulid: (tmp_path / meta.ulid / "index").stat().st_mtime_ns for meta in read_blocks(tmp_path)}
        assert again.items() >= finished.items()
    assert kills >= 2
    fill(tmp_path)
    assert digest(tmp_path) == digest(filled)


@pytest.mark.slow
def test_a_full_disk_is_said_in_a_line_and_gone_on_from(tmp_path: Path, filled: Path) -> None:
    with in_a_process(str(tmp_path), "20000") as child:
        output, _ = child.communicate()
    assert f"{tmp_path}: File too large; 3 of 4 blocks are complete and there is nothing of the next one" in output
    assert "then run the same again" in output.splitlines()[-1]
    assert len(read_blocks(tmp_path)) == 3
    assert len(fill(tmp_path).written) == 1
    assert digest(tmp_path) == digest(filled)


# --- the model itself -------------------------------------------------------------------------------------------------


def of_the_model() -> tuple[History, Callable[[], ScrapeSource]]:
    """A run with an outage, and nine minutes that have it in their middle; of the targets, three of different kinds."""
    profile = Profile.model_validate(
        {
            "name": "outage",
            "description": "One of two API instances goes away",
            "start": "2026-01-05T20:00:00Z",
            "duration": "1h",
            "platform": {"size": "tiny", "instances": {"api": 2}},
            "faults": [{"id": "gone", "kind": "outage", "at": "3m", "for": "2m", "intensity": 0.5}],
        }
    )
    run = Manifest(
        run_id="outage",
        mode="virtual",
        profile=profile,
        profile_path="outage.yaml",
        seed=3,
        started_ms=profile.start_ms,
    )
    history = history_of(run, ModelSamples(run), HOUR)
    few = tuple(target for target in history.targets if target.instance in ("api-1", "postgres-1", "redis-1"))
    span = Interval(run.started_ms - MINUTE, run.started_ms + 8 * MINUTE)
    return replace(history, span=span, targets=few), lambda: ModelSamples(run)


@pytest.mark.slow
@pytest.mark.stack
def test_promtool_dumps_what_the_model_says(tmp_path: Path) -> None:
    """Sample by sample, each from the source itself at its own instant."""
    history, source = of_the_model()
    fill(tmp_path, history, source)
    found = dumped(find_binaries().promtool.path, tmp_path)
    said = expected(history, source())
    assert set(found) == set(said)
    for labels, samples in said.items():
        assert [time for time, _ in found[labels]] == [time for time, _ in samples], labels
        assert [float(text.replace("Inf", "inf")).hex() for _, text in found[labels]] == [
            as_dumped(bits).hex() for _, bits in samples
        ], labels
    target = next(target for target in history.targets if target.instance == "api-1")
    up = found[("__name__", "up"), ("instance", "api-1"), ("job", "cryb-api")]
    down = [time for time, text in up if text == "0"]
    run = history.manifest
    assert (down[0], down[-1] + target.interval_ms) == (run.started_ms + 3 * MINUTE, run.started_ms + 5 * MINUTE)


@pytest.mark.slow
def test_the_models_threads_change_no_byte(tmp_path: Path) -> None:
    history, source = of_the_model()
    for workers in (1, 3):
        fill(tmp_path / str(workers), history, source, workers=workers)
    assert digest(tmp_path / "1") == digest(tmp_path / "3")


def test_the_shards_of_a_history_are_the_whole_and_share_nothing(filled: Path, tmp_path: Path) -> None:
    """Each machine fills a folder of its own; what is told about a scrape is told of the whole scrape."""
    together: Block = {}
    for number in (1, 2, 3):
        part = replace(HISTORY, shard=Shard(number, 3))
        fill(tmp_path / str(number), part)
        found = everything(tmp_path / str(number))
        assert found
        assert not found.keys() & together.keys()
        together.update(found)
        assert part.fingerprint != HISTORY.fingerprint
    assert together == everything(filled)


def test_a_shard_without_any_series_is_refused(tmp_path: Path) -> None:
    series = expected(HISTORY, Toy())
    empty = next(n for n in range(1, 10_000) if not any(Shard(n, 10_000).holds_stored(labels) for labels in series))
    with pytest.raises(InputError, match="has none of the series"):
        fill(tmp_path, replace(HISTORY, shard=Shard(empty, 10_000)))
