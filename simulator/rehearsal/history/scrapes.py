"""What scraping leaves in a database, for targets that are not there: the samples, and what Prometheus adds to them.

Beside what a target exposes there are, for each target, `up` and its kin
(https://prometheus.io/docs/concepts/jobs_instances/), and staleness markers: a series that was there at one scrape
and is missing at the next ends with one, and so do all series of a target whose scrape fails
(https://prometheus.io/docs/prometheus/latest/querying/basics/#staleness).

Any stretch of scrapes can be had alone: what it needs of the past is in the last scrape before it, and in the last one
that was answered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from simulator.catalog.jobs import BY_NAME
from simulator.compiled import kernel
from simulator.model.draws import bits, normal
from simulator.model.keys import key
from simulator.streams.shards import WHOLE, Shard
from simulator.telemetry.samples import FamilyBlock, Labels, SampleSource, Series, labels_of
from simulator.units import SECOND
from simulator.wire.tsdb.chunks import STALE_NAN, Presence, Words

Times = NDArray[np.int64]
Flags = NDArray[np.bool_]
Counts = NDArray[np.int64]

NAME: Final = "__name__"
DEFAULT_INTERVAL_MS: Final = 15 * SECOND

_REPORTED: Final = (
    "up",
    "scrape_duration_seconds",
    "scrape_samples_scraped",
    "scrape_samples_post_metric_relabeling",
    "scrape_series_added",
)


@dataclass(frozen=True)
class Target:
    """One instance of a job, scraped at every `offset_ms` past a multiple of its interval."""

    job: str
    instance: str
    interval_ms: int
    offset_ms: int = 0


class ScrapeSource(SampleSource, Protocol):
    """A source of samples that tells about many scrapes at once."""

    def answered(self, job: str, instance: str, times_ms: Times) -> Flags:
        """`is_up` at these wall instants."""
        ...


class Relabelling(Protocol):
    """What labels become on their way into the database: relabel_configs, honor_labels, metric_relabel_configs."""

    @property
    def identity(self) -> str:
        """Differs where the outcome may differ; part of the fingerprint of a history."""
        ...

    def target(self, job: str, instance: str) -> Labels | None:
        """The labels of a target; None where relabelling drops it."""
        ...

    def sample(self, job: str, target: Labels, exposed: Series) -> Labels | None:
        """The labels, `__name__` among them, under which an exposed sample is stored; None where it is dropped."""
        ...


@dataclass(frozen=True)
class PlainRelabelling:
    """As without any relabelling: `job` and `instance`, then `extra`; an exposed label that clashes is renamed."""

    extra: Labels = ()

    @property
    def identity(self) -> str:
        return repr(self.extra)

    def target(self, job: str, instance: str) -> Labels:
        return labels_of({"job": job, "instance": instance, **dict(self.extra)})

    def sample(self, job: str, target: Labels, exposed: Series) -> Labels:
        merged = dict(target)
        for name, value in exposed.labels:
            while name in merged:
                name = f"exported_{name}"
            if value:  # a label without a value is none
                merged[name] = value
        return labels_of({**merged, NAME: exposed.name})


@dataclass(frozen=True)
class Scraped:
    """What some scrapes of one target leave. `values[s, t]` (bit patterns) is there where `present[s, t]`."""

    series: tuple[Labels, ...]
    times_ms: Times
    values: Words
    present: Presence


@dataclass(frozen=True)
class _Exposed:
    """The series of a target as it exposes them, and the rows they are stored in (-1: dropped). `held` are those of
    the shard: rows, and series."""

    exposed: tuple[tuple[Series, ...], ...]
    stored: tuple[Labels, ...]
    rows: Counts
    held: Counts
    shown: tuple[Labels, ...]


class Scraper:
    """Scrapes targets of a source. Not for several threads at once, since a source may keep what it computed.

    With a `shard` only its series are handed out; what is told about a scrape is told of the whole scrape all the same.
    """

    def __init__(self, source: ScrapeSource, relabelling: Relabelling, seed: int, shard: Shard = WHOLE) -> None:
        self._shard = shard
        self._source = source
        self._relabelling = relabelling
        self._seed = seed
        self._known: dict[tuple[str, str], _Exposed] = {}

    def targets(self, jobs: Sequence[str] | None = None) -> tuple[Target, ...]:
        """The targets of the source that relabelling keeps, at their usual intervals; of some jobs or of all."""
        return tuple(
            Target(job, instance, BY_NAME[job].interval_ms if job in BY_NAME else DEFAULT_INTERVAL_MS)
            for job in (self._source.jobs() if jobs is None else jobs)
            for instance in self._source.instances(job)
            if self._relabelling.target(job, instance) is not None
        )

    def scrape(self, target: Target, times_ms: Times, earlier_ms: Times) -> Scraped:
        """The scrapes at `times_ms`; `earlier_ms` are all scrapes before, from the first one of the history on."""
        before_ms = self._remembered(target, earlier_ms)
        instants = np.concatenate((before_ms, times_ms))
        blocks = self._source.blocks(target.job, target.instance, instants)
        known = self._exposed(target, blocks)
        up = self._source.answered(target.job, target.instance, instants)
        rows = len(known.stored)
        values = np.empty((rows, len(times_ms)), dtype=np.uint64)
        present = np.empty(values.shape, dtype=np.bool_)
        tally = np.zeros((3, len(times_ms)), dtype=np.int64)
        first = 0
        for block in blocks:
            end = first + len(block.series)
            columns = np.ascontiguousarray(block.values.T)
            _keep(columns, columns.view(np.uint64), up, len(before_ms), known.rows[first:end], values, present, tally)
            first = end
        report = values[rows - len(_REPORTED) :].view(np.float64)
        _report(up[len(before_ms) :], tally, key(self._seed, "scrape", target.job, target.instance), times_ms, report)
        present[rows - len(_REPORTED) :] = True
        if len(known.shown) < rows:
            values, present = values[known.held], present[known.held]
        return Scraped(known.shown, times_ms, values, present)

    def _remembered(self, target: Target, earlier_ms: Times) -> Times:
        """Those of the earlier scrapes that count: the last, and the last one that was answered."""
        last = earlier_ms[-1:]
        end, width = len(earlier_ms), 1
        while end > 0:
            window = earlier_ms[max(end - width, 0) : end]
            answered = np.flatnonzero(self._source.answered(target.job, target.instance, window))
            if len(answered):
                return np.unique(np.append(window[answered[-1]], last))
            end -= len(window)
            width *= 8
        return last

    def _exposed(self, target: Target, blocks: tuple[FamilyBlock, ...]) -> _Exposed:
        exposed = tuple(block.series for block in blocks)
        known = self._known.get((target.job, target.instance))
        if known is None or known.exposed != exposed:
            known = self._stored(target, exposed)
            self._known[target.job, target.instance] = known
        return known

    def _stored(self, target: Target, exposed: tuple[tuple[Series, ...], ...]) -> _Exposed:
        """Where two samples of one scrape would be stored under the same labels, the first one is kept."""
        own = self._relabelling.target(target.job, target.instance)
        if own is None:
            raise ValueError(f"relabelling drops {target.instance} of {target.job}, so it cannot be scraped")
        places: dict[Labels, int] = {}
        rows = []
        for series in exposed:
            for one in series:
                stored = self._relabelling.sample(target.job, own, one)
                fresh = stored is not None and stored not in places
                rows.append(len(places) if fresh else -1)
                if stored is not None:
                    places.setdefault(stored, len(places))
        reported = (labels_of({**dict(own), NAME: name}) for name in _REPORTED)
        every = (*places, *reported)
        held = [row for row, labels in enumerate(every) if self._shard.holds_stored(labels)]
        shown = tuple(every[row] for row in held)
        return _Exposed(exposed, every, np.array(rows, dtype=np.int64), np.array(held, dtype=np.int64), shown)


@kernel
def _keep(
    exposed: NDArray[np.float64],
    words: Words,
    up: Flags,
    before: int,
    rows: Counts,
    values: Words,
    present: Presence,
    tally: Counts,
) -> None:
    """Store one family: samples while they are there, a staleness marker after the last of them.

    `tally` counts, for each scrape, samples exposed, samples kept, and series that the last answered scrape did not
    have: the scrape cache forgets what is missing from an answer, and nothing while there is none.
    """
    stale = np.uint64(STALE_NAN)
    for series in range(len(rows)):
        row = rows[series]
        was = False
        known = False
        for at in range(len(up)):
            now = up[at] and exposed[series, at] == exposed[series, at]  # NaN: no sample
            if at >= before:
                time = at - before
                if now:
                    tally[0, time] += 1
                if row >= 0:
                    present[row, time] = now or was
                    values[row, time] = words[series, at] if now else stale
                    if now:
                        tally[1, time] += 1
                        if not known:
                            tally[2, time] += 1
            was = now
            if up[at]:
                known = now


@kernel
def _report(up: Flags, tally: Counts, stream: np.uint64, times: Times, out: NDArray[np.float64]) -> None:
    """The rows of `_REPORTED`. A scrape takes some 2 ms and 3 µs a sample, a refused one half a millisecond."""
    for at in range(len(up)):
        spread = 1.0 + 0.2 * abs(normal(bits(stream, np.uint64(times[at]))))
        out[0, at] = 1.0 if up[at] else 0.0
        out[1, at] = (0.002 + 3e-6 * tally[0, at] if up[at] else 0.0005) * spread
        for count in range(3):
            out[2 + count, at] = tally[count, at]
