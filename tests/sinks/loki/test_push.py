"""Every line arrives once and in order, whatever the receiver says on the way."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.clock import ManualClock
from simulator.errors import UndeliveredError
from simulator.sinks.delivery import StoppedError
from simulator.sinks.loki.endpoint import endpoint
from simulator.sinks.loki.limits import Limits
from simulator.sinks.loki.push import LokiPush
from simulator.sinks.loki.tally import Totals
from tests.sinks.loki.lines import BEGIN_MS, STREAMS, Line, batch_of, batches, held_of
from tests.sinks.loki.receiver import Receiver, Say, lost_and_doubled, receiving

TOO_OLD = "entry for stream '{}' has timestamp too old: 2026-01-01T00:00:00Z, oldest acceptable timestamp is: …"
PASSING = st.builds(
    Say,
    status=st.sampled_from([429, 500, 502, 503, None]),
    text=st.sampled_from(["", "Per stream rate limit exceeded", "Ingestion rate limit exceeded"]),
    retry_after=st.sampled_from(["", "3", "Mon, 01 Jan 2001 00:00:00 GMT", "soon"]),
    takes=st.none() | st.integers(0, 5),
)
"""Answers that may pass, some of them to requests of which a part was kept, or all."""


def push(receiver: Receiver, parts: list[list[Line]], clock: ManualClock, **more: object) -> tuple[Totals, list[str]]:
    told: list[str] = []

    def pause(seconds: float) -> bool:
        clock.sleep(seconds)
        return False

    options: dict[str, object] = {"tell": told.append, **more}
    limits = options.pop("limits", replace(Limits(), window_ms=1_000))
    with LokiPush(endpoint(receiver.url, {}), STREAMS, limits, clock, pause, **options) as sink:  # type: ignore[arg-type]
        sink.write(batch_of(part) for part in parts)
        return sink.totals(), told


@pytest.mark.parametrize("form", ["protobuf", "json"])
@settings(max_examples=15)
@given(parts=batches(), script=st.lists(PASSING, max_size=6), request_bytes=st.integers(20, 400))
def test_nothing_is_lost_doubled_or_out_of_order(
    form: str, parts: list[list[Line]], script: list[Say], request_bytes: int
) -> None:
    with receiving(Receiver(script=list(script), window_ns=2 * 10**9)) as receiver:
        totals, _ = push(receiver, parts, ManualClock(BEGIN_MS), form=form, request_bytes=request_bytes)
    wanted = held_of(parts)
    assert lost_and_doubled(receiver, wanted) == (0, 0)
    assert receiver.lines() == wanted
    assert receiver.broken == []
    assert all(size <= request_bytes or sum(len(e) for _, e in streams) == 1 for size, streams in receiver.requests)
    assert totals.sent == totals.drawn == sum(map(len, parts))
    assert totals.retried == len(script) - len(receiver.script)
    assert totals.sent_bytes == sum(len(line) for part in parts for _, _, line in part)
    assert sum(totals.by_level.values()) == sum(totals.by_service.values()) == totals.sent


ONE = [[(BEGIN_MS, 0, b"a")], [(BEGIN_MS + 1, 1, b"b")]]


def test_pauses_double_and_retry_after_is_kept_to() -> None:
    clock = ManualClock()
    with receiving(Receiver(script=[Say(503), Say(503), Say(429, retry_after="7")])) as receiver:
        totals, told = push(receiver, ONE, clock)
    assert clock.monotonic() == totals.waited_seconds == 0.5 + 1.0 + 7.0
    assert [line.partition(" answers ")[2] or line.partition("1 ")[2] for line in told][:2] == [
        "503; trying again",
        "429; trying again",
    ]
    assert told[-1].endswith("takes lines again")


@pytest.mark.parametrize(
    ("say", "hint"),
    [
        (Say(400, TOO_OLD), "reject_old_samples_max_age"),
        (Say(400, "entry with timestamp … ignored, reason: 'entry too far behind'"), "--label simulation=NAME"),
        (Say(401, "no org id"), "--loki-tenant"),
        (Say(401, ""), "CRYBSIM_LOKI_TOKEN"),
        (Say(404, "404 page not found"), "port 3100"),
        (Say(429, "Maximum active stream limit exceeded, reduce …"), "max_global_streams_per_user"),
    ],
)
def test_a_refusal_is_one_line_that_says_what_to_set_and_is_not_tried_again(say: Say, hint: str) -> None:
    with (
        receiving(Receiver(script=[say])) as receiver,
        pytest.raises(UndeliveredError, match="refused lines") as caught,
    ):
        push(receiver, ONE, ManualClock())
    assert hint in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(receiver.requests) == 1


def test_where_it_goes_on_refusals_are_counted_and_told_once() -> None:
    parts = [[(BEGIN_MS + n, 0, b"x")] for n in range(4)]
    script = [Say(400, TOO_OLD), Say(400, TOO_OLD), Say(204)]
    with receiving(Receiver(script=script)) as receiver:
        totals, told = push(receiver, parts, ManualClock(), goes_on=True)
    assert (totals.refused, totals.sent, totals.drawn) == (2, 2, 4)
    assert len(told) == 1
    assert "timestamp too old" in told[0]


def test_patience_ends() -> None:
    clock = ManualClock()
    with (
        receiving(Receiver(script=[Say(500, "boom")] * 100)) as receiver,
        pytest.raises(UndeliveredError, match="took nothing for too long: 500 boom"),
    ):
        push(receiver, ONE, clock, patience_seconds=60.0)
    assert clock.monotonic() <= 60.0
    with pytest.raises(UndeliveredError, match="took nothing for too long: ConnectError"):
        push(receiver, ONE, clock, patience_seconds=60.0)


def test_an_end_that_is_wanted_ends_the_waiting() -> None:
    stopping = threading.Event()

    def pause(seconds: float) -> bool:
        stopping.set()
        return True

    with receiving(Receiver(script=[Say(503)] * 3)) as receiver:
        sink = LokiPush(endpoint(receiver.url, {}), STREAMS, Limits(), ManualClock(), pause)
        with sink, pytest.raises(StoppedError):
            sink.write([batch_of(ONE[0])])
    assert sink.totals().sent == 0
    assert stopping.is_set()
    assert len(receiver.requests) == 1


def test_no_secret_is_told() -> None:
    told: list[str] = []
    with receiving(Receiver(script=[Say(503), Say(401, "")])) as receiver:
        where = endpoint(receiver.url, {"CRYBSIM_LOKI_USER": "me", "CRYBSIM_LOKI_PASSWORD": "hunter2"})
        sink = LokiPush(where, STREAMS, Limits(), ManualClock(), lambda _: False, tell=told.append)
        with sink, pytest.raises(UndeliveredError) as caught:
            sink.write([batch_of(ONE[0])])
    assert receiver.headers[0]["authorization"].startswith("Basic ")
    assert "hunter2" not in "".join([*told, str(caught.value)])
    assert "bWU6aHVudGVyMg" not in "".join([*told, str(caught.value)])
