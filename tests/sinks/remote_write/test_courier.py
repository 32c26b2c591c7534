"""What becomes of a request: taken, tried again, refused, given up, stopped; asked of a receiver that is told what to
answer."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator
from email.utils import formatdate

import numpy as np
import pytest

from simulator.clock import ManualClock
from simulator.sinks.remote_write.courier import FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, Courier, Fate, Parcel
from simulator.sinks.remote_write.endpoint import Endpoint
from simulator.sinks.remote_write.pace import Pace
from simulator.sinks.remote_write.tally import Counts, Tally
from simulator.wire.remote_write import STALE_NAN, LabelTable, compress, encode_write_request
from tests.sinks.remote_write.receiver import Receiver, Say

LABELS = ((("__name__", "a"),), (("__name__", "b"),))
TABLE = LabelTable(LABELS)
STALE_BITS = 0x7FF0000000000002


def parcel(first_ms: int = 1000) -> Parcel:
    """Two series of two samples; the last of them is a staleness marker."""

    def request(rows: list[int], counts: list[int], times: list[int], values: list[float]) -> bytes:
        arrays = np.array(rows), np.array(counts), np.array(times), np.array([*values[:-1], STALE_NAN])
        return compress(encode_write_request(TABLE, *arrays))

    times = [first_ms, first_ms + 1]
    body = request([0, 1], [2, 2], times * 2, [1.0, 2.0, 3.0, 0.0])
    return Parcel(body, 4, 1, lambda: request([0, 1], [1, 1], [times[1]] * 2, [2.0, 0.0]))


EXPECTED = {
    LABELS[0]: [(1000, int(np.float64(1).view(np.uint64))), (1001, int(np.float64(2).view(np.uint64)))],
    LABELS[1]: [(1000, int(np.float64(3).view(np.uint64))), (1001, STALE_BITS)],
}


class Sender:
    """A courier whose waits pass at once, by its own clock; `waits` are their lengths, the pace's among them."""

    def __init__(self, url: str, *, patience: float = 1000, rate: float | None = None, stop_at: int = 10**6) -> None:
        self.clock = ManualClock(1_000_000)
        self.waits: list[float] = []
        self.said: list[str] = []
        self.tally = Tally(self.clock, self.said.append)
        self._stop_at = stop_at
        self.courier = Courier(
            Endpoint(url),
            self.tally,
            self.clock,
            self._pause,
            pace=Pace(rate, self.clock),
            patience_seconds=patience,
            chance=random.Random(1),
        )

    def _pause(self, seconds: float) -> bool:
        self.clock.advance(round(seconds * 1000))
        if seconds:
            self.waits.append(seconds)
        return len(self.waits) >= self._stop_at


@pytest.fixture(scope="module")
def listening() -> Iterator[Receiver]:
    with Receiver() as one:
        yield one


@pytest.fixture
def receiver(listening: Receiver) -> Receiver:
    listening.begin_anew()
    return listening


def test_a_request_that_is_taken_is_counted_once(receiver: Receiver) -> None:
    sender = Sender(receiver.url)
    with sender.courier:
        assert sender.courier.deliver(parcel()) is Fate.TAKEN
    assert receiver.samples == EXPECTED
    assert sender.tally.counts() == Counts(sent=4, stale=1, requests=1, bytes=len(parcel().body))
    assert (sender.waits, sender.said) == ([], [])
    assert receiver.headers[0]["content-encoding"] == "snappy"
    assert receiver.headers[0]["x-prometheus-remote-write-version"] == "0.1.0"


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_may_pass_is_tried_again_after_growing_pauses_with_jitter(receiver: Receiver, status: int) -> None:
    receiver.script = lambda number: Say(status, "not now") if number < 12 else None
    sender = Sender(receiver.url)
    with sender.courier:
        assert sender.courier.deliver(parcel()) is Fate.TAKEN
    whole = [min(FIRST_PAUSE_SECONDS * 2**n, LONGEST_PAUSE_SECONDS) for n in range(12)]
    assert all(full / 2 <= wait <= full for wait, full in zip(sender.waits, whole, strict=True))
    assert len({wait / full for wait, full in zip(sender.waits, whole, strict=True)}) == 12
    assert sender.tally.counts().retried == 12 * 4
    assert receiver.samples == EXPECTED
    first, last = sender.said
    assert first.startswith(f"{status} ")
    assert first.endswith(": not now; trying again")
    assert last == f"answers again, after {sum(sender.waits):.0f} s"


