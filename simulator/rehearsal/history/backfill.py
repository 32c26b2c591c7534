"""History at speed: the scrapes of a platform that was never there, as blocks that a Prometheus opens.

Threads scrape the model and pack chunks, each unit of work a stretch of one target's scrapes; both are kernels that
let other threads run. One thread puts what they made into blocks, in the order of a fixed plan, so that the bytes on
disk do not depend on how many threads there were. A block whose name is there already is not made again: that is how a
run that was killed goes on, and how a history that is there is used again.
"""

from __future__ import annotations

import gc
import json
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from simulator.clock import rfc3339
from simulator.errors import InputError
from simulator.rehearsal.history.history import History
from simulator.rehearsal.history.scrapes import Counts, Relabelling, Scraper, ScrapeSource, Target, Times
from simulator.sinks.tsdb_blocks import BlockWriter, DiskFullError, only_writer, read_blocks
from simulator.telemetry.interval import Interval
from simulator.telemetry.samples import Labels
from simulator.wire.tsdb.chunks import SAMPLES_PER_CHUNK, Chunks, encode_chunks
from simulator.wire.tsdb.meta import BlockMeta

UNIT_SAMPLES: Final = 8_000_000
"""Samples of a unit of work, about: 64 MB as an array, of which a thread holds a few. The model likes long ones."""

_MEMORY: Final = "crybsim-history.json"
_LONGEST_UNIT: Final = 48 * SAMPLES_PER_CHUNK
_BYTES_PER_SAMPLE: Final = 2.5  # on disk, index included


@dataclass(frozen=True)
class Progress:
    """How far a backfill is. `samples` counts those in blocks that were there already, too."""

    samples: int
    expected_samples: int
    blocks: int
    expected_blocks: int


OnProgress = Callable[[Progress], None]


@dataclass(frozen=True)
class Backfilled:
    """What is in the folder now: blocks that were written and blocks that had been there, by time."""

    written: tuple[BlockMeta, ...]
    reused: tuple[BlockMeta, ...]


@dataclass(frozen=True)
class _Unit:
    """Some scrapes of one target, all within one block."""

    target: Target
    times_ms: Times


def backfill(
    history: History,
    folder: Path,
    *,
    source: Callable[[], ScrapeSource],
    relabelling: Relabelling,
    workers: int | None = None,
    request: str = "",
    on_progress: OnProgress = lambda _: None,
) -> Backfilled:
    """Write the blocks of a history that the folder does not have yet. `source` makes one for each thread.

    The folder remembers the `request` (see `remembered`).

    Raises InputError where the folder has other blocks of the same time or cannot be written to, where two targets
    give the same series, and (DiskFullError) where there is no room; then, as after Ctrl-C, the finished blocks stay.
    """
    with only_writer(folder):
        blocks = [block for block in history.blocks if history.has_scrapes(block)]
        there = _there(history, blocks, folder)
        reused = tuple(dict.fromkeys(there.values()))
        missing = [block for block in blocks if block not in there]
        if not missing:
            return Backfilled((), reused)
        _refuse_overlap(history, missing, folder)
        (folder / "wal").mkdir(exist_ok=True)  # tools that read a data folder ask for it
        _remember(folder, request, history)
        work = _Work(history, source, relabelling, workers or os.cpu_count() or 1)
        tally = _Tally(sum(map(work.expected, blocks)), len(blocks), on_progress)
        tally.add(sum(map(work.expected, there)), len(there))
        try:
            written = tuple(work.write(missing, folder, tally))
        except DiskFullError as error:
            left = (tally.expected_samples - tally.samples) * _BYTES_PER_SAMPLE
            raise DiskFullError(
                f"{error}; {tally.blocks} of {len(blocks)} blocks are complete and there is nothing of the next one; "
                f"make room (about {max(left / 1e6, 1):,.0f} MB), then run the same again: it goes on from there"
            ) from error
        return Backfilled(written, reused)


def finished(history: History, folder: Path) -> int:
    """How many of a history's blocks are complete in a folder, whoever asks and whenever: the disk says so."""
    return len(_there(history, history.blocks, folder))


def _there(history: History, blocks: Sequence[Interval], folder: Path) -> dict[Interval, BlockMeta]:
    """Those of the blocks that the folder has, as they are or as a part of one that a server made of them."""
    known = {ulid: meta for meta in read_blocks(folder) for ulid in (meta.ulid, *meta.sources)}
    return {block: known[ulid] for block in blocks if (ulid := history.ulid(block)) in known}


@dataclass(frozen=True)
class Remembered:
    """What a folder was last filled for: a caller's `request`, and the instant that the run was to begin at."""

    request: str
    started_ms: int


