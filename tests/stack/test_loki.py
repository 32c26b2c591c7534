"""A real Loki takes what we push, holds every line once, and answers the guide's queries with the model's counts."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from simulator.clock import WallClock
from simulator.errors import UndeliveredError
from simulator.sinks.loki.endpoint import endpoint
from simulator.sinks.loki.limits import Limits
from simulator.sinks.loki.push import LokiPush
from simulator.sinks.loki.tally import Totals
from simulator.streams.logs import ModelLogs
from simulator.telemetry.interval import Interval
from simulator.telemetry.samples import Labels, labels_of
from simulator.units import DAY, HOUR, MINUTE
from tests.stack.loki import query, running_loki
from tests.streams.risen import Risen
from tests.streams.runs import fault, run_of

pytestmark = [pytest.mark.stack, pytest.mark.slow]


def push(url: str, logs: ModelLogs, span: Interval, limits: Limits, form: str, simulation: str) -> Totals:
    streams: list[Labels] = [labels_of({**dict(labels), "simulation": simulation}) for labels in logs.streams]
    clock = WallClock()

    def pause(seconds: float) -> bool:
        clock.sleep(seconds)
        return False

    with LokiPush(endpoint(url, {}), streams, limits, clock, pause, form=form) as sink:
        sink.write(logs.batches(span))
        return sink.totals()


def test_lines_and_the_guides_queries(tmp_path: Path) -> None:
    begin = WallClock().now_ms() // HOUR * HOUR - 2 * HOUR
    run = run_of(fault("http_errors", intensity=0.2), fault("database_slow", intensity=0.5), peak="10/s")
    run = run.model_copy(update={"started_ms": begin})
    logs = ModelLogs(run)
    span = Interval(begin + 10 * MINUTE, begin + 14 * MINUTE)
    risen = Risen(run, span)
    with running_loki(tmp_path, reject_old_samples_max_age="24h") as url:
        limits = endpoint(url, {}).limits()
        assert limits.known
        assert limits.oldest_ms == 24 * HOUR
        for form in ("protobuf", "json"):
            totals = push(url, logs, span, limits, form, form)
            assert totals.sent == totals.drawn

            def count(selector: str, pipeline: str = "", by: str = "", form: str = form) -> dict[str, int]:
                lines = f'count_over_time({{{selector},simulation="{form}"}} {pipeline} [4m])'
                found = query(url, f"sum by ({by}) ({lines})", span.end_ms)
                return {dict(labels).get(by, "none"): number for labels, number in found.items()}

            assert count('environment="production"', by="level") == totals.by_level
            assert count('environment="production"', by="service") == totals.by_service
            failed = risen.total("http_requests_total", code="4") + risen.total("http_requests_total", code="5")
            assert count('level="error"', '|= "" | json')["none"] == totals.by_level["error"]
            assert count('service="api"', "| json | status >= 400") == {"none": failed}
            slow = count('service="postgresql"', '|= "slow query" | json')
            assert slow == {"none": risen.total("cryb_db_slow_queries_total")}
            auth = count('service="auth"', '|= "failed" | json')
            assert auth == {"none": risen.total("cryb_auth_failures_total")}


def test_what_is_sent_twice_is_held_once_from_when_it_is_stored(tmp_path: Path) -> None:
    """Loki knows an entry again that it has; in a chunk that is not stored yet only near its end, and never across the
    end of a block (256 KiB). A month ago."""
    begin = WallClock().now_ms() // HOUR * HOUR - 29 * DAY
    logs = ModelLogs(run_of(peak="20/s").model_copy(update={"started_ms": begin}))
    span = Interval(begin, begin + 2 * MINUTE)
    with running_loki(tmp_path, reject_old_samples=False) as url:
        limits = endpoint(url, {}).limits()
        totals = push(url, logs, span, limits, "protobuf", "x")
        assert push(url, logs, span, limits, "protobuf", "x").sent == totals.sent
        assert httpx.post(f"{url}/flush", timeout=60).is_success
        deadline = time.monotonic() + 120
        while True:
            found = query(url, 'sum (count_over_time({simulation="x"}[2m]))', span.end_ms)
            blocks = totals.sent_bytes // (256 * 1024) + totals.streams
            if totals.sent <= found.get((), 0) <= totals.sent + blocks:
                break
            assert time.monotonic() < deadline, (found, totals.sent)
            time.sleep(0.5)


def test_refusals_say_what_to_set(tmp_path: Path) -> None:
    begin = WallClock().now_ms() // HOUR * HOUR - 6 * HOUR
    run = run_of().model_copy(update={"started_ms": begin})
    logs = ModelLogs(run)
    old, newer = (Interval(begin + start * HOUR, begin + start * HOUR + MINUTE) for start in (0, 4))
    with running_loki(tmp_path, reject_old_samples_max_age="5h", max_global_streams_per_user=45) as url:
        limits = endpoint(url, {}).limits()
        assert "reject_old_samples_max_age" in limits.problems(logs.streams[:1], old, WallClock().now_ms())[0]
        with pytest.raises(
            UndeliveredError, match=r"timestamp too old.*; set limits_config\.reject_old_samples_max_age"
        ):
            push(url, logs, old, replace(limits, known=False), "protobuf", "x")
        push(url, logs, newer, limits, "protobuf", "x")
        behind = Interval(newer.start_ms - 2 * HOUR, newer.start_ms - 2 * HOUR + MINUTE)
        with pytest.raises(UndeliveredError, match=r"too far behind.*; it has lines of these streams that are newer"):
            push(url, logs, behind, limits, "protobuf", "x")
        with pytest.raises(UndeliveredError, match=r"active stream limit.*; raise limits_config\.max_global_streams"):
            push(url, logs, newer, limits, "json", "y")
