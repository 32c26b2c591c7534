"""Reports in a real Bugsink: they arrive, belong to the issues that the model says, and carry what they should."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from pathlib import Path

import pytest

from simulator.clock import WallClock
from simulator.sinks.sentry.dsn import parse_dsn
from simulator.sinks.sentry.limits import ERROR, TRANSACTION
from simulator.sinks.sentry.push import SentryPush, Totals
from simulator.streams.errors import ModelErrors
from simulator.telemetry.errors import ErrorEvent
from simulator.telemetry.interval import Interval
from simulator.units import HOUR, MINUTE
from tests.accept.bugsink import Bugsink, running_bugsink
from tests.streams.runs import fault, run_of

pytestmark = [pytest.mark.accept, pytest.mark.slow, pytest.mark.timeout(1800)]

_EVENTS = 150


def _send(bugsink: Bugsink, reports: list[ErrorEvent], errors: ModelErrors, span: Interval) -> tuple[Totals, list[str]]:
    """Events, with a few transactions after the first."""
    told: list[str] = []
    clock = WallClock()

    def pause(seconds: float) -> bool:
        clock.sleep(seconds)
        return False

    sink = SentryPush(parse_dsn(bugsink.dsn), clock, pause, tell=told.append)
    try:
        sink.write(reports[:1])
        sink.write([*islice(errors.transactions(span), 20), *reports[1:]])
    finally:
        sink.close()
    return sink.totals(), told


def test_what_arrives_is_what_the_model_reported(tmp_path: Path) -> None:
    begin = WallClock().now_ms() // HOUR * HOUR - HOUR
    run = run_of(fault("http_errors", "10m", "40m", intensity=0.3), fault("deploy", "15m", "5m"), size="default")
    run = run.model_copy(update={"started_ms": begin})
    errors = ModelErrors(run)
    span = Interval(begin + 12 * MINUTE, begin + 40 * MINUTE)
    every = list(errors.events(span))
    reports = every[:: max(len(every) // _EVENTS, 1)]
    with running_bugsink(tmp_path) as bugsink:
        totals, told = _send(bugsink, reports, errors, span)
        held, releases = bugsink.events(), bugsink.releases()

    # as many as were reported, none of the transactions, which Bugsink does not want and says so
    assert totals.sent == {ERROR: len(reports)}
    assert totals.limited == {TRANSACTION: 20}
    assert sum("does not want any transaction" in line for line in told) == 1
    by_id = {one["id"]: one for one in held}
    assert sorted(by_id) == sorted(report.id for report in reports)
    assert len(held) == len(reports) >= 150

    # grouped as the model groups: by the exception's type and text, or by the message
    groups = {
        report.id: (report.exception.type, report.exception.value) if report.exception else ("", report.message)
        for report in reports
    }
    issues: dict[str, set[tuple[str, str]]] = {}
    for one in held:
        issues.setdefault(one["issue"], set()).add(groups[one["id"]])
    assert all(len(found) == 1 for found in issues.values())
    assert len(issues) == len(set(groups.values())) > 8
    assert Counter(groups.values()) == Counter((one["type"].replace("Log Message", ""), one["value"]) for one in held)

    # with release, environment, user, tags
    assert releases == sorted({report.origin.release for report in reports})
    assert len(releases) == 2
    for report in reports:
        one = by_id[report.id]
        assert one["level"] == report.level
        assert (one["data"]["release"], one["data"]["environment"]) == (
            report.origin.release,
            report.origin.environment,
        )
        assert one["data"]["server_name"] == report.origin.server_name
        assert report.user is not None
        assert one["data"]["user"]["email"] == report.user.email
        assert dict(report.tags).items() <= one["tags"].items()
        assert one["tags"]["user.id"] == report.user.id
        assert one["tags"]["trace"] == report.trace.trace_id
        if report.exception:
            assert len(one["data"]["exception"]["values"][0]["stacktrace"]["frames"]) == len(report.exception.frames)


def test_a_quota_is_kept_to(tmp_path: Path) -> None:
    """Beyond its quota a Bugsink says 429; what follows is dropped and counted, as by an SDK. It has also said 200 to
    what was on its way just then, and thrown it away."""
    begin = WallClock().now_ms() // HOUR * HOUR - HOUR
    run = run_of(fault("http_errors", intensity=0.5)).model_copy(update={"started_ms": begin})
    errors = ModelErrors(run)
    span = Interval(begin + 12 * MINUTE, begin + 14 * MINUTE)
    reports = list(errors.events(span))[:60]
    with running_bugsink(tmp_path, quota=20) as bugsink:
        totals, told = _send(bugsink, reports, errors, span)
        held = bugsink.events()
    assert len(held) == 20 <= totals.sent[ERROR] <= 30
    assert totals.drawn(ERROR) == len(reports) == 60
    assert any("does not want any error" in line for line in told)
