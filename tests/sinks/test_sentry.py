"""Reports arrive as the protocol asks for, each once, and rate limits are kept to by category."""

from __future__ import annotations

import io
import threading
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.clock import ManualClock
from simulator.errors import InputError, UndeliveredError
from simulator.sinks.sentry.dsn import chosen_dsn, parse_dsn
from simulator.sinks.sentry.limits import ERROR, TRANSACTION, RateLimits
from simulator.sinks.sentry.push import Report, SentryPush, Totals
from simulator.streams.errors import ModelErrors
from simulator.telemetry.interval import Interval
from simulator.units import MINUTE
from tests.sinks.sentry_receiver import KEY, Receiver, Say, receiving
from tests.streams.risen import Risen
from tests.streams.runs import fault, run_of

RUN = run_of(fault("http_errors", intensity=0.3))
SPAN = Interval(RUN.started_ms + 10 * MINUTE, RUN.started_ms + 11 * MINUTE)
EVENTS = list(ModelErrors(RUN).events(SPAN))
TRANSACTIONS = list(ModelErrors(RUN).transactions(SPAN))
REPORTS: list[Report] = [*EVENTS[:20], *TRANSACTIONS[:20]]


class Waiting:
    """A pause that moves the clock, for several threads."""

    def __init__(self) -> None:
        self.clock = ManualClock(1_767_614_400_000)
        self.total = 0.0
        self._lock = threading.Lock()

    def __call__(self, seconds: float) -> bool:
        with self._lock:
            self.total += seconds
            self.clock.sleep(seconds)
        return False


def push(receiver: Receiver, reports: list[Report], waiting: Waiting | None = None) -> tuple[Totals, list[str]]:
    told: list[str] = []
    waiting = waiting or Waiting()
    sink = SentryPush(parse_dsn(receiver.dsn), waiting.clock, waiting, tell=told.append, patience_seconds=120)
    try:
        sink.write(reports)
        return sink.totals(), told
    finally:
        sink.close()


def test_as_many_as_the_model_says_each_with_what_it_says() -> None:
    with receiving(Receiver()) as receiver:
        totals, told = push(receiver, [*EVENTS, *TRANSACTIONS])
    assert receiver.broken == []
    assert told == []
    events = receiver.of("event")
    assert totals.sent == {ERROR: len(EVENTS), TRANSACTION: len(TRANSACTIONS)}
    assert sum("exception" in event for event in events) == Risen(RUN, SPAN).total("http_requests_total", code="5") > 50
    assert Counter(event["level"] for event in events) == totals.by_level
    assert {event["event_id"] for event in events} == {event.id for event in EVENTS}
    assert {one["event_id"] for one in receiver.of("transaction")} == {one.id for one in TRANSACTIONS}


@settings(max_examples=10)
@given(st.lists(st.sampled_from([500, 503, None]), max_size=5))
def test_what_passes_is_tried_again_and_nothing_is_doubled(script: list[int | None]) -> None:
    answers = list(script)
    with receiving(Receiver(lambda number, kind: Say(answers.pop()) if answers else Say())) as receiver:
        totals, _ = push(receiver, REPORTS[:15])
    assert totals.retried == len(script)
    assert Counter(payload["event_id"] for _, payload in receiver.items) == Counter(one.id for one in REPORTS[:15])


def test_an_event_that_is_there_already_has_arrived_only_where_it_was_sent_before() -> None:
    known = Say(400, body=b'{"message": "[\'Event already exists\']"}')
    answers = [known, known, Say(None)]
    with receiving(Receiver(lambda number, kind: answers.pop() if answers else Say())) as receiver:
        totals, _ = push(receiver, REPORTS[:1])
        assert (totals.sent, totals.refused, totals.retried) == ({ERROR: 1}, {}, 1)
        totals, _ = push(receiver, REPORTS[:1])
        assert (totals.sent, totals.refused, totals.retried) == ({}, {ERROR: 1}, 0)


def test_a_category_that_is_not_wanted_is_dropped_and_the_other_is_not() -> None:
    """As Bugsink does: with a 200, before any transaction."""
    limit = Say(200, {"X-Sentry-Rate-Limits": "86400:transaction;span:organization"})
    with receiving(Receiver(lambda number, kind: limit)) as receiver:
        push(receiver, REPORTS[:1])
        totals, told = push(receiver, [*REPORTS[:1], *TRANSACTIONS[:9], *REPORTS[1:9]])
    assert totals.sent[ERROR] == 9
    assert totals.sent.get(TRANSACTION, 0) + totals.limited[TRANSACTION] == 9
    assert totals.limited[TRANSACTION] >= 9 - 4  # as many as may be on their way when the first answer comes
    assert len(told) == 1
    assert "does not want any transaction" in told[0]
    assert totals.drawn(ERROR) == totals.drawn(TRANSACTION) == 9


