"""The past of a live run: blocks that end right before its servers start, so that long windows are full from the start.

A live run begins at whatever instant it is, and the platform's life goes on from the profile's own start. The blocks
are therefore made once, in the profile's own time, kept for the next run, and moved to where this run begins.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.engine.density import Density
from simulator.engine.groups import RecordingRule, groups_from_api
from simulator.engine.rules import rules_from_api
from simulator.errors import InputError
from simulator.profile.manifest import Manifest
from simulator.profile.overlaid import catalogue_of
from simulator.rehearsal.history.backfill import OnProgress
from simulator.rehearsal.history.doubts import LONGEST_WARM_UP_MS, doubtful, recorded_reach_ms
from simulator.rehearsal.history.history import FULL_RESOLUTION_MS, History
from simulator.rehearsal.history.past import length_ms, names_read
from simulator.rehearsal.history.platform_data import TeamPlatform, cached_blocks, cached_history, history_of
from simulator.rehearsal.history.recorded_history import RecordingRun, Scraped, with_recorded
from simulator.rehearsal.history.recorded_past import recorded_past
from simulator.rehearsal.history.scrapes import ScrapeSource
from simulator.rehearsal.local_servers import LocalServers
from simulator.rehearsal.request import RehearsalRequest
from simulator.rehearsal.run_folder import RunFolder
from simulator.sinks.tsdb_blocks import move_blocks, read_blocks
from simulator.stack.virtual import rule_groups_as_loaded
from simulator.streams.samples import ModelSamples
from simulator.telemetry.interval import Interval
from simulator.telemetry.samples import FamilyBlock
from simulator.units import SECOND, format_duration

NO_MERGING: Final = ("--storage.tsdb.max-block-duration=2h",)
"""A server would set about merging the blocks a minute into the run (a hidden flag, as long as its shortest block)."""

_ENDS_BEFORE_MS: Final = (15 * SECOND, 30 * SECOND)
_LONG_LEAD_MS: Final = 45 * SECOND


def ends_before_ms(lead_ms: int) -> int:
    """How long before the run's start the history ends and the servers may start, where so much lead is given.

    One of two values only, since each has blocks of its own.
    """
    return _ENDS_BEFORE_MS[lead_ms > _LONG_LEAD_MS]


@dataclass(frozen=True)
class LiveHistory:
    """Blocks in the profile's own time. `doubtful` are alerts that a real past might decide otherwise, and why: old
    samples are thinned."""

    folder: Path
    history: History
    doubtful: tuple[tuple[str, str], ...] = ()

    def start_ms(self, started_ms: int) -> int:
        """The first sample's instant, for a run that begins at `started_ms`."""
        return self.history.span.start_ms + started_ms - self.history.manifest.started_ms

    def end_ms(self, started_ms: int) -> int:
        """Samples may be scraped from here on."""
        return self.history.span.end_ms + started_ms - self.history.manifest.started_ms

    def put(self, data: Path, started_ms: int) -> None:
        """Give a data folder the blocks, moved to a run that begins at `started_ms`. Raises InputError."""
        data.mkdir(parents=True, exist_ok=True)
        try:
            move_blocks(self.folder, data, started_ms - self.history.manifest.started_ms)
        except OSError as error:
            raise InputError(f"{data}: the history cannot be written there: {error.strerror}") from error


def remove_blocks(data: Path, before_ms: int) -> None:
    """Take the blocks of before an instant out of a data folder: they are big, and made again from the same seed."""
    for meta in read_blocks(data):
        if meta.span.end_ms <= before_ms:
            shutil.rmtree(data / meta.ulid, ignore_errors=True)


