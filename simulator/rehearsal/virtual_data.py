"""A platform's data where a real Prometheus can read it: the past as cached blocks, the incident written after."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from simulator.engine.server import WrittenSeries
from simulator.profile.manifest import Manifest
from simulator.rehearsal.backfill import OnProgress, backfill
from simulator.rehearsal.history import FULL_RESOLUTION_MS, LONGEST_BLOCK_MS, OLD_RESOLUTION_MS, History
from simulator.rehearsal.scrapes import Scraped, Scraper, ScrapeSource, Target
from simulator.rehearsal.team_scrapes import TeamJob, TeamRelabelling, TeamSource
from simulator.sinks.tsdb_blocks import link_blocks
from simulator.streams.samples import ModelSamples
from simulator.telemetry.interval import Interval
from simulator.telemetry.observations import Observation, TargetObserved
from simulator.telemetry.routes import Route
from simulator.units import DAY, HOUR

_SLICE_MS: Final = HOUR
"""How much of the incident is in memory at a time."""


@dataclass(frozen=True)
class TeamPlatform:
    """The team's scrape jobs over the model. `only` are the sample names that anybody reads; None: all."""

    jobs: tuple[TeamJob, ...]
    routes: tuple[Route, ...]
    copy: str
    only: frozenset[str] | None

    @property
    def relabelling(self) -> TeamRelabelling:
        return TeamRelabelling(self.jobs, self.copy, self.only)

    def source(self, manifest: Manifest) -> TeamSource:
        """A source for one thread."""
        return TeamSource(ModelSamples(manifest, everything=True, only=self.only), self.jobs, self.routes)


def history_of(manifest: Manifest, platform: TeamPlatform, end_ms: int, length_ms: int) -> History:
    """The past up to an instant: every scrape of the last hours, a coarser grid before (see `history.resolution`)."""
    resolution = manifest.profile.history.resolution
    return History(
        manifest=manifest,
        span=Interval(end_ms - length_ms, end_ms),
        full_from_ms=end_ms - FULL_RESOLUTION_MS,
        old_step_ms=OLD_RESOLUTION_MS if resolution is None else max(resolution, 1),
        targets=platform.relabelling.targets(),
        relabelling=platform.relabelling.identity,
        longest_block_ms=LONGEST_BLOCK_MS,
    )


def cached_history(history: History, platform: TeamPlatform, on_progress: OnProgress) -> Path:
    """The folder with the history's blocks, made now where no earlier rehearsal has."""
    return cached_blocks(history, platform.relabelling, lambda: platform.source(history.manifest), on_progress)


def cached_blocks(
    history: History, relabelling: TeamRelabelling, source: Callable[[], ScrapeSource], on_progress: OnProgress
) -> Path:
    """The same of any source. Waits for another run that is making the same history."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = base / "crybsim" / "history" / history.fingerprint[:32]
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".crybsim-queue").open("w") as queue:
        fcntl.flock(queue, fcntl.LOCK_EX)  # until the file is closed
        backfill(history, folder, source=source, relabelling=relabelling, on_progress=on_progress)
    return folder


def borrow(folder: Path, data: Path) -> None:
    """A data folder with the same blocks, as hard links where the disk allows: a server may write beside them."""
    data.mkdir(parents=True, exist_ok=True)
    link_blocks(folder, data)


def write_incident(
    manifest: Manifest, platform: TeamPlatform, span: Interval, write: Callable[[Sequence[WrittenSeries]], None]
) -> None:
    """Every scrape within the span, handed on slice by slice in the order of time."""
    for target in platform.relabelling.targets():
        scraper = Scraper(platform.source(manifest), platform.relabelling, manifest.seed)
        for start_ms in range(span.start_ms, span.end_ms, _SLICE_MS):
            part = Interval(start_ms, min(start_ms + _SLICE_MS, span.end_ms))
            times_ms = _scrapes(target, part)
            earlier_ms = _scrapes(target, Interval(start_ms - DAY, start_ms))
            if len(times_ms):
                write(_series(scraper.scrape(target, times_ms, earlier_ms)))


def targets_observed(manifest: Manifest, platform: TeamPlatform, span: Interval) -> list[Observation]:
    """The health of every target from the span's start on, told when it changes."""
    source, relabelling = platform.source(manifest), platform.relabelling
    observed: list[Observation] = []
    for target in relabelling.targets():
        labels = dict(relabelling.target(target.job, target.instance) or ())
        times_ms = _scrapes(target, span)
        up = source.answered(target.job, target.instance, times_ms)
        changes = np.flatnonzero(np.diff(up.astype(np.int8), prepend=-1))
        for at in changes.tolist():
            health, error = ("up", "") if up[at] else ("down", "connection refused")
            job, instance = labels.get("job", target.job), labels.get("instance", target.instance)
            observed.append(TargetObserved(int(times_ms[at]), job, instance, health, error))
    return observed


def unscraped(observed: Sequence[Observation]) -> str:
    """The first target that was down at any time; empty where none was."""
    down = [one for one in observed if isinstance(one, TargetObserved) and one.health != "up"]
    return f"target {down[0].job} {down[0].instance}" if down else ""


def _scrapes(target: Target, span: Interval) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    first = span.start_ms + (target.offset_ms - span.start_ms) % target.interval_ms
    return np.arange(first, span.end_ms, target.interval_ms, dtype=np.int64)


def _series(scraped: Scraped) -> list[WrittenSeries]:
    values = scraped.values.view(np.float64)
    return [
        WrittenSeries(labels, scraped.times_ms[scraped.present[row]], values[row, scraped.present[row]])
        for row, labels in enumerate(scraped.series)
        if scraped.present[row].any()
    ]
