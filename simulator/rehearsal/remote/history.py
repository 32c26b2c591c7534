"""History at speed into a receiver of remote write: the same samples as in blocks, pushed in the order of time.

The model is scraped stretch by stretch on threads, one stretch ahead; each stretch is cut into the plan's requests,
which lanes encode and send. A group of series always goes by the same lane, so its samples keep their order, and a
slice begins only when the one before the last is through, so no series runs ahead of what a server accepts. What the
receiver has answered is in the position file, by which a run that was killed goes on.
"""

from __future__ import annotations

import gc
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from simulator.clock import Clock
from simulator.errors import InputError, UndeliveredError
from simulator.rehearsal.history.history import History
from simulator.rehearsal.history.scrapes import Relabelling, Scraped, Scraper, ScrapeSource, Target, Times
from simulator.rehearsal.remote.plan import SLICES_ABREAST, Group, Plan, Stretch, plan_of
from simulator.rehearsal.remote.position import Begun, Position, forget
from simulator.sinks.remote_write.courier import Courier, Fate
from simulator.sinks.remote_write.endpoint import Endpoint
from simulator.sinks.remote_write.lanes import Lanes
from simulator.sinks.remote_write.pace import Pace
from simulator.sinks.remote_write.tally import Counts, Tally
from simulator.telemetry.interval import Interval

STRETCH_SAMPLES: Final = 4_000_000
"""Samples that are scraped in one go, about: 36 MB, of which three are held at most. The model likes long ones."""

REFUSALS_BEFORE_THE_END: Final = 20
"""So many requests in a row that are refused for good: the next ones would be, too."""

PATIENCE_SECONDS: Final = 300.0
GRACE_SECONDS: Final = 5.0
"""How long the answers to the last requests are waited for when it has to end early."""

_STRETCHES_BETWEEN_COLLECTIONS: Final = 3  # a source may leave arrays in cycles


@dataclass(frozen=True)
class Sending:
    """How to send: where to, by how many senders, how fast at most (samples a second), how patiently (seconds)."""

    endpoint: Endpoint
    senders: int = 2
    rate: float | None = None
    patience_seconds: float = PATIENCE_SECONDS


@dataclass(frozen=True)
class Delivered:
    """What became of a history: samples that runs before had sent or dropped, and this run's counts."""

    series: int
    sent_before: int
    dropped_before: int
    counts: Counts

    @property
    def sent(self) -> int:
        return self.sent_before + self.counts.sent

    @property
    def dropped(self) -> int:
        return self.dropped_before + self.counts.dropped_samples


@dataclass(frozen=True)
class Progress:
    """How far it is: samples of all runs, and about how many there will be."""

    samples: int
    expected_samples: int
    counts: Counts


OnProgress = Callable[[Progress], None]


