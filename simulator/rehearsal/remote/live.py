"""Live telemetry by remote write: what scraping every target at its interval would store, spooled instant by instant.

What is in the spool decides where to go on, so kill -9 loses nothing: the model is asked again for the instants after
the newest one there. The same holds while the spool is full: nothing is thrown away, instants wait to be asked for.

A series ends with a staleness marker: when its target goes or refuses a scrape (as in `scrapes`), when the stream is
stopped, and when another stream takes its place.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from simulator.profile.manifest import Manifest
from simulator.rehearsal.history.scrapes import PlainRelabelling, Scraped, Scraper, ScrapeSource, Times
from simulator.sinks.remote_write.courier import Parcel
from simulator.sinks.remote_write.spool import NEVER_MS, Spool
from simulator.sinks.remote_write.tally import Tally
from simulator.streams.shards import Shard
from simulator.telemetry.interval import Interval
from simulator.telemetry.samples import Labels
from simulator.units import HOUR, MINUTE
from simulator.wire.remote_write import LabelTable, compress, encode_write_request
from simulator.wire.tsdb.chunks import STALE_NAN

SAMPLES_PER_REQUEST: Final = 10_000
AT_ONCE_MS: Final = 5 * MINUTE
"""How much is asked of the model in one go where there is something to catch up with."""

MOST_TO_MAKE_UP_FOR_MS: Final = HOUR
"""A stream that was killed goes on without a gap if that was no longer ago: older samples than that a server refuses
that has newer ones."""

_MEMORY: Final = "stream.json"
_STALE: Final = np.uint64(STALE_NAN)


@dataclass(frozen=True)
class Begun:
    """A stream as its folder remembers it. `request` is equal where one may go on with another's work."""

    request: str
    run: Manifest
    labels: Labels
    shard: Shard
    first_ms: int
    ended: bool = False

    @classmethod
    def remembered(cls, folder: Path) -> Self | None:
        """The folder's last stream, if there is one that can be read."""
        try:
            found = json.loads((folder / _MEMORY).read_bytes())
            return cls(
                request=str(found["request"]),
                run=Manifest.model_validate(found["run"]),
                labels=tuple((str(name), str(value)) for name, value in found["labels"]),
                shard=Shard.parse(found["shard"]),
                first_ms=int(found["first_ms"]),
                ended=bool(found["ended"]),
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def remember(self, folder: Path) -> None:
        """Note it down: whole or not at all."""
        document = {
            "request": self.request,
            "run": self.run.model_dump(mode="json", by_alias=True),
            "labels": self.labels,
            "shard": str(self.shard),
            "first_ms": self.first_ms,
            "ended": self.ended,
        }
        draft = folder / f"{_MEMORY}.new"
        draft.write_text(json.dumps(document), encoding="utf-8")
        draft.replace(folder / _MEMORY)


class LiveStream:
    """One stream, from its first instant on. Not for several threads at once."""

    def __init__(self, begun: Begun, source: ScrapeSource, spool: Spool, tally: Tally) -> None:
        """Goes on after the newest instant in the spool, where that is one of this stream's."""
        self.problem = ""  # why the spool takes nothing, if so
        self._full_bytes = 0
        self._spool = spool
        self._tally = tally
        self._first_ms = begun.first_ms
        self._scraper = Scraper(source, PlainRelabelling(begun.labels), begun.run.seed, begun.shard)
        self._targets = self._scraper.targets()
        self._done_ms = max(spool.newest_ms, begun.first_ms - 1)
        last = [self._last_scrape(number) for number in range(len(self._targets))]
        self._series = tuple(scraped.series for scraped in last)
        self._rows = np.cumsum([0, *map(len, self._series)])
        self._table = LabelTable(labels for series in self._series for labels in series)
        self._there = np.zeros(len(self._table), dtype=np.bool_)
        for number, scraped in enumerate(last):
            if self._done_ms >= begun.first_ms and len(scraped.times_ms):
                self._note(number, scraped, -1)

    @property
    def series(self) -> int:
        return len(self._table)

    @property
    def samples_per_second(self) -> float:
        """About."""
        return sum(1000 * len(s) / target.interval_ms for s, target in zip(self._series, self._targets, strict=True))

    def go_on(self, within: Interval) -> None:
        """Spool every scrape up to the end of an interval that was not spooled yet; `problem` tells if it is full."""
        if self.problem and self._spool.samples and self._spool.size_bytes == self._full_bytes:
            return  # as full as it was: no need to ask the model
        while self._done_ms < within.end_ms:
            upto_ms = min(self._done_ms + AT_ONCE_MS, within.end_ms)
            for at_ms, columns in self._instants(upto_ms):
                if not self._keep(at_ms, self._parcels(at_ms, columns)):
                    return
                for number, (scraped, column) in columns.items():
                    self._note(number, scraped, column)
                self._done_ms = at_ms
            self._done_ms = upto_ms

    def end(self, at_ms: int = NEVER_MS) -> bool:
        """Spool a staleness marker for every series that is there, right after the last instant or at a later one.
        False where there was no room for them."""
        rows = np.flatnonzero(self._there)
        at_ms = max(at_ms, self._done_ms + 1, self._spool.newest_ms + 1)
        values = np.full(len(rows), _STALE)
        if len(rows) and not self._keep(at_ms, list(self._cut(at_ms, rows, values))):
            return False
        self._there[:] = False
        self._done_ms = at_ms
        return True

    def _keep(self, at_ms: int, parcels: list[Parcel]) -> bool:
        if parcels:
            self.problem = self._spool.append(at_ms, parcels)
            if self.problem:
                self._full_bytes = self._spool.size_bytes
                return False
            self._tally.generated(sum(parcel.samples for parcel in parcels))
        return True

    def _instants(self, upto_ms: int) -> Iterator[tuple[int, dict[int, tuple[Scraped, int]]]]:
        """The instants after the last one: for each target that is scraped then, its scrapes and the column."""
        found: dict[int, dict[int, tuple[Scraped, int]]] = {}
        for number in range(len(self._targets)):
            times = self._times(number, self._done_ms + 1, upto_ms + 1)
            if len(times):
                scraped = self._scraper.scrape(self._targets[number], times, self._earlier(number, int(times[0])))
                if scraped.series != self._series[number]:
                    raise AssertionError("a source has to have the same series all the time")
                for column, at_ms in enumerate(times.tolist()):
                    found.setdefault(at_ms, {})[number] = (scraped, column)
        yield from sorted(found.items())

    def _parcels(self, at_ms: int, columns: dict[int, tuple[Scraped, int]]) -> list[Parcel]:
        rows, values = [], []
        for number, (scraped, column) in columns.items():
            there = np.flatnonzero(scraped.present[:, column])
            rows.append(self._rows[number] + there)
            values.append(scraped.values[there, column])
        return list(self._cut(at_ms, np.concatenate(rows), np.concatenate(values)))

    def _cut(self, at_ms: int, rows: NDArray[np.int64], values: NDArray[np.uint64]) -> Iterator[Parcel]:
        """Requests of one sample of each of these rows."""
        for first in range(0, len(rows), SAMPLES_PER_REQUEST):
            some, words = rows[first : first + SAMPLES_PER_REQUEST], values[first : first + SAMPLES_PER_REQUEST]
            once = np.ones(len(some), dtype=np.int64)
            body = encode_write_request(self._table, some, once, once * at_ms, words.view(np.float64))
            yield Parcel(compress(body), len(some), int(np.count_nonzero(words == _STALE)))

    def _note(self, number: int, scraped: Scraped, column: int) -> None:
        """Which series are there after a scrape."""
        now = scraped.present[:, column] & (scraped.values[:, column] != _STALE)
        self._there[self._rows[number] : self._rows[number + 1]] = now

    def _last_scrape(self, number: int) -> Scraped:
        """The last scrape of a target that was spooled; where there is none, the one to come."""
        times = self._times(number, self._first_ms, self._done_ms + 1)[-1:]
        if not len(times):
            times = np.array([self._first_ms], dtype=np.int64)
        return self._scraper.scrape(self._targets[number], times, self._earlier(number, int(times[0])))

    def _earlier(self, number: int, before_ms: int) -> Times:
        return self._times(number, self._first_ms, before_ms)

    def _times(self, number: int, start_ms: int, end_ms: int) -> Times:
        """When a target is scraped from one instant until (not at) another."""
        target = self._targets[number]
        first = start_ms + (target.offset_ms - start_ms) % target.interval_ms
        return np.arange(first, max(end_ms, first), target.interval_ms, dtype=np.int64)


def goes_on(begun: Begun | None, request: str, spool: Spool, now_ms: int) -> bool:
    """Whether a stream that was stopped in the middle is one to go on with."""
    return (
        begun is not None
        and not begun.ended
        and begun.request == request
        and now_ms - max(spool.newest_ms, begun.first_ms) <= MOST_TO_MAKE_UP_FOR_MS
    )


def end_earlier(
    begun: Begun | None, source: Callable[[Manifest], ScrapeSource], spool: Spool, tally: Tally, at_ms: int
) -> None:
    """End the series of a stream that was stopped in the middle and that nobody goes on with."""
    if begun is not None and not begun.ended and spool.newest_ms != NEVER_MS:
        LiveStream(begun, source(begun.run), spool, tally).end(at_ms)
