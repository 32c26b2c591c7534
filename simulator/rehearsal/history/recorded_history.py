"""The last hours of a history together with what recording rules recorded in them, for rules that look back on that.

A block that a server has cannot be added to. So those hours are written into a Prometheus of their own, after the
blocks before them; the rules are evaluated there as in virtual time; and all that it was given becomes one block. What
rules look back on from further away is evaluated there before, and becomes a block beside the older ones.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import httpx
import numpy as np
from numpy.typing import NDArray

from simulator.engine.evaluate import Surroundings, evaluate_rules
from simulator.engine.groups import RecordingRule, RuleGroup
from simulator.engine.schedule import production_grid
from simulator.engine.server import RuleServer, WrittenSeries
from simulator.profile.manifest import Manifest
from simulator.rehearsal.history.platform_data import TeamPlatform, borrow, write_incident
from simulator.rehearsal.history.recorded_past import RecordedPast, RecordedResults
from simulator.rehearsal.history.scrapes import ScrapeSource
from simulator.rehearsal.request import Servers
from simulator.sinks.tsdb_blocks import BlockWriter, link_blocks, read_blocks
from simulator.stack.local import LocalStack
from simulator.stack.virtual import start_virtual_prometheus
from simulator.telemetry.interval import Interval
from simulator.telemetry.samples import Labels
from simulator.transport import http_client
from simulator.wire.tsdb.chunks import encode_chunks
from simulator.wire.tsdb.meta import block_ulid

_QUERY_SECONDS: Final = 600.0

Samples = tuple[NDArray[np.int64], NDArray[np.float64]]
"""Times in ms and values."""


@dataclass(frozen=True)
class RecordingRun:
    """The rules and what they are evaluated by; `config` is a configuration without rules and jobs.

    `past` is what was recorded longer ago, where anything looks back on it.
    """

    groups: tuple[RuleGroup, ...]
    servers: Servers
    config: str
    external_labels: dict[str, str]
    past: RecordedPast | None = None

    @property
    def identity(self) -> str:
        """Differs where what is recorded may differ."""
        what = [self.recordings, self.servers.prometheus_version, self.config, sorted(self.external_labels.items())]
        return " ".join(map(str, [*what, self.past] if self.past else what))

    @property
    def recordings(self) -> tuple[RuleGroup, ...]:
        """The groups without their alerts."""
        kept = (
            replace(group, rules=tuple(rule for rule in group.rules if isinstance(rule, RecordingRule)))
            for group in self.groups
        )
        return tuple(group for group in kept if group.rules)


@dataclass(frozen=True)
class Scraped:
    """What is scraped in those hours, `span`. `source` tells of the platform."""

    span: Interval
    manifest: Manifest
    platform: TeamPlatform
    source: Callable[[TeamPlatform], ScrapeSource]


def with_recorded(older: Path, identity: str, scraped: Scraped, run: RecordingRun) -> Path:
    """A folder with the blocks of `older`, which end where the span begins, and one of the span with everything; made
    now where no earlier rehearsal has. `identity` is that of all scrapes.

    Raises UnobservedError when the server does not answer, DiskFullError.
    """
    what = f"{identity} {run.identity}"
    ulid = block_ulid(what, scraped.span)
    folder = older.parent / hashlib.sha256(f"{what} {ulid}".encode()).hexdigest()[:32]
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".crybsim-queue").open("w") as queue:
        fcntl.flock(queue, fcntl.LOCK_EX)  # until the file is closed
        there = {meta.ulid for meta in read_blocks(folder)}
        if ulid not in there:
            for half_done in there:
                shutil.rmtree(folder / half_done)
            link_blocks(older, folder)
            samples = _evaluated(older, scraped, run)
            if run.past:
                before = run.past.span
                _write_block(folder, block_ulid(f"{what} before", before), before, _within(samples, before))
            _write_block(folder, ulid, scraped.span, _within(samples, scraped.span))
    return folder


def _within(samples: Mapping[Labels, Samples], span: Interval) -> dict[Labels, Samples]:
    """The part of each series that is in a span, of those that are."""
    found = {}
    for labels, (times_ms, values) in samples.items():
        part = slice(*np.searchsorted(times_ms, (span.start_ms, span.end_ms)).tolist())
        if part.start < part.stop:
            found[labels] = times_ms[part], values[part]
    return found


def _write_block(folder: Path, ulid: str, span: Interval, samples: dict[Labels, Samples]) -> None:
    with BlockWriter(folder, ulid, span) as writer:
        for number, (times_ms, values) in enumerate(samples.values()):
            present = np.ones((1, len(times_ms)), dtype=np.bool_)
            writer.append(encode_chunks(times_ms, values.view(np.uint64)[None], present), np.array([number]))
        writer.finish(list(samples))


def _evaluated(older: Path, scraped: Scraped, run: RecordingRun) -> dict[Labels, Samples]:
    """Every sample of the span, scraped or recorded, and what was recorded before it, by series."""
    config = run.past.config(run.config, scraped.span.end_ms) if run.past else run.config
    surroundings, version = Surroundings(run.external_labels), run.servers.prometheus_version
    place = Path(tempfile.mkdtemp(prefix="crybsim-recorded-"))
    try:
        data = place / "data" / "prometheus"
        borrow(older, data)
        with LocalStack(place, prometheus=run.servers.prometheus, alertmanager=run.servers.alertmanager) as stack:
            url = start_virtual_prometheus(stack, config, data=data)
            with http_client(url, timeout=_QUERY_SECONDS) as client:
                server = _Keeping(client)
                write_incident(scraped.manifest, scraped.platform, scraped.span, server.write, source=scraped.source)
                if run.past:
                    RecordedResults(run.past, version, surroundings).write(server)
                grids = [
                    production_grid(group.file, group.name, group.interval_ms, version) for group in run.recordings
                ]
                evaluate_rules(server, run.recordings, scraped.span, grids, surroundings)
        return server.samples()
    finally:
        shutil.rmtree(place, ignore_errors=True)


class _Keeping(RuleServer):
    """A server that also keeps what it was given. Rules are evaluated by several threads."""

    def __init__(self, client: httpx.Client) -> None:
        super().__init__(client)
        self._kept: dict[Labels, list[WrittenSeries]] = {}
        self._lock = threading.Lock()

    def write(self, series: Sequence[WrittenSeries]) -> None:
        super().write(series)
        with self._lock:
            for one in series:
                self._kept.setdefault(one.labels, []).append(one)

    def samples(self) -> dict[Labels, Samples]:
        """All of it, each series in the order of time."""
        found = {}
        for labels, parts in self._kept.items():
            times_ms = np.concatenate([part.times_ms for part in parts])
            order = np.argsort(times_ms, kind="stable")
            found[labels] = times_ms[order], np.concatenate([part.values for part in parts])[order]
        return found