class HistoryWriter:
    """Writes one history to one receiver. `source` makes a source for each thread."""

    def __init__(
        self,
        history: History,
        sending: Sending,
        clock: Clock,
        *,
        source: Callable[[], ScrapeSource],
        relabelling: Relabelling,
        workers: int | None = None,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Raises InputError where the shard has none of the series."""
        self.tally = Tally(clock, tell)
        self._history = history
        self._sending = sending
        self._clock = clock
        self._source = source
        self._relabelling = relabelling
        self._workers = workers or os.cpu_count() or 1
        self._idle: deque[Scraper] = deque()
        first = np.array([history.span.start_ms], dtype=np.int64)
        series = [self._scraped(target, first, first[:0]).series for target in history.targets]
        self._series = tuple(series)
        if not any(series):
            raise InputError(f"shard {history.shard} has none of the series; take fewer shards")
        self.plan = plan_of(history, series)

    @property
    def last_words(self) -> str:
        """The last thing that the receiver said, or what kept it from saying anything; empty while all is well."""
        return self.tally.last_words

    @property
    def series(self) -> int:
        return sum(map(len, self._series))

    @property
    def expected_samples(self) -> int:
        """Where every series is there all the time."""
        return self._expected(self._history.span)

    def write(self, folder: Path, request: str, on_progress: OnProgress = lambda _: None) -> Delivered:
        """Send what the folder's position says is still to be sent.

        Raises UndeliveredError when the receiver was away for too long, or refuses one request after the other; then,
        as after Ctrl-C, the same call goes on from there. What was refused for good is in the result's counts.
        """
        begun = Begun(self.plan.identity, request, self._history.manifest.started_ms)
        position = Position.open(folder, begun, len(self.plan.groups))
        sent_before, dropped_before = position.sent, position.dropped
        work = _Work(self.plan, position, self.tally, self._sending.patience_seconds)
        lanes = self._lanes(work.stop)
        pool = ThreadPoolExecutor(self._workers, thread_name_prefix="history")
        try:
            for number, stretch in enumerate(self._stretches(pool, position.first_slice)):
                work.send(stretch, lanes, lambda: self._show(position, on_progress))
                if number % _STRETCHES_BETWEEN_COLLECTIONS == 0:
                    gc.collect()
            work.finish(lambda: self._show(position, on_progress))
        finally:
            work.stop.set()
            pool.shutdown(cancel_futures=True)
            if lanes.close(GRACE_SECONDS):  # one that still waits for an answer may have something to note down
                position.close()
        forget(folder)
        return Delivered(self.series, sent_before, dropped_before, self.tally.counts())

    def _lanes(self, stop: threading.Event) -> Lanes:
        sending = self._sending
        pace = Pace(sending.rate, self._clock)
        count = min(sending.senders, len(self.plan.groups))
        return Lanes(
            [
                Courier(
                    sending.endpoint,
                    self.tally,
                    self._clock,
                    stop.wait,
                    pace=pace,
                    patience_seconds=sending.patience_seconds,
                )
                for _ in range(count)
            ]
        )

    def _show(self, position: Position, on_progress: OnProgress) -> None:
        on_progress(Progress(position.sent + position.dropped, self.expected_samples, self.tally.counts()))

    def _stretches(self, pool: ThreadPoolExecutor, first_slice: int) -> Iterator[Stretch]:
        """The scrapes of all targets, stretch by stretch, the next one in the making meanwhile."""
        ahead: deque[tuple[int, tuple[Interval, ...], list[Future[Scraped]]]] = deque()
        spans = self._spans(first_slice)
        while True:
            while len(ahead) < 2 and (following := next(spans, None)) is not None:
                number, slices = following
                span = Interval(slices[0].start_ms, slices[-1].end_ms)
                scrapes = [pool.submit(self._scrape, target, span) for target in self._history.targets]
                ahead.append((number, slices, scrapes))
            if not ahead:
                return
            number, slices, scrapes = ahead.popleft()
            scraped = tuple(future.result() for future in scrapes)
            for one, series in zip(scraped, self._series, strict=True):
                if one.series != series:
                    raise AssertionError("a source has to have the same series all the time")
            yield Stretch(number, slices, scraped)

    def _spans(self, first_slice: int) -> Iterator[tuple[int, tuple[Interval, ...]]]:
        """The slices in stretches of at most STRETCH_SAMPLES."""
        taken: list[Interval] = []
        samples = 0
        for number in range(first_slice, len(self.plan.slices)):
            one = self.plan.slices[number]
            more = self._expected(one)
            if taken and samples + more > STRETCH_SAMPLES:
                yield number - len(taken), tuple(taken)
                taken, samples = [], 0
            taken.append(one)
            samples += more
        if taken:
            yield len(self.plan.slices) - len(taken), tuple(taken)

    def _expected(self, span: Interval) -> int:
        return sum(
            len(series) * len(self._history.scrapes(target, span))
            for target, series in zip(self._history.targets, self._series, strict=True)
        )

    def _scrape(self, target: Target, span: Interval) -> Scraped:
        times = self._history.scrapes(target, span)
        earlier = self._history.scrapes_before(target, span.start_ms)
        return self._scraped(target, times, earlier)

    def _scraped(self, target: Target, times: Times, earlier: Times) -> Scraped:
        """By a scraper that no other thread uses meanwhile, with what it computed before."""
        try:
            scraper = self._idle.pop()
        except IndexError:
            history = self._history
            scraper = Scraper(self._source(), self._relabelling, history.manifest.seed, history.shard)
        scraped = scraper.scrape(target, times, earlier)
        self._idle.append(scraper)
        return scraped


class _Work:
    """The requests of a plan on their way."""

    def __init__(self, plan: Plan, position: Position, tally: Tally, patience_seconds: float) -> None:
        self.stop = threading.Event()
        self._plan = plan
        self._position = position
        self._tally = tally
        self._patience_seconds = patience_seconds
        self._unsure = [position.resumed] * len(plan.groups)
        self._under_way: deque[Sequence[Future[None]]] = deque()

    def send(self, stretch: Stretch, lanes: Lanes, show: Callable[[], None]) -> None:
        """Have a stretch sent, and wait for all but its last slices."""
        for number in range(stretch.first_slice, stretch.first_slice + len(stretch.slices)):
            while len(self._under_way) >= SLICES_ABREAST:
                self._settle(show)
            self._under_way.append(
                [
                    lanes.submit(at % len(lanes), self._job(at, group, stretch, number))
                    for at, group in enumerate(self._plan.groups)
                    if self._position.slices(at) <= number
                ]
            )

    def finish(self, show: Callable[[], None]) -> None:
        """Wait for all that is under way."""
        while self._under_way:
            self._settle(show)

    def _settle(self, show: Callable[[], None]) -> None:
        """Wait for the oldest slice."""
        for future in self._under_way[0]:
            future.result()
            show()
        self._under_way.popleft()

    def _job(self, at: int, group: Group, stretch: Stretch, number: int) -> Callable[[Courier], None]:
        def job(courier: Courier) -> None:
            if self.stop.is_set():
                return
            parcel = self._plan.parcel(group, stretch, number)
            if parcel is None:
                self._position.advance(at)
                return
            self._tally.generated(parcel.samples)
            fate = courier.deliver(parcel, unsure=self._unsure[at])
            self._unsure[at] = False
            if fate is Fate.TAKEN:
                self._position.advance(at, sent=parcel.samples, stale=parcel.stale)
            elif fate is Fate.REFUSED:
                self._position.advance(at, dropped=parcel.samples)
                if self._tally.refused_in_a_row >= REFUSALS_BEFORE_THE_END:
                    self.stop.set()
                    raise UndeliveredError(f"the last {REFUSALS_BEFORE_THE_END} requests were refused")
            elif fate is Fate.GIVEN_UP:
                self.stop.set()
                raise UndeliveredError(f"nothing was taken for {self._patience_seconds:g} s")

        return job
