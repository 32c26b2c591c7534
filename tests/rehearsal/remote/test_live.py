"""Live telemetry by remote write: what scraping every target would store arrives, whatever happens."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from simulator.clock import ManualClock
from simulator.rehearsal.history.scrapes import PlainRelabelling, Scraper
from simulator.rehearsal.remote.live import (
    AT_ONCE_MS,
    MOST_TO_MAKE_UP_FOR_MS,
    Begun,
    LiveStream,
    end_earlier,
    goes_on,
)
from simulator.sinks.remote_write.courier import Courier
from simulator.sinks.remote_write.endpoint import Endpoint
from simulator.sinks.remote_write.sender import SpoolSender
from simulator.sinks.remote_write.spool import Spool
from simulator.sinks.remote_write.tally import Tally
from simulator.streams.shards import WHOLE, Shard
from simulator.telemetry.interval import Interval
from simulator.telemetry.samples import labels_of
from simulator.units import MINUTE, SECOND
from simulator.wire.tsdb.chunks import STALE_NAN
from tests.rehearsal.toy_platform import OUTAGE, Toy, manifest
from tests.sinks.remote_write.receiver import Receiver, Samples, Say

FIRST = OUTAGE.start_ms - 2 * MINUTE + 1
BEGUN = Begun("it", manifest(), (("simulation", "x"),), WHOLE, FIRST)
ROOMY = 10**8


def truth(begun: Begun, until_ms: int, ended_ms: int | None = None) -> Samples:
    """Every target scraped straight through, up to an instant that counts; and what ends with a stream."""
    found: Samples = {}
    scraper = Scraper(Toy(), PlainRelabelling(begun.labels), begun.run.seed, begun.shard)
    for target in scraper.targets():
        times = np.arange(
            -(-begun.first_ms // target.interval_ms) * target.interval_ms, until_ms + 1, target.interval_ms
        )
        scraped = scraper.scrape(target, times, times[:0])
        for row, labels in enumerate(scraped.series):
            there = np.flatnonzero(scraped.present[row])
            samples = list(zip(times[there].tolist(), scraped.values[row, there].tolist(), strict=True))
            if ended_ms is not None and len(there) and there[-1] == len(times) - 1 and samples[-1][1] != STALE_NAN:
                samples.append((ended_ms, STALE_NAN))
            if samples:
                found[labels] = samples
    return found


def deliver(spool: Spool, receiver: Receiver, tally: Tally | None = None) -> None:
    """Send all that waits."""
    tally = tally or Tally(ManualClock())
    sender = SpoolSender(
        spool, lambda pause: Courier(Endpoint(receiver.url), tally, ManualClock(), lambda _: pause(0.0))
    )
    sender.start()
    sender.stop(grace_seconds=120)
    assert sender.failure is None
    assert spool.samples == 0


@pytest.fixture(scope="module")
def listening() -> Iterator[Receiver]:
    with Receiver() as one:
        yield one


@pytest.fixture
def receiver(listening: Receiver) -> Receiver:
    listening.begin_anew()
    return listening


def test_it_sends_every_scrape_and_ends_every_series(tmp_path: Path, receiver: Receiver) -> None:
    tally, spool = Tally(ManualClock()), Spool(tmp_path, ROOMY)
    stream = LiveStream(BEGUN, Toy(), spool, tally)
    end_ms = OUTAGE.end_ms + MINUTE
    for at_ms in range(FIRST, end_ms + 1, 7 * SECOND):
        stream.go_on(Interval(FIRST, at_ms))
    stream.go_on(Interval(FIRST, end_ms))
    assert stream.end(end_ms + 500)
    deliver(spool, receiver, tally)
    expected = truth(BEGUN, end_ms, end_ms + 500)
    assert receiver.samples == expected
    counts = tally.counts()
    bits = [value for samples in expected.values() for _, value in samples]
    assert (counts.generated, counts.sent, counts.stale) == (len(bits), len(bits), bits.count(STALE_NAN))
    assert all(dict(labels)["simulation"] == "x" for labels in expected)
    down = labels_of({"__name__": "up", "instance": "web-1", "job": "web", "simulation": "x"})
    assert [value for at, value in receiver.samples[down] if at in OUTAGE] == [0] * (OUTAGE.length_ms // 15_000)
    ticks = labels_of({**dict(down), "__name__": "ticks_total", "number": "0"})
    assert (OUTAGE.start_ms, STALE_NAN) in receiver.samples[ticks]


@pytest.mark.parametrize("killed_ms", [FIRST + 1, OUTAGE.start_ms - 1, OUTAGE.start_ms + 100_000, OUTAGE.end_ms + 7])
def test_one_that_was_killed_goes_on_without_a_gap(tmp_path: Path, receiver: Receiver, killed_ms: int) -> None:
    end_ms = OUTAGE.end_ms + 2 * AT_ONCE_MS
    spool = Spool(tmp_path, ROOMY)
    LiveStream(BEGUN, Toy(), spool, Tally(ManualClock())).go_on(Interval(FIRST, killed_ms))
    spool.close()  # nothing else of it is left
    spool = Spool(tmp_path, ROOMY)
    if killed_ms % 2:
        deliver(spool, receiver)
    assert goes_on(BEGUN, "it", spool, end_ms)
    stream = LiveStream(BEGUN, Toy(), spool, Tally(ManualClock()))
    stream.go_on(Interval(FIRST, end_ms))
    assert stream.end()
    deliver(spool, receiver)
    assert receiver.samples == truth(BEGUN, end_ms, end_ms + 1)


def test_a_full_spool_only_puts_off_what_comes(tmp_path: Path, receiver: Receiver) -> None:
    tally, spool = Tally(ManualClock()), Spool(tmp_path, 6000)
    stream = LiveStream(BEGUN, Toy(), spool, tally)
    end_ms = OUTAGE.end_ms + MINUTE
    rounds = 0
    while True:
        stream.go_on(Interval(FIRST, end_ms))
        assert spool.size_bytes <= 6000
        if not stream.problem:
            break
        assert stream.problem == "its limit of 6,000 bytes is reached"
        rounds += 1
        deliver(spool, receiver, tally)
    assert rounds > 2
    deliver(spool, receiver, tally)
    assert receiver.samples == truth(BEGUN, end_ms)
    assert tally.counts().generated == tally.counts().sent


def test_series_of_an_earlier_stream_with_other_labels_end(tmp_path: Path, receiver: Receiver) -> None:
    killed_ms, again_ms = OUTAGE.start_ms + MINUTE, OUTAGE.start_ms + 2 * MINUTE + 1
    spool = Spool(tmp_path, ROOMY)
    LiveStream(BEGUN, Toy(), spool, Tally(ManualClock())).go_on(Interval(FIRST, killed_ms))
    other = replace(BEGUN, request="other", labels=(("simulation", "y"),), first_ms=again_ms + 1)
    assert not goes_on(BEGUN, other.request, spool, again_ms)
    end_earlier(BEGUN, lambda _: Toy(), spool, Tally(ManualClock()), again_ms)
    LiveStream(other, Toy(), spool, Tally(ManualClock())).go_on(Interval(again_ms, OUTAGE.end_ms))
    deliver(spool, receiver)
    assert receiver.samples == truth(BEGUN, killed_ms, again_ms) | truth(other, OUTAGE.end_ms)


def test_what_is_too_long_ago_or_ended_is_not_gone_on_with(tmp_path: Path) -> None:
    spool = Spool(tmp_path, ROOMY)
    assert not goes_on(None, "it", spool, FIRST)
    assert goes_on(BEGUN, "it", spool, FIRST + MOST_TO_MAKE_UP_FOR_MS)
    assert not goes_on(BEGUN, "it", spool, FIRST + MOST_TO_MAKE_UP_FOR_MS + 1)
    assert not goes_on(replace(BEGUN, ended=True), "it", spool, FIRST)
    spool.close()


def test_a_receiver_that_is_away_for_a_while_misses_nothing(tmp_path: Path, receiver: Receiver) -> None:
    receiver.script = lambda number: (
        Say(500 if number % 2 else 503, keep=number % 3 == 0) if number % 5 and number < 60 else None
    )
    spool = Spool(tmp_path, ROOMY)
    LiveStream(BEGUN, Toy(), spool, Tally(ManualClock())).go_on(Interval(FIRST, OUTAGE.end_ms))
    deliver(spool, receiver)
    assert receiver.samples == truth(BEGUN, OUTAGE.end_ms)


def test_shards_together_are_the_whole(tmp_path: Path, receiver: Receiver) -> None:
    for number in (1, 2):
        (tmp_path / str(number)).mkdir()
        spool = Spool(tmp_path / str(number), ROOMY)
        part = replace(BEGUN, shard=Shard(number, 2))
        stream = LiveStream(part, Toy(), spool, Tally(ManualClock()))
        stream.go_on(Interval(FIRST, OUTAGE.end_ms))
        assert stream.end(OUTAGE.end_ms + 1)
        deliver(spool, receiver)
        spool.close()
    assert receiver.samples == truth(BEGUN, OUTAGE.end_ms, OUTAGE.end_ms + 1)


def test_a_stream_is_remembered_whole_or_not_at_all(tmp_path: Path) -> None:
    assert Begun.remembered(tmp_path) is None
    BEGUN.remember(tmp_path)
    assert Begun.remembered(tmp_path) == BEGUN
    replace(BEGUN, ended=True).remember(tmp_path)
    assert Begun.remembered(tmp_path) == replace(BEGUN, ended=True)
    (tmp_path / "stream.json").write_text("{")
    assert Begun.remembered(tmp_path) is None


def test_one_may_append_while_another_sends(tmp_path: Path, receiver: Receiver) -> None:
    tally, spool = Tally(ManualClock()), Spool(tmp_path, 20_000)
    stopped = threading.Event()
    sender = SpoolSender(spool, lambda pause: Courier(Endpoint(receiver.url), tally, ManualClock(), pause))
    sender.start()
    stream = LiveStream(BEGUN, Toy(), spool, tally)
    while True:
        stream.go_on(Interval(FIRST, OUTAGE.end_ms))
        if not stream.problem:
            break
        stopped.wait(0.01)
    sender.stop(grace_seconds=120)
    assert receiver.samples == truth(BEGUN, OUTAGE.end_ms)
