"""The model's log lines: every event that somebody logs, in the order of time, for any interval alone."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.catalog.families import CausedBy
from simulator.compiled import kernel
from simulator.model.durations import bucket_quantiles, draw_durations
from simulator.model.events import Events
from simulator.model.flows import FlowCounts
from simulator.profile.manifest import Manifest
from simulator.profile.traffic import planned_rate
from simulator.streams.ledger import Ledger
from simulator.streams.logs.deployment import HOST, SERVICE, deploy_lines
from simulator.streams.logs.render import Lines, Renderer
from simulator.streams.logs.sources import SOURCES, Source
from simulator.streams.logs.template import Compiler, Program
from simulator.streams.logs.texts import Pools
from simulator.streams.shards import WHOLE, Shard
from simulator.telemetry.interval import Interval
from simulator.telemetry.logs import LogBatch, LogEntry
from simulator.telemetry.samples import Labels, labels_of
from simulator.units import HOUR, MINUTE, SECOND

Ints = NDArray[np.int64]

EVERYWHERE: Final = {"environment": "production", "cluster": "cryb-platform"}
"""What Promtail adds to every stream, besides the host (contract, section 7)."""
_SPAN_EVENTS: Final = 60_000
_BATCH_LINES: Final = 65_536


@dataclass(frozen=True)
class _Writer:
    """One source on one instance. Row r has lines `first_line[r]` to `first_line[r + 1]`."""

    source: Source
    instance: str
    host: int
    counts: FlowCounts
    quantiles: NDArray[np.float64]  # of each spread's buckets; none where the flow has no durations
    logged: NDArray[np.bool_]  # by leaf
    first_line: Ints
    program: Ints  # by line
    stream: Ints  # by line


@dataclass(frozen=True)
class _Scheduled:
    """Lines that are no events of a flow, because the profile says when they are written: wall time, by rising time."""

    at_ms: Ints
    program: Ints
    stream: Ints
    host: int


class ModelLogs:
    """Implements `telemetry.logs.LogSource` for a manifest.

    In a live run the reference API writes its own request lines, so they are left out.
    """

    def __init__(self, manifest: Manifest, *, services: Collection[str] | None = None, shard: Shard = WHOLE) -> None:
        """`services`: whose lines, by the label `service`; not given: everybody's. `shard` takes a part of the
        streams, each of which is in exactly one shard."""
        self._ledger = Ledger(manifest)
        live = manifest.mode == "live"
        self._sources = tuple(
            source
            for source in SOURCES
            if not (live and source.caused_by is CausedBy.API) and (services is None or source.service in services)
        )
        self._streams: dict[Labels, int] = {}
        self._hosts: dict[str, int] = {}
        pools = Pools(manifest.seed, manifest.profile.platform.registered_users)
        compiler = Compiler(pools)
        programs: list[Program] = []
        self._writers = tuple(writer for source in self._sources for writer in self._open(source, compiler, programs))
        wanted = services is None or SERVICE in services
        self._deploys = self._scheduled(manifest, compiler, programs) if wanted else None
        self._renderer = Renderer(programs, compiler.literals, compiler.aspects, pools, tuple(self._hosts))
        self.streams = tuple(self._streams)
        """Every stream that may have lines."""
        self._held = np.array([shard.holds("log", labels) for labels in self.streams], dtype=np.bool_)

    def entries(self, interval: Interval) -> Iterator[LogEntry]:
        """Every entry of the interval (wall time), in the order of time."""
        for batch in self.batches(interval):
            yield from batch.entries()

    def batches(self, interval: Interval) -> Iterator[LogBatch]:
        """The same in batches of at most 65,536 lines, so that memory stays bounded."""
        start = interval.start_ms
        while start < interval.end_ms:
            end = min(start + self._span(start), interval.end_ms)
            stream, lines = self._between(start, end)
            for first in range(0, len(stream), _BATCH_LINES):
                some = lines.part(first, first + _BATCH_LINES)
                text, ends = self._renderer.render(some)
                yield LogBatch(self.streams, some.at_ms, stream[first : first + _BATCH_LINES], ends, text)
            start = end

    def _span(self, wall_ms: int) -> int:
        """How much time to look at at once: whole minutes, up to an hour, by the planned rate."""
        manifest = self._ledger.manifest
        rate = float(planned_rate(manifest.profile, np.array([manifest.elapsed_ms(wall_ms)], dtype=np.int64))[0])
        minutes = _SPAN_EVENTS * SECOND / max(rate, 1e-9) // MINUTE
        return int(min(max(minutes * MINUTE, MINUTE), HOUR))

    def _between(self, start: int, end: int) -> tuple[Ints, Lines]:
        """Every line of `[start, end)` of wall time, in the order of time, with their streams."""
        grid = self._ledger.grid
        shift = grid.start - grid.wall_start  # grid time less wall time
        events: dict[int, Events] = {}
        parts: list[tuple[Ints, Lines]] = []
        for writer in self._writers:
            flow = id(writer.counts)
            if flow not in events:
                events[flow] = writer.counts.events(start + shift, end + shift)
            parts.append(self._lines(writer, events[flow], start + shift, shift))
        if self._deploys is not None:
            parts.append(self._due(self._deploys, start, end))
        if not parts:
            return np.empty(0, dtype=np.int64), Lines.none()
        at_ms = np.concatenate([lines.at_ms for _, lines in parts])
        order = np.argsort(at_ms, kind="stable")
        return np.concatenate([stream for stream, _ in parts])[order], Lines(
            program=np.concatenate([lines.program for _, lines in parts])[order],
            host=np.concatenate([lines.host for _, lines in parts])[order],
            random=np.concatenate([lines.random for _, lines in parts])[order],
            at_ms=at_ms[order],
            microseconds=np.concatenate([lines.microseconds for _, lines in parts])[order],
        )

    def _lines(self, writer: _Writer, events: Events, start: int, shift: int) -> tuple[Ints, Lines]:
        """The lines of one source on one instance, with their streams. `start` is grid time."""
        kept = writer.logged[events.leaf]
        if writer.source.sampling > 1:
            before = writer.counts.at(np.array([start], dtype=np.int64))[:, 0]
            kept &= _every_nth(events.leaf, before, writer.source.sampling)
        leaf, at, random = events.leaf[kept], events.at[kept], events.random[kept]
        row, bucket = np.divmod(leaf, writer.counts.buckets)
        if len(writer.quantiles):
            microseconds = draw_durations(writer.quantiles, writer.counts.spread_of_row[row], bucket, random)
        else:
            microseconds = np.zeros(len(row), dtype=np.int64)
        event, line = _spread_out(row, writer.first_line)
        held = self._held[writer.stream[line]]
        event, line = event[held], line[held]
        return writer.stream[line], Lines(
            program=writer.program[line],
            host=np.full(len(line), writer.host, dtype=np.int64),
            random=random[event],
            at_ms=at[event] - shift,
            microseconds=microseconds[event],
        )

    def _scheduled(self, manifest: Manifest, compiler: Compiler, programs: list[Program]) -> _Scheduled:
        said = deploy_lines(manifest)
        first = len(programs)
        programs.extend(compiler.compile(line.text, {}) for line in said)
        own = {**EVERYWHERE, "service": SERVICE, "instance": HOST}
        return _Scheduled(
            np.array([line.at_ms for line in said], dtype=np.int64),
            first + np.arange(len(said), dtype=np.int64),
            np.array([self._stream(labels_of({**own, "component": line.component})) for line in said], dtype=np.int64),
            self._hosts.setdefault(HOST, len(self._hosts)),
        )

    def _due(self, lines: _Scheduled, start: int, end: int) -> tuple[Ints, Lines]:
        """Those of `[start, end)` of wall time, with their streams."""
        due = (lines.at_ms >= start) & (lines.at_ms < end) & self._held[lines.stream]
        count = int(due.sum())
        return lines.stream[due], Lines(
            program=lines.program[due],
            host=np.full(count, lines.host, dtype=np.int64),
            random=np.zeros(count, dtype=np.uint64),
            at_ms=lines.at_ms[due],
            microseconds=np.zeros(count, dtype=np.int64),
        )

    def _open(self, source: Source, compiler: Compiler, programs: list[Program]) -> Iterator[_Writer]:
        rows: list[list[tuple[int, dict[str, str]]]] | None = None  # programs and stream labels, alike on all instances
        for instance in self._ledger.instances(source.job):
            counts = self._ledger.flow(source.flow, source.job, instance)
            if rows is None:
                rows = [self._compiled(source, labels, compiler, programs) for labels in counts.labels]
            host = source.host.format(n=instance.rpartition("-")[2])
            own = {**EVERYWHERE, "service": source.service, "instance": host}
            lines = [line for row in rows for line in row]
            streams = [self._stream(labels_of({**own, **labels})) for _, labels in lines]
            yield _Writer(
                source,
                instance,
                self._hosts.setdefault(host, len(self._hosts)),
                counts,
                np.array([bucket_quantiles(name, counts.flow.bounds) for name in counts.spreads]),
                _logged(source, counts, rows),
                np.cumsum([0, *map(len, rows)]).astype(np.int64),
                np.array([program for program, _ in lines], dtype=np.int64),
                np.array(streams, dtype=np.int64),
            )

    def _compiled(
        self, source: Source, labels: dict[str, str], compiler: Compiler, programs: list[Program]
    ) -> list[tuple[int, dict[str, str]]]:
        if source.outcomes and labels[source.flow.outcome] not in source.outcomes:
            return []
        found = []
        for line in source.lines(labels):
            found.append((len(programs), dict(line.labels)))
            programs.append(compiler.compile(line.template, labels))
        return found

    def _stream(self, labels: Labels) -> int:
        return self._streams.setdefault(labels, len(self._streams))


def _logged(source: Source, counts: FlowCounts, rows: list[list[tuple[int, dict[str, str]]]]) -> NDArray[np.bool_]:
    """Which leaves have lines: those of rows with any, beyond the source's bound."""
    first = counts.flow.bounds.index(source.beyond) + 1 if source.beyond else 0
    return np.array([bool(row) and bucket >= first for row in rows for bucket in range(counts.buckets)])


@kernel
def _every_nth(leaf: Ints, before: Ints, n: int) -> NDArray[np.bool_]:
    """Marks each leaf's n-th, 2n-th, … event since its counter began; `before` is how many it had already."""
    out = np.empty(len(leaf), dtype=np.bool_)
    seen = before.copy()
    for event in range(len(leaf)):
        seen[leaf[event]] += 1
        out[event] = seen[leaf[event]] % n == 0
    return out


@kernel
def _spread_out(row: Ints, first_line: Ints) -> tuple[Ints, Ints]:
    """For every line of every event: which event, and which of the rows' lines."""
    total = 0
    for event in range(len(row)):
        total += first_line[row[event] + 1] - first_line[row[event]]
    events = np.empty(total, dtype=np.int64)
    lines = np.empty(total, dtype=np.int64)
    at = 0
    for event in range(len(row)):
        for line in range(first_line[row[event]], first_line[row[event] + 1]):
            events[at] = event
            lines[at] = line
            at += 1
    return events, lines
