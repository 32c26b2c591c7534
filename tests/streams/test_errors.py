"""Reports to Sentry are the events that counters count and log lines tell of."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.catalog.exceptions import FAILURES
from simulator.profile.manifest import Manifest
from simulator.streams.errors import ModelErrors
from simulator.streams.logs import ModelLogs
from simulator.telemetry.errors import ErrorEvent
from simulator.telemetry.interval import Interval
from simulator.units import MINUTE
from tests.streams.risen import Risen
from tests.streams.runs import UNSHRUNK, fault, run_of, runs

BROKEN = run_of(fault("http_errors", intensity=0.4), size="default")
SPAN = Interval(BROKEN.started_ms + 10 * MINUTE, BROKEN.started_ms + 20 * MINUTE)
EVENTS = list(ModelErrors(BROKEN).events(SPAN))
EXCEPTIONS = [event for event in EVENTS if event.exception]


@settings(UNSHRUNK, max_examples=4)
@given(runs(), st.integers(-10 * MINUTE, 50 * MINUTE), st.integers(1, 10 * MINUTE))
def test_exceptions_are_as_many_as_failed_requests(run: Manifest, first: int, length: int) -> None:
    span = Interval(run.started_ms + first, run.started_ms + first + length)
    events = list(ModelErrors(run).events(span))
    risen = Risen(run, span)
    assert sum(event.exception is not None for event in events) == risen.total("http_requests_total", code="5")
    texts = Counter(event.message for event in events)
    assert texts["Authentication failure"] == risen.total("cryb_auth_failures_total", method="password")
    assert texts["New user registration"] == risen.total("cryb_user_registrations_total")
    assert [event.at_ms for event in events] == sorted(event.at_ms for event in events)


def test_an_exception_names_what_its_log_line_names() -> None:
    lines = [json.loads(entry.line) for entry in ModelLogs(BROKEN, services=["api"]).entries(SPAN)]
    failed = {line["trace_id"]: line for line in lines if "stack" in line.get("error", {})}
    assert len(EXCEPTIONS) == len(failed) > 1000
    for event in EXCEPTIONS:
        line = failed[event.trace.trace_id]
        assert event.exception is not None
        assert event.request is not None
        assert (event.exception.type, event.exception.value) == (line["error"]["name"], line["error"]["message"])
        assert event.exception.frames[0].function in line["error"]["stack"]
        assert (event.request.id, event.trace.span_id) == (line["reqId"], line["span_id"])
        assert dict(event.tags)["status_code"] == str(line["error"]["statusCode"])


def test_groups_follow_zipf_s_law() -> None:
    counts = Counter(event.exception.value for event in EXCEPTIONS if event.exception)
    observed = np.array([counts[group.message] for group in FAILURES], dtype=float)
    expected = (np.arange(len(FAILURES)) + 1.0) ** -1.1
    assert observed / observed.sum() == pytest.approx(expected / expected.sum(), abs=0.03)


def test_an_event_carries_what_the_contract_asks_for() -> None:
    assert len({event.id for event in EVENTS}) == len(EVENTS)
    for event in EVENTS:
        assert event.origin.release.startswith("cryb-api@1.")
        tags = dict(event.tags)
        assert (tags["service"], tags["component"], tags["team"]) == (
            "cryb-api",
            "api-server",
            "platform-engineering",
        )
        assert tags["version"] == event.origin.release.removeprefix("cryb-api@")
        assert event.user is not None
        assert event.user.email.startswith(event.user.username)
        assert len(event.trace.trace_id) == len(event.id) == 32
        if event.exception:
            assert {"endpoint", "method", "status_code"} <= tags.keys()
            times = [crumb.at_ms for crumb in event.breadcrumbs]
            assert times == sorted(times)
            assert times[-1] <= event.at_ms
            assert {crumb.category for crumb in event.breadcrumbs} <= {"user.action", "database", "http"}
        else:
            assert {"ip", "userAgent"} <= dict(event.extra).keys()


def test_nothing_outside_a_fault_changes() -> None:
    calm = ModelErrors(run_of(size="default"))
    later = Interval(BROKEN.started_ms + 21 * MINUTE, BROKEN.started_ms + 26 * MINUTE)
    assert list(calm.transactions(later)) == list(ModelErrors(BROKEN).transactions(later))


def test_one_transaction_in_ten_is_sampled_and_all_of_them_elsewhere() -> None:
    risen = Risen(BROKEN, SPAN)
    unsent = risen.total("http_requests_total", route="/health") + risen.total("http_requests_total", route="/metrics")
    requests = risen.total("http_requests_total") - unsent
    sampled = list(ModelErrors(BROKEN).transactions(SPAN))
    assert len(sampled) == pytest.approx(requests / 10, abs=4 * np.sqrt(requests * 0.09))
    everything = list(ModelErrors(BROKEN, environment="staging").transactions(SPAN))
    assert len(everything) == requests
    assert {one.id for one in sampled} <= {one.id for one in everything}
    assert {dict(one.tags)["environment"] for one in everything} == {"staging"}


def test_spans_lie_inside_their_transaction_one_after_the_other() -> None:
    line = {
        read["trace_id"]: read
        for read in (json.loads(entry.line) for entry in ModelLogs(BROKEN, services=["api"]).entries(SPAN))
        if read["msg"] == "request completed"
    }
    for one in ModelErrors(BROKEN).transactions(SPAN):
        edges = [one.start_us, *(at for span in one.spans for at in (span.start_us, span.end_us)), one.end_us]
        assert edges == sorted(edges)
        assert one.end_us - one.start_us == round(line[one.trace.trace_id]["duration"] * 1000)
        assert len({span.id for span in one.spans}) == len(one.spans) >= 3


def test_a_deploy_brings_the_next_release() -> None:
    run = run_of(fault("deploy", "10m", "10m"), size="default")
    half = [Interval(run.started_ms + first * MINUTE, run.started_ms + (first + 5) * MINUTE) for first in (0, 40)]
    found = [{one.origin.release for one in ModelErrors(run).transactions(span)} for span in half]
    assert found == [{"cryb-api@1.42.0"}, {"cryb-api@1.43.0"}]


def test_in_a_live_run_the_api_reports_for_itself() -> None:
    live = run_of(fault("http_errors"), mode="live")
    found: list[ErrorEvent] = list(ModelErrors(live).events(Interval(live.started_ms, live.started_ms + 20 * MINUTE)))
    assert found == []
