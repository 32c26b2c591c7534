"""A history by remote write: every sample once and in order, whatever the receiver does and wherever it was stopped."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.clock import WallClock
from simulator.errors import InputError, UndeliveredError
from simulator.rehearsal.history.history import History
from simulator.rehearsal.history.scrapes import PlainRelabelling, Scraper, Target
from simulator.rehearsal.remote.history import REFUSALS_BEFORE_THE_END, Delivered, HistoryWriter, Progress, Sending
from simulator.rehearsal.remote.plan import LONGEST_SLICE_MS, SERIES_PER_REQUEST, SLICES_ABREAST, plan_of
from simulator.rehearsal.remote.position import Begun, Position, remembered
from simulator.sinks.remote_write.endpoint import Endpoint
from simulator.streams.shards import Shard
from simulator.telemetry.interval import Interval
from simulator.telemetry.samples import Labels
from simulator.units import HOUR, MINUTE
from simulator.wire.tsdb.chunks import STALE_NAN
from tests.rehearsal.history.test_backfill import expected
from tests.rehearsal.toy_platform import START, Toy, manifest
from tests.sinks.remote_write.receiver import Receiver, Say

PLAIN = PlainRelabelling()


def history_of(source: Toy, length: int, full: int, shard: Shard | None = None) -> History:
    """Up to START; the last `full` milliseconds with every scrape."""
    run = manifest()
    return History(
        manifest=run,
        span=Interval(START - length, START),
        full_from_ms=START - full,
        old_step_ms=MINUTE,
        targets=Scraper(source, PLAIN, run.seed).targets(),
        relabelling=PLAIN.identity,
        **({"shard": shard} if shard else {}),
    )


SMALL = history_of(Toy(), HOUR, 20 * MINUTE)
WIDE = Toy(series=800)
"""2,400 series and those of the scrapes: more than one group."""


def writer(receiver: Receiver, history: History = SMALL, source: Toy | None = None, **how: Any) -> HistoryWriter:
    sending = Sending(Endpoint(receiver.url), **{"senders": 3, **how})
    return HistoryWriter(history, sending, WallClock(), source=lambda: source or Toy(), relabelling=PLAIN, workers=2)


def assert_all_is_there(receiver: Receiver, history: History, source: Toy, done: Delivered) -> None:
    truth = expected(history, source)
    assert receiver.samples == truth
    bits = [value for samples in truth.values() for _, value in samples]
    assert done.sent == len(bits)
    assert done.dropped == 0
    if not done.sent_before:
        assert done.counts.generated == done.counts.sent
        assert done.counts.stale == bits.count(STALE_NAN) > 0


def test_every_sample_arrives_once_and_the_totals_are_the_models(tmp_path: Path) -> None:
    history = history_of(WIDE, 12 * MINUTE, 6 * MINUTE)
    seen: list[Progress] = []
    with Receiver() as receiver:
        sender = writer(receiver, history, WIDE)
        assert len(sender.plan.groups) == 2
        done = sender.write(tmp_path, "it", seen.append)
        assert_all_is_there(receiver, history, WIDE, done)
        assert all(len(request) <= SERIES_PER_REQUEST for request in receiver.requests)
    assert seen[-1].samples == done.sent
    assert done.series == sender.series == 3 * (800 + 2 + 5)
    assert remembered(tmp_path) is None


def _says(seed: int, share: float) -> Callable[[int], Say | None]:
    """In so many cases: busy, broken, or an answer that was lost."""

    def script(number: int) -> Say | None:
        chance = random.Random(seed * 100_003 + number)
        if chance.random() > share:
            return None
        return chance.choice(
            [
                Say(429, "busy", {"Retry-After": "0"}),
                Say(500, "broken", {"Retry-After": "0"}),
                Say(502, "lost", {"Retry-After": "0"}, keep=True),
            ]
        )

    return script


@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_lost_or_sent_twice_where_a_receiver_is_busy_broken_or_loses_answers(
    tmp_path: Path, seed: int
) -> None:
    with Receiver(_says(seed, 0.5)) as receiver:
        done = writer(receiver).write(tmp_path, "it")
        assert_all_is_there(receiver, SMALL, Toy(), done)
    assert done.counts.retried > 0


@pytest.mark.parametrize("seed", range(2))
def test_one_that_was_stopped_anywhere_goes_on_from_there(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    history = history_of(WIDE, 40 * MINUTE, 5 * MINUTE)
    with Receiver(_says(seed, 0.2)) as receiver:
        runs = sent_before = 0
        while True:
            runs += 1
            left = chance.randint(1, 3)

            def stop(_: Progress) -> None:
                nonlocal left
                left -= 1
                if not left:
                    raise KeyboardInterrupt

            sender = writer(receiver, history, WIDE, senders=chance.randint(1, 3))
            try:
                done = sender.write(tmp_path, "it", stop if runs < 6 else lambda _: None)
            except KeyboardInterrupt:
                sent_before += sender.tally.counts().sent
                position = Position.open(tmp_path, Begun(sender.plan.identity, "it", START), len(sender.plan.groups))
                assert position.sent == sent_before
                position.close()
                continue
            break
        assert runs > 1
        assert done.sent_before == sent_before
        assert_all_is_there(receiver, history, WIDE, done)


def test_a_request_that_was_taken_but_not_noted_down_is_not_refused_when_it_goes_on(tmp_path: Path) -> None:
    with Receiver() as receiver:
        with pytest.raises(KeyboardInterrupt):
            writer(receiver, senders=1).write(tmp_path, "it", _interrupt)
        receiver.samples = dict(receiver.samples)
        raw = (tmp_path / "position").read_bytes()
        table = np.frombuffer(raw[4096:], dtype=np.int64).copy()
        requests = [sum(len(samples) for _, samples in request) for request in receiver.requests[: table[0]]]
        assert (table[0] > 1, table[1]) == (True, sum(requests))
        table[:2] -= (1, requests[-1])  # what kill -9 leaves between the answer and the line
        (tmp_path / "position").write_bytes(raw[:4096] + table.tobytes())
        done = writer(receiver).write(tmp_path, "it")
        assert_all_is_there(receiver, SMALL, Toy(), done)


def _interrupt(now: Progress) -> None:
    if now.counts.requests > 1:
        raise KeyboardInterrupt


def test_another_history_does_not_go_on_with_this_ones_position(tmp_path: Path) -> None:
    with Receiver() as receiver:
        with pytest.raises(KeyboardInterrupt):
            writer(receiver).write(tmp_path, "it", _interrupt)
        assert remembered(tmp_path) == Begun(writer(receiver).plan.identity, "it", START)
    other = replace(SMALL, span=Interval(SMALL.span.start_ms + MINUTE, START))
    with Receiver() as receiver:
        done = writer(receiver, other).write(tmp_path, "other")
        assert done.sent_before == 0
        assert_all_is_there(receiver, other, Toy(), done)


def test_one_who_refuses_everything_is_left_alone_soon(tmp_path: Path) -> None:
    with Receiver(lambda _: Say(400, "out of bounds")) as receiver:
        sender = writer(receiver, history_of(Toy(), 2 * HOUR, 2 * HOUR))
        with pytest.raises(UndeliveredError, match=f"the last {REFUSALS_BEFORE_THE_END} requests were refused"):
            sender.write(tmp_path, "it")
        assert len(receiver.requests) < 2 * REFUSALS_BEFORE_THE_END
    assert "storage.tsdb.out_of_order_time_window" in sender.last_words
    assert sender.tally.counts().sent == 0


def test_what_is_refused_now_and_then_is_counted_and_the_rest_is_sent(tmp_path: Path) -> None:
    with Receiver(lambda number: Say(422, "not these") if number % 3 == 1 else None) as receiver:
        done = writer(receiver, senders=1).write(tmp_path, "it")
        refused = [request for number, request in enumerate(receiver.requests) if number % 3 == 1]
        assert sum(map(len, receiver.samples.values())) == done.sent
    assert done.dropped == sum(len(samples) for request in refused for _, samples in request) > 0
    assert done.counts.waiting == 0


def test_patience_ends(tmp_path: Path) -> None:
    with Receiver(lambda _: Say(503, "away")) as receiver:
        sender = writer(receiver, patience_seconds=0.2)
        with pytest.raises(UndeliveredError, match=r"nothing was taken for 0\.2 s"):
            sender.write(tmp_path, "it")
    assert sender.last_words == "503 Service Unavailable: away"


def test_shards_together_are_the_whole(tmp_path: Path) -> None:
    with Receiver() as receiver:
        for number in (1, 2, 3):
            folder = tmp_path / str(number)
            folder.mkdir()
            writer(receiver, history_of(Toy(), HOUR, 20 * MINUTE, Shard(number, 3))).write(folder, "it")
        assert receiver.samples == expected(SMALL, Toy())


def test_a_shard_without_series_is_the_users_mistake() -> None:
    series = [labels for target in SMALL.targets for labels in _series(target)]
    empty = next(shard for n in range(1, 1000) if not any(map((shard := Shard(n, 999)).holds_stored, series)))
    with pytest.raises(InputError, match=f"shard {empty} has none of the series; take fewer shards"):
        HistoryWriter(
            replace(SMALL, shard=empty),
            Sending(Endpoint("http://127.0.0.1:9/")),
            WallClock(),
            source=Toy,
            relabelling=PLAIN,
        )


def _series(target: Target) -> tuple[Labels, ...]:
    return Scraper(Toy(), PLAIN, 1).scrape(target, np.array([START]), np.array([], dtype=np.int64)).series


@settings(max_examples=30)
@given(
    sizes=st.lists(st.integers(0, 3 * SERIES_PER_REQUEST), min_size=3, max_size=3).filter(any),
    length=st.integers(1, 6 * HOUR),
    full=st.integers(0, 6 * HOUR),
    old_step=st.integers(1, 30 * MINUTE),
)
def test_a_plan_has_every_row_of_every_instant_once(sizes: list[int], length: int, full: int, old_step: int) -> None:
    history = replace(history_of(Toy(), length, full), old_step_ms=old_step)
    series = [tuple(_labels(target, row) for row in range(size)) for target, size in enumerate(sizes)]
    plan = plan_of(history, series)
    rows = [(part.target, row) for group in plan.groups for part in group.parts for row in range(part.first, part.end)]
    assert rows == [(target, row) for target, size in enumerate(sizes) for row in range(size)]
    assert all(0 < len(group.table) <= SERIES_PER_REQUEST for group in plan.groups)
    edges = [one.start_ms for one in plan.slices] + [plan.slices[-1].end_ms]
    assert (edges[0], edges[-1]) == (history.span.start_ms, history.span.end_ms)
    assert all(one.end_ms == after for one, after in zip(plan.slices, edges[1:], strict=True))
    assert max(one.length_ms for one in plan.slices) <= LONGEST_SLICE_MS < HOUR // SLICES_ABREAST


def _labels(target: int, row: int) -> Labels:
    return (("__name__", "x"), ("row", str(row)), ("target", str(target)))