def remembered(folder: Path) -> Remembered | None:
    """What `backfill` was last asked for in this folder. So "a month up to now" can go on an hour later, as begun."""
    try:
        document = json.loads((folder / _MEMORY).read_bytes())
        return Remembered(str(document["request"]), int(document["started_ms"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _remember(folder: Path, request: str, history: History) -> None:
    manifest = history.manifest
    document = {
        "request": request,
        "started_ms": manifest.started_ms,
        "profile": manifest.profile.name,
        "seed": manifest.seed,
        "from_ms": history.span.start_ms,
        "to_ms": history.span.end_ms,
        "fingerprint": history.fingerprint,
        "crybsim_version": manifest.crybsim_version,
    }
    draft = folder / f"{_MEMORY}.new"
    draft.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    draft.replace(folder / _MEMORY)


def _refuse_overlap(history: History, missing: Sequence[Interval], folder: Path) -> None:
    """Raises InputError where a block of somebody else's has some of the time to be written."""
    ours = {history.ulid(block) for block in history.blocks}
    for meta in read_blocks(folder):
        if ours.isdisjoint((meta.ulid, *meta.sources)) and any(meta.span.overlaps(block) for block in missing):
            raise InputError(
                f"{folder}: block {meta.ulid} already has {rfc3339(meta.span.start_ms)} to "
                f"{rfc3339(meta.span.end_ms)}, and is not a part of this history; "
                "choose another folder, or another time (--from, --to)"
            )


class _Tally:
    """Counts what is done and tells whoever wants to know."""

    def __init__(self, expected_samples: int, expected_blocks: int, tell: OnProgress) -> None:
        self.expected_samples = expected_samples
        self.samples = 0
        self.blocks = 0
        self._expected_blocks = expected_blocks
        self._tell = tell

    def add(self, samples: int, blocks: int = 0) -> None:
        self.samples += samples
        self.blocks += blocks
        self._tell(Progress(self.samples, self.expected_samples, self.blocks, self._expected_blocks))


class _Register:
    """Numbers every series of a history, and holds each to one target."""

    def __init__(self) -> None:
        self.series: list[Labels] = []
        self._owners: dict[Labels, tuple[int, Target]] = {}
        self._known: dict[Target, list[tuple[tuple[Labels, ...], Counts]]] = {}

    def numbers(self, target: Target, series: tuple[Labels, ...]) -> Counts:
        """The numbers of a target's series. Raises InputError for one that another target gives, too."""
        kept = self._known.setdefault(target, [])
        for known, numbers in kept:
            if known is series:
                return numbers
        numbers = np.array([self._number(target, labels) for labels in series], dtype=np.int64)
        kept.append((series, numbers))
        return numbers

    def _number(self, target: Target, labels: Labels) -> int:
        number, owner = self._owners.setdefault(labels, (len(self.series), target))
        if number == len(self.series):
            self.series.append(labels)
        if owner != target:
            raise InputError(
                f"{dict(labels)} comes from {owner.instance} of {owner.job} and from "
                f"{target.instance} of {target.job}; targets need labels that tell them apart"
            )
        return number


class _Work:
    """The plan of a backfill, and those who do it."""

    def __init__(
        self, history: History, source: Callable[[], ScrapeSource], relabelling: Relabelling, workers: int
    ) -> None:
        self._history = history
        self._source = source
        self._relabelling = relabelling
        self._workers = workers
        self._idle: deque[Scraper] = deque()
        first = np.array([history.span.start_ms], dtype=np.int64)
        with self._scraper() as scraper:
            rows = {target: len(scraper.scrape(target, first, first[:0]).series) for target in history.targets}
        self._rows = {target: count for target, count in rows.items() if count}
        if not self._rows:
            raise InputError(f"shard {history.shard} has none of the series; take fewer shards")

    @contextmanager
    def _scraper(self) -> Iterator[Scraper]:
        """One that no other thread uses meanwhile, with what it computed before."""
        try:
            scraper = self._idle.pop()
        except IndexError:
            history = self._history
            scraper = Scraper(self._source(), self._relabelling, history.manifest.seed, history.shard)
        yield scraper
        self._idle.append(scraper)

    def expected(self, block: Interval) -> int:
        """Samples of a block, where every series is there all the time."""
        return sum(rows * len(self._history.scrapes(target, block)) for target, rows in self._rows.items())

    def write(self, blocks: Sequence[Interval], folder: Path, tally: _Tally) -> Iterator[BlockMeta]:
        """Write blocks, one after the other, while the threads are ahead by a few units."""
        register = _Register()
        pool = ThreadPoolExecutor(self._workers, thread_name_prefix="backfill")
        gc.freeze()  # what is here by now stays, so collections need not look at it
        try:
            made = self._made(pool, [unit for block in blocks for unit in self._units(block)])
            for block in blocks:
                units = len(self._units(block))
                with BlockWriter(folder, self._history.ulid(block), block) as writer:
                    for _ in range(units):
                        unit, series, chunks = next(made)
                        writer.append(chunks, register.numbers(unit.target, series))
                        tally.add(chunks.samples)
                    meta = writer.finish(register.series)
                tally.add(0, blocks=1)
                yield meta
        finally:
            pool.shutdown(cancel_futures=True)
            gc.unfreeze()

    def _units(self, block: Interval) -> list[_Unit]:
        units = []
        for target, held in self._rows.items():
            times = self._history.scrapes(target, block)
            rows = held * self._history.shard.of  # about what is computed for them
            at_once = min(max(UNIT_SAMPLES // rows // SAMPLES_PER_CHUNK, 1) * SAMPLES_PER_CHUNK, _LONGEST_UNIT)
            for first in range(0, len(times), at_once):
                units.append(_Unit(target, times[first : first + at_once]))
        return units

    def _made(
        self, pool: ThreadPoolExecutor, units: Sequence[_Unit]
    ) -> Iterator[tuple[_Unit, tuple[Labels, ...], Chunks]]:
        """The chunks of each unit, in order."""
        ahead: deque[tuple[_Unit, Future[tuple[tuple[Labels, ...], Chunks]]]] = deque()
        waiting = iter(units)
        while True:
            while len(ahead) <= 2 * self._workers and (unit := next(waiting, None)) is not None:
                ahead.append((unit, pool.submit(self._make, unit)))
            if not ahead:
                return
            unit, future = ahead.popleft()
            series, chunks = future.result()
            yield unit, series, chunks

    def _make(self, unit: _Unit) -> tuple[tuple[Labels, ...], Chunks]:
        earlier_ms = self._history.scrapes_before(unit.target, int(unit.times_ms[0]))
        with self._scraper() as scraper:
            scraped = scraper.scrape(unit.target, unit.times_ms, earlier_ms)
        return scraped.series, encode_chunks(scraped.times_ms, scraped.values, scraped.present)
