"""Backfill: samples a second from the model to blocks on disk, and against promtool's own importer.

    python bench/backfill.py [--days 2] [--series 3000] [--workers N] [--folder DIR]

The figure to reach is a month (--days 30) of 3,000 series at 15 s, 518 million samples, in under a minute and 2 GiB.
The baseline is `promtool tsdb create-blocks-from openmetrics` at its best setting (one block for all), which is given
the same samples as text; writing that text is not counted. Everything runs at every scrape, whatever its age.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from simulator.profile.manifest import Manifest
from simulator.profile.schema import Profile
from simulator.rehearsal.history.backfill import backfill
from simulator.rehearsal.history.history import History
from simulator.rehearsal.history.scrapes import PlainRelabelling, Scraped, Scraper, Target
from simulator.sinks.tsdb_blocks import BlockWriter, read_blocks
from simulator.stack.binaries import find_binaries
from simulator.streams.samples import ModelSamples
from simulator.telemetry.interval import Interval
from simulator.telemetry.samples import Labels
from simulator.units import DAY, HOUR, SECOND
from simulator.wire.tsdb.chunks import encode_chunks

STEP_MS = 15 * SECOND
IMPORTED_SAMPLES = 10_000_000
PLAIN = PlainRelabelling()


@dataclass
class Spent:
    """Seconds by the clock on the wall and by all cores."""

    wall: float = 0.0
    cpu: float = 0.0

    def rate(self, samples: int) -> str:
        return (
            f"{samples / 1e6:8.1f} M samples  {self.wall:7.2f} s  {samples / self.wall / 1e6:6.1f} M/s"
            f"   (CPU {self.cpu:7.2f} s, {samples / self.cpu / 1e6:5.1f} M/s a core)"
        )


@contextmanager
def measured() -> Iterator[Spent]:
    spent = Spent()
    wall, before = time.perf_counter(), os.times()
    yield spent
    after = os.times()
    spent.wall = time.perf_counter() - wall
    spent.cpu = sum(after[:4]) - sum(before[:4])


def manifest(api_instances: int) -> Manifest:
    profile = Profile.model_validate(
        {
            "name": "bench",
            "description": "A small platform with several API instances",
            "start": datetime(2026, 1, 5, 12, tzinfo=UTC),
            "duration": "1d",
            "platform": {"size": "tiny", "instances": {"api": api_instances}},
        }
    )
    return Manifest(
        run_id="bench",
        mode="virtual",
        profile=profile,
        profile_path="bench.yaml",
        seed=1,
        started_ms=profile.start_ms,
    )


def a_platform(series: int) -> tuple[Manifest, tuple[Target, ...], int]:
    """One with at least so many series: as many API instances as that takes. Also compiles all kernels."""
    for instances in range(1, 500):
        run = manifest(instances)
        scraper = Scraper(ModelSamples(run), PLAIN, run.seed)
        targets = tuple(replace(target, interval_ms=STEP_MS) for target in scraper.targets())
        now = np.array([run.started_ms], dtype=np.int64)
        there = 0
        for number, target in enumerate(targets, start=1):
            scraped = scraper.scrape(target, now, now[:0])
            encode_chunks(scraped.times_ms, scraped.values, scraped.present)
            there += len(scraped.series)
            if there >= series:
                return run, targets[:number], there
    raise SystemExit(f"no platform has {series} series")


def write_only(folder: Path, scraped: list[Scraped], slices: int) -> tuple[int, Spent]:
    """Encode, index and write the same values again and again, each time a slice later: everything but the model."""
    length = int(scraped[0].times_ms[-1] - scraped[0].times_ms[0]) + STEP_MS
    start = int(scraped[0].times_ms[0])
    span = Interval(start, start + slices * length)
    labels: list[Labels] = []
    with measured() as spent, BlockWriter(folder, "0" * 26, span) as writer:
        owners = []
        for one in scraped:
            owners.append(np.arange(len(labels), len(labels) + len(one.series)))
            labels += one.series
        for number in range(slices):
            for one, owner in zip(scraped, owners, strict=True):
                writer.append(encode_chunks(one.times_ms + number * length, one.values, one.present), owner)
        meta = writer.finish(labels)
    return meta.stats.samples, spent


def as_text(scraped: Scraped, path: Path) -> int:
    """Samples as OpenMetrics, series by series."""
    written = 0
    with path.open("w", encoding="utf-8") as file:
        for row, labels in enumerate(scraped.series):
            inside = ",".join(f'{name}="{value}"' for name, value in labels if name != "__name__")
            prefix = f"{dict(labels)['__name__']}{{{inside}}}"
            values = scraped.values[row].view(np.float64)[scraped.present[row]].tolist()
            times = (scraped.times_ms[scraped.present[row]] / 1000).tolist()
            file.writelines(f"{prefix} {value!r} {at:.3f}\n" for value, at in zip(values, times, strict=True))
            written += len(values)
        file.write("# EOF\n")
    return written


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=float, default=2)
    parser.add_argument("--series", type=int, default=3000)
    parser.add_argument("--workers", type=int)
    parser.add_argument("--folder", type=Path, help="where to write; default: a temporary folder")
    asked = parser.parse_args()
    run, targets, series = a_platform(asked.series)
    end = run.started_ms
    span = Interval(end - round(asked.days * DAY), end)
    history = History(run, span, span.start_ms, 1, targets, PLAIN.identity)
    print(f"{series} series, {asked.days:g} days at {STEP_MS // SECOND} s; load average {os.getloadavg()[0]:.1f}")

    with tempfile.TemporaryDirectory(dir=asked.folder) as name:
        folder = Path(name)
        with measured() as spent:
            backfill(history, folder / "a", source=lambda: ModelSamples(run), relabelling=PLAIN, workers=asked.workers)
        stats = [meta.stats for meta in read_blocks(folder / "a")]
        samples = sum(one.samples for one in stats)
        size = sum(path.stat().st_size for path in (folder / "a").rglob("*") if path.is_file())
        print(f"end to end           {spent.rate(samples)}")
        print(f"  on disk            {size / samples:.2f} bytes a sample, {len(stats)} blocks")
        print(f"  peak memory        {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")

        scraper = Scraper(ModelSamples(run), PLAIN, run.seed)
        times = np.arange(end - 6 * HOUR, end, STEP_MS, dtype=np.int64)
        for target in targets:
            scraper.scrape(target, times[:1], times[:0])  # the model's first instant adds up the days before
        with measured() as scraping:
            scraped = [scraper.scrape(target, times, times[:0]) for target in targets]
        print(f"model and scrapes    {scraping.rate(sum(one.values.size for one in scraped))}")
        (folder / "b").mkdir()
        written, writing = write_only(folder / "b", scraped, slices=max(1, round(asked.days * 4)))
        print(f"chunks, index, disk  {writing.rate(written)}")

        against_promtool(run, max(targets, key=lambda target: target.job == "cryb-api"), folder)
    print(f"load average {os.getloadavg()[0]:.1f}")


def against_promtool(run: Manifest, target: Target, folder: Path) -> None:
    """The same samples of one target through both; ours from the model on, and from arrays as promtool from text."""
    scraper = Scraper(ModelSamples(run), PLAIN, run.seed)
    end = run.started_ms
    rows = len(scraper.scrape(target, np.array([end]), np.array([], dtype=np.int64)).series)
    span = Interval(end - IMPORTED_SAMPLES // rows * STEP_MS, end)
    history = History(run, span, span.start_ms, 1, (target,), PLAIN.identity, longest_block_ms=0)
    times = history.scrapes(target, span)
    scraped = scraper.scrape(target, times, times[:0])
    samples = as_text(scraped, folder / "samples.txt")
    with measured() as ours:
        backfill(history, folder / "ours", source=lambda: ModelSamples(run), relabelling=PLAIN)
    (folder / "arrays").mkdir()
    written, arrays = write_only(folder / "arrays", [scraped], slices=1)
    command = [find_binaries().promtool.path, "tsdb", "create-blocks-from", "openmetrics"]
    command += ["--max-block-duration=2000h", "--quiet", folder / "samples.txt", folder / "theirs"]
    with measured() as theirs:
        subprocess.run(command, check=True, capture_output=True)
    imported = sum(meta.stats.samples for meta in read_blocks(folder / "theirs"))
    if not imported == samples == written == sum(meta.stats.samples for meta in read_blocks(folder / "ours")):
        raise SystemExit(f"promtool imported {imported} of {samples} samples")
    print(f"promtool             {theirs.rate(samples)}")
    print(f"ours, from the model {ours.rate(samples)}   ratio {theirs.wall / ours.wall:.1f}")
    print(f"ours, from arrays    {arrays.rate(samples)}   ratio {theirs.wall / arrays.wall:.1f}")


if __name__ == "__main__":
    main()