def test_a_receiver_that_is_not_there_is_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    sender = Sender(f"http://127.0.0.1:{port}/api/v1/write", patience=5)
    with sender.courier:
        assert sender.courier.deliver(parcel()) is Fate.GIVEN_UP
    assert 2.5 <= sum(sender.waits) <= 5
    assert "refused" in sender.said[0]
    assert sender.tally.counts().sent == 0


@pytest.mark.parametrize("asked", [0, 7, 90])
@pytest.mark.parametrize("as_date", [False, True])
def test_retry_after_is_waited_for(receiver: Receiver, asked: int, as_date: bool) -> None:
    sender = Sender(receiver.url)
    header = formatdate(sender.clock.now_ms() / 1000 + asked, usegmt=True) if as_date else str(asked)
    receiver.script = lambda number: Say(429, headers={"Retry-After": header}) if number == 0 else None
    with sender.courier:
        assert sender.courier.deliver(parcel()) is Fate.TAKEN
    if asked:
        (wait,) = sender.waits
        assert asked <= wait <= asked * 1.1
    else:
        assert sender.waits == []


def test_one_who_asks_for_more_patience_than_there_is_is_given_up_at_once(receiver: Receiver) -> None:
    receiver.script = lambda _: Say(503, headers={"Retry-After": "3600"})
    sender = Sender(receiver.url, patience=60)
    with sender.courier:
        assert sender.courier.deliver(parcel()) is Fate.GIVEN_UP
    assert (sender.waits, len(receiver.requests)) == ([], 1)


@pytest.mark.parametrize("status", [301, 400, 401, 404, 413, 422])
def test_what_is_refused_is_not_tried_again_and_told_in_the_servers_words(receiver: Receiver, status: int) -> None:
    receiver.script = lambda number: Say(status, "no such\nluck") if number < 2 else None
    sender = Sender(receiver.url)
    with sender.courier:
        fates = [sender.courier.deliver(parcel(first)) for first in (10, 20, 1000)]
    assert fates == [Fate.REFUSED, Fate.REFUSED, Fate.TAKEN]
    assert len(receiver.requests) == 3
    assert receiver.samples == EXPECTED
    ((reason, count),) = sender.tally.counts().dropped
    assert reason.startswith(f"{status} ")
    assert "no such luck" in reason
    assert (count, sender.said) == (8, [reason])


def test_too_old_a_sample_is_refused_even_where_a_server_says_500(receiver: Receiver) -> None:
    receiver.script = lambda _: Say(500, "too old sample\n")
    sender = Sender(receiver.url)
    with sender.courier:
        assert sender.courier.deliver(parcel()) is Fate.REFUSED
    assert "storage.tsdb.out_of_order_time_window" in sender.said[0]


def test_an_answer_that_was_lost_does_not_make_a_request_count_as_refused(receiver: Receiver) -> None:
    receiver.script = lambda number: Say(502, "bad gateway", keep=True) if number == 0 else None
    sender = Sender(receiver.url)
    with sender.courier:
        assert sender.courier.deliver(parcel()) is Fate.TAKEN
    assert receiver.samples == EXPECTED
    assert (sender.tally.counts().sent, sender.tally.counts().dropped) == (4, ())
    assert [len(samples) for samples in receiver.requests[-1][0][1:]] == [1]  # only the newest was asked about


def test_one_that_may_have_been_sent_by_an_earlier_process_is_asked_about_too(receiver: Receiver) -> None:
    sender = Sender(receiver.url)
    with sender.courier:
        assert sender.courier.deliver(parcel()) is Fate.TAKEN
        assert sender.courier.deliver(parcel(), unsure=True) is Fate.TAKEN
        assert sender.courier.deliver(parcel()) is Fate.REFUSED
        assert sender.courier.deliver(parcel(500), unsure=True) is Fate.REFUSED  # another's samples are newer
    assert receiver.samples == EXPECTED


def test_it_stops_in_a_pause_and_says_so(receiver: Receiver) -> None:
    receiver.script = lambda _: Say(503)
    sender = Sender(receiver.url, stop_at=3)
    with sender.courier:
        assert sender.courier.deliver(parcel()) is Fate.STOPPED
    assert len(receiver.requests) == 3


def test_a_rate_is_kept_to(receiver: Receiver) -> None:
    sender = Sender(receiver.url, rate=2.0)
    with sender.courier:
        for first in (0, 10, 20):
            assert sender.courier.deliver(parcel(first)) is Fate.TAKEN
    assert sender.waits == [2.0, 2.0]


def test_reasons_do_not_grow_without_bound() -> None:
    tally = Tally(ManualClock())
    for number in range(1000):
        tally.dropped(1, f"sample {number}")
    assert len(tally.counts().dropped) == 21
    assert tally.counts().dropped_samples == 1000
