"""A platform's data where a real Prometheus can read it: the past as cached blocks, the incident written after."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np

from simulator.engine.server import WrittenSeries
from simulator.profile.manifest import Manifest
from simulator.rehearsal.history.backfill import OnProgress, backfill
from simulator.rehearsal.history.history import FULL_RESOLUTION_MS, LONGEST_BLOCK_MS, OLD_RESOLUTION_MS, History
from simulator.rehearsal.history.past import MARGIN_MS
from simulator.rehearsal.history.scrapes import Scraped, Scraper, ScrapeSource, Target
from simulator.rehearsal.history.team_scrapes import TeamJob, TeamRelabelling, TeamSource
from simulator.sinks.tsdb_blocks import link_blocks
from simulator.streams.samples import ModelSamples
from simulator.telemetry.interval import Interval
from simulator.telemetry.observations import Observation, TargetObserved
from simulator.telemetry.routes import Route
from simulator.units import DAY, HOUR

_SLICE_MS: Final = HOUR
"""How much of the incident is in memory at a time."""

_AGES_MS: Final = (8 * DAY, FULL_RESOLUTION_MS)
"""Where a history is cut: what compares with last week needs a week and a few hours, most of the rest an hour."""


@dataclass(frozen=True)
class TeamPlatform:
    """The team's scrape jobs over the model. `only` are the sample names that anybody reads; None: all.

    `reach` says how far back anybody looks for a name, in ms; a name that is not in it is wanted from the first on.
    """

    jobs: tuple[TeamJob, ...]
    routes: tuple[Route, ...]
    copy: str
    only: frozenset[str] | None
    reach: Mapping[str, int] = field(default_factory=dict)

    @property
    def relabelling(self) -> TeamRelabelling:
        return TeamRelabelling(self.jobs, self.copy, self.only)

    def source(self, manifest: Manifest) -> TeamSource:
        """A source for one thread."""
        return TeamSource(ModelSamples(manifest, everything=True, only=self.only), self.jobs, self.routes)

    def before(self, age_ms: int) -> TeamPlatform:
        """What of it anybody looks back for by more than this, with a margin."""
        if self.only is None:
            return self
        wanted = (name for name in self.only if self.reach.get(name, age_ms) + MARGIN_MS > age_ms)
        return replace(self, only=frozenset(wanted))


def history_of(
    manifest: Manifest, platform: TeamPlatform, end_ms: int, length_ms: int, *, full_resolution: bool = False
) -> History:
    """The past up to an instant: every scrape of the last hours, a coarser grid before (see `history.resolution`).

    With `full_resolution` every scrape of all of it.
    """
    resolution = 0 if full_resolution else manifest.profile.history.resolution
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
    return cached_blocks(history, platform, lambda part: part.source(history.manifest), on_progress)


def cached_blocks(
    history: History,
    platform: TeamPlatform,
    source: Callable[[TeamPlatform], ScrapeSource],
    on_progress: OnProgress,
) -> Path:
    """The same of any source of a platform. Waits for another run that is making the same history.

    The older a sample is, the fewer names anybody looks back for: of a month little more than requests, of the last
    hours everything. So the history is made in parts, each with the names that are wanted of its time.
    """
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = base / "crybsim" / "history" / history.fingerprint[:32]
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".crybsim-queue").open("w") as queue:
        fcntl.flock(queue, fcntl.LOCK_EX)  # until the file is closed
        for part, wanted in _parts(history, platform):
            backfill(
                part, folder, source=partial(source, wanted), relabelling=wanted.relabelling, on_progress=on_progress
            )
    return folder


def _parts(history: History, platform: TeamPlatform) -> Iterator[tuple[History, TeamPlatform]]:
    """The history in parts, oldest first, and what of the platform is wanted in each."""
    span, whole = history.span, platform.relabelling.identity
    cuts = () if platform.only is None else _AGES_MS
    ages = [span.length_ms, *(age for age in cuts if age < span.length_ms), 0]
    for older_ms, newer_ms in pairwise(ages):
        wanted = platform.before(newer_ms)
        relabelling = wanted.relabelling.identity + history.relabelling.removeprefix(whole)
        part = Interval(span.end_ms - older_ms, span.end_ms - newer_ms)
        yield replace(history, span=part, relabelling=relabelling), wanted


def borrow(folder: Path, data: Path) -> None:
    """A data folder with the same blocks, as hard links where the disk allows: a server may write beside them."""
    data.mkdir(parents=True, exist_ok=True)
    link_blocks(folder, data)


def write_incident(
    manifest: Manifest,
    platform: TeamPlatform,
    span: Interval,
    write: Callable[[Sequence[WrittenSeries]], None],
    step_ms: int = 0,
    source: Callable[[TeamPlatform], ScrapeSource] | None = None,
    on_progress: Callable[[int, int], None] = lambda done, expected: None,
) -> None:
    """Every scrape within the span, or one in `step_ms`, handed on slice by slice in the order of time. `source` is
    another one than the platform's own. `on_progress` learns of how many targets all is written."""
    targets = platform.relabelling.targets()
    for number, target in enumerate(targets):
        on_progress(number, len(targets))
        scraper = Scraper(
            source(platform) if source else platform.source(manifest), platform.relabelling, manifest.seed
        )
        every = max(-(-step_ms // target.interval_ms), 1)
        slice_ms = _SLICE_MS * every
        for start_ms in range(span.start_ms, span.end_ms, slice_ms):
            part = Interval(start_ms, min(start_ms + slice_ms, span.end_ms))
            times_ms = _scrapes(target, part, every)
            earlier_ms = _scrapes(target, Interval(start_ms - DAY, start_ms), every)
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


def _scrapes(target: Target, span: Interval, every: int = 1) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    step_ms = every * target.interval_ms
    first = span.start_ms + (target.offset_ms - span.start_ms) % step_ms
    return np.arange(first, span.end_ms, step_ms, dtype=np.int64)


def _series(scraped: Scraped) -> list[WrittenSeries]:
    values = scraped.values.view(np.float64)
    return [
        WrittenSeries(labels, scraped.times_ms[scraped.present[row]], values[row, scraped.present[row]])
        for row, labels in enumerate(scraped.series)
        if scraped.present[row].any()
    ]