@pytest.mark.parametrize("headers", [{"Retry-After": "30"}, {"X-Sentry-Rate-Limits": "30::key"}, {}])
def test_a_429_is_kept_to_for_as_long_as_it_says(headers: dict[str, str]) -> None:
    answers = [Say(429, headers)]
    waiting = Waiting()
    with receiving(Receiver(lambda number, kind: answers.pop() if answers else Say())) as receiver:
        sink = SentryPush(parse_dsn(receiver.dsn), waiting.clock, waiting)
        sink.write(REPORTS[:1])
        sink.write(REPORTS[1:9])
        assert receiver.requests == 1
        waiting.clock.advance(30_001 if headers else 60_001)
        sink.write(REPORTS[9:12])
        sink.close()
    assert sink.totals().limited == {ERROR: 9}
    assert sink.totals().sent == {ERROR: 3}
    assert waiting.total == 0  # nothing waits for the end of a limit


@pytest.mark.parametrize(
    ("header", "error", "transaction"),
    [
        ("60:error:organization:quota", 60, 0),
        ("60:error;transaction:key, 2700:transaction:organization", 60, 2700),
        ("10::organization", 10, 10),
        ("10", 10, 10),
        ("soon:error:key, 5:transaction:key:reason:namespace", 0, 5),
        ("60:attachment;session:key", 0, 0),
        ("", 0, 0),
    ],
)
def test_limits_by_category(header: str, error: int, transaction: int) -> None:
    limits = RateLimits(ManualClock())
    limits.read(200, {"x-sentry-rate-limits": header})
    assert (limits.seconds(ERROR), limits.seconds(TRANSACTION)) == (error, transaction)


def test_refusals_are_counted_and_told_once_without_the_key() -> None:
    with receiving(Receiver(lambda number, kind: Say(403))) as receiver:
        totals, told = push(receiver, REPORTS[:5])
    assert totals.refused == {ERROR: 5}
    assert len(told) == 1
    assert "the DSN is wrong" in told[0]
    assert KEY not in told[0]
    with pytest.raises(UndeliveredError, match="took nothing for too long") as caught:
        push(receiver, REPORTS[:1])
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "url", "path"),
    [
        (f"http://{KEY}@127.0.0.1:8000/1", "http://127.0.0.1:8000", "/api/1/envelope/"),
        (f"https://{KEY}:secret@localhost/sentry/12", "https://localhost/sentry", "/api/12/envelope/"),
        (f" http://{KEY}@[::1]/3\n", "http://[::1]", "/api/3/envelope/"),
    ],
)
def test_dsns(text: str, url: str, path: str) -> None:
    dsn = parse_dsn(text)
    assert (dsn.url, dsn.path, dsn.key) == (url, path, KEY)
    assert KEY not in repr(dsn)


@pytest.mark.parametrize(
    "text",
    ["", "http://localhost/1", f"http://{KEY}@localhost", f"ftp://{KEY}@localhost/1", f"http://{KEY}@/1", "http://["],
)
def test_other_texts_are_no_dsns_and_are_not_repeated(text: str) -> None:
    with pytest.raises(InputError, match="that is no DSN") as caught:
        parse_dsn(text)
    assert KEY not in str(caught.value)


def test_hosts_have_to_be_allowed() -> None:
    with pytest.raises(InputError, match="allowed_hosts"):
        parse_dsn(f"https://{KEY}@sentry.example.org/1")
    assert parse_dsn(f"https://{KEY}@sentry.example.org/1", ["sentry.example.org"]).project == "1"


def test_a_dsn_comes_from_the_environment_from_standard_input_or_as_it_is() -> None:
    environment = {"SENTRY_DSN": "http://a@localhost/1"}
    assert chosen_dsn("SENTRY_DSN", environment, io.StringIO()) == environment["SENTRY_DSN"]
    assert chosen_dsn("-", {}, io.StringIO("http://b@localhost/1\n")) == "http://b@localhost/1"
    assert chosen_dsn("http://c@localhost/1", {}, io.StringIO()) == "http://c@localhost/1"
    with pytest.raises(InputError, match="no SENTRY_DNS; did you mean 'SENTRY_DSN'"):
        chosen_dsn("SENTRY_DNS", environment, io.StringIO())
    for nothing in ("-", "not a name", ""):
        with pytest.raises(InputError, match="--sentry"):
            chosen_dsn(nothing, {}, io.StringIO())