def prepare_history(
    request: RehearsalRequest,
    servers: LocalServers,
    run: RunFolder,
    manifest: Manifest,
    lead_ms: int,
    on_progress: OnProgress,
    tell: Callable[[str], None],
    *,
    shown_ms: int | None = None,
    into_ms: int = 0,
) -> LiveHistory:
    """The history that the team's rules need in a live run; `tell` learns how long it is. Raises as `backfill` does.

    With `shown_ms` it is to be looked at: so long, every family in it, and results of recording rules as far back as
    they are ever evaluated. It then reaches `into_ms` into the run.
    """
    assert request.local is not None
    loaded = rule_groups_as_loaded(servers.prometheus_config.rules_only(), prometheus=request.local[1].prometheus)
    groups = groups_from_api(loaded)
    read = names_read(groups) if shown_ms is None else None
    platform, _ = servers.team_platform(ModelSamples(manifest, everything=True), run, read)
    long_ms = length_ms(request.profile, rules_from_api(loaded)) if shown_ms is None else shown_ms
    tell(f"{format_duration(long_ms)} of history, up to the servers' start")
    before_ms = ends_before_ms(lead_ms) - into_ms
    recorded_ms = min(recorded_reach_ms(groups), LONGEST_WARM_UP_MS)
    if shown_ms is not None and any(isinstance(rule, RecordingRule) for group in groups for rule in group.rules):
        recorded_ms = min(LONGEST_WARM_UP_MS, long_ms // 2)
    made = live_history(
        manifest,
        platform,
        long_ms,
        before_ms + recorded_ms,
        on_progress,
        full_resolution=request.full_resolution,
        restarts=recorded_ms == 0,
    )
    past = None
    if recorded_ms:
        config, programs = servers.prometheus_config, request.local[1]
        if shown_ms is None:
            recorded = Interval(made.history.span.end_ms, manifest.started_ms)
            past = recorded_past(groups, recorded, recorded.length_ms, programs.prometheus_version)
        recording = RecordingRun(groups, programs, config.without_rules(), config.external_labels, past)
        made = _with_recorded(made, platform, recorded_ms, recording)
    longest_ms = max((job.interval_ms for job in platform.jobs), default=0)
    is_thinned = made.history.old_step_ms > longest_ms
    density = Density(FULL_RESOLUTION_MS, made.history.old_step_ms if is_thinned else 0)
    return replace(made, doubtful=doubtful(groups, density, recorded_ms + before_ms, past))


def live_history(
    manifest: Manifest,
    platform: TeamPlatform,
    long_ms: int,
    ends_before_ms: int,
    on_progress: OnProgress,
    *,
    full_resolution: bool = False,
    restarts: bool = True,
) -> LiveHistory:
    """Make the history of a platform, or use the one that an earlier run made. `manifest` starts at the profile's own
    start. With `restarts` its API's own series end with it. Raises as `backfill` does."""
    end_ms = manifest.started_ms - ends_before_ms
    history = history_of(manifest, platform, end_ms, long_ms, full_resolution=full_resolution)
    if not restarts:
        return LiveHistory(cached_history(history, platform, on_progress), history)
    history = replace(history, relabelling=f"{history.relabelling}, then the API is another process")
    restarting = partial(_restarting, manifest, history.span.end_ms)
    return LiveHistory(cached_blocks(history, platform, restarting, on_progress), history)


def _with_recorded(older: LiveHistory, platform: TeamPlatform, long_ms: int, recording: RecordingRun) -> LiveHistory:
    """So much longer, and in that time with what rules recorded."""
    history = older.history
    span = Interval(history.span.end_ms, history.span.end_ms + long_ms)
    restarting = partial(_restarting, history.manifest, span.end_ms)
    scraped = Scraped(span, history.manifest, platform, restarting)
    folder = with_recorded(older.folder, history.fingerprint, scraped, recording)
    return LiveHistory(folder, replace(history, span=Interval(history.span.start_ms, span.end_ms)))


def _restarting(manifest: Manifest, end_ms: int, platform: TeamPlatform) -> ScrapeSource:
    families = catalogue_of(manifest.overlays).families_of
    drives = manifest.profile.load.drives
    owned = {
        (route.job, route.target): frozenset(
            family.name for family in families(route.catalogue_job) if family.owned_by_api(drives)
        )
        for route in platform.routes
    }
    last = {job.name: end_ms - job.interval_ms for job in platform.jobs}
    return _RestartingApi(platform.source(manifest), owned, last)


class _RestartingApi:
    """A source whose API shows nothing of its own any more at the last scrape: the reference API that a live run
    starts counts from zero, and its series need not be the same ones. So they end with a marker, as at a restart."""

    def __init__(
        self,
        source: ScrapeSource,
        owned: Mapping[tuple[str, str], frozenset[str]],
        last_ms: Mapping[str, int],
    ) -> None:
        """`owned` are the API's own families by job and target; `last_ms`: a job's last scrape is not before."""
        self._source = source
        self._owned = owned
        self._last_ms = last_ms

    def jobs(self) -> tuple[str, ...]:
        return self._source.jobs()

    def instances(self, job: str) -> tuple[str, ...]:
        return self._source.instances(job)

    def is_up(self, job: str, instance: str, at_ms: int) -> bool:
        return self._source.is_up(job, instance, at_ms)

    def answered(self, job: str, instance: str, times_ms: NDArray[np.int64]) -> NDArray[np.bool_]:
        return self._source.answered(job, instance, times_ms)

    def blocks(self, job: str, instance: str, times_ms: NDArray[np.int64]) -> tuple[FamilyBlock, ...]:
        blocks = self._source.blocks(job, instance, times_ms)
        owned = self._owned.get((job, instance))
        gone = times_ms >= self._last_ms[job]
        if not owned or not gone.any():
            return blocks
        return tuple(
            replace(block, values=np.where(gone[:, None], np.nan, block.values)) if block.name in owned else block
            for block in blocks
        )
