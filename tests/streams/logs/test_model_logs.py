"""Log lines are the events that counters count: as many, at the same time, alone or among others."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.catalog.routes import ROUTES
from simulator.profile.manifest import Manifest
from simulator.streams.logs import ModelLogs
from simulator.streams.logs.sources import SOURCES
from simulator.streams.samples import ModelSamples
from simulator.streams.shards import Shard
from simulator.telemetry.interval import Interval
from simulator.telemetry.logs import LogEntry
from simulator.units import HOUR, MINUTE
from tests.streams.risen import Risen
from tests.streams.runs import UNSHRUNK, fault, run_of, runs

PATTERNS = sorted(
    ((re.compile(re.sub(r":\w+", "[^/]+", route.path)), route.path) for route in ROUTES),
    key=lambda known: known[1].count(":"),  # /users/me before /users/:userId
)
ACCESS = re.compile(
    rb'[\d.]+ - - \[[^\]]+\] "(\w+) ([^ ?]+)\S* HTTP/1.1" (\d{3}) \d+ "[^"]*" "[^"]*" "-" rt=\d+\.\d{3} '
)


def route_of(url: str) -> str:
    path = url.partition("?")[0]
    return next(route for pattern, route in PATTERNS if pattern.fullmatch(path))


def interval(run: Manifest, first: int, last: int) -> Interval:
    """From and to milliseconds of the run."""
    return Interval(run.started_ms + first, run.started_ms + last)


def of(service: str, entries: Iterable[LogEntry]) -> list[LogEntry]:
    return [entry for entry in entries if dict(entry.labels)["service"] == service]


@settings(UNSHRUNK, max_examples=5)
@given(runs(), st.integers(-HOUR, HOUR), st.integers(1, 8 * MINUTE))
def test_lines_are_as_many_as_the_counters_rise_by(run: Manifest, first: int, length: int) -> None:
    span = interval(run, first, first + length)
    entries = list(ModelLogs(run).entries(span))
    assert all(entry.at_ms in span for entry in entries)
    risen = Risen(run, span)
    requests = risen.by("http_requests_total", "method", "route", "code")

    api = [(dict(entry.labels), json.loads(entry.line)) for entry in of("api", entries)]
    completed = [(labels, line) for labels, line in api if line["msg"] == "request completed"]
    assert requests == Counter(
        (line["method"], route_of(line["req"]["url"]), str(line["status"])) for _, line in completed
    )
    for labels, line in completed:
        assert labels["status"] == str(line["status"]) == str(line["res"]["statusCode"])
        assert (
            labels["level"]
            == line["level"]
            == ("error" if line["status"] >= 500 else "warn" if line["status"] >= 400 else "info")
        )
    failures = sum(count for (_, _, code), count in requests.items() if code >= "500")
    assert failures == sum("stack" in line.get("error", {}) for _, line in api)

    nginx = [ACCESS.match(entry.line) for entry in of("nginx", entries)]
    assert requests == Counter((m[1].decode(), route_of(m[2].decode()), m[3].decode()) for m in nginx if m)

    slow = [json.loads(entry.line) for entry in of("postgresql", entries) if b"slow query" in entry.line]
    counted = risen.by("cryb_db_slow_queries_total", "operation", "table")
    assert sum(counted.values()) == len(slow)
    assert all(line["duration_ms"] > 1000 for line in slow)
    deadlocks = risen.by("pg_stat_database_deadlocks", job="postgresql")
    assert sum(deadlocks.values()) == sum(b"deadlock detected" in entry.line for entry in entries)

    refused = risen.by("cryb_db_errors_total", "error_type")
    texts = {"connection": b"too many clients", "timeout": b"statement timeout", "constraint": b"violates"}
    for kind, text in texts.items():
        assert refused[(kind,)] == sum(text in entry.line for entry in of("postgresql", entries)), kind

    auth = [json.loads(entry.line) for entry in of("auth", entries)]
    failed = Counter((line["reason"],) for line in auth if line.get("success") is False)
    assert failed == risen.by("cryb_auth_failures_total", "reason")
    incidents = Counter((line["attack_type"], line["severity"]) for line in auth if "attack_type" in line)
    assert incidents == risen.by("cryb_security_incidents_total", "type", "severity")
    jobs = risen.by("queue_jobs_total", "queue", "state")
    workers = Counter(
        (w["queue"], w["msg"].removeprefix("job ")) for w in (json.loads(e.line) for e in of("workers", entries))
    )
    assert workers == Counter({key: count for key, count in jobs.items() if key[1] in ("completed", "failed")})

    misses = risen.by("cryb_cache_misses_total")
    (source,) = (source for source in SOURCES if source.name == "api cache misses")
    sampled = sum(line["msg"] == "cache miss" for _, line in api)
    assert abs(sampled - sum(misses.values()) / source.sampling) < 3  # one leaf an instance, cut at both ends


def test_between_two_scrapes_lie_the_lines_of_the_difference() -> None:
    run = run_of(fault("http_errors", intensity=0.3))
    span = interval(run, 9 * MINUTE, 12 * MINUTE)
    times = np.arange(span.start_ms, span.end_ms + 1, 15_000, dtype=np.int64)
    (block,) = (b for b in ModelSamples(run).blocks("cryb-api", "api-1", times) if b.name == "http_requests_total")
    scraped = np.diff(block.values.sum(axis=1))
    at = [e.at_ms for e in ModelLogs(run, services=["nginx"]).entries(span)]
    assert scraped.sum() > 1000
    assert np.histogram(at, bins=times)[0].tolist() == scraped.tolist()


@settings(UNSHRUNK, max_examples=3)
@given(runs(), st.integers(-10 * MINUTE, 40 * MINUTE), st.lists(st.integers(1, 4 * MINUTE), min_size=1, max_size=4))
def test_an_interval_in_parts_or_by_services_has_the_same_lines(run: Manifest, first: int, parts: list[int]) -> None:
    edges = np.cumsum([first, *parts]).tolist()
    whole = list(ModelLogs(run).entries(interval(run, edges[0], edges[-1])))
    logs = ModelLogs(run)
    pieces = [interval(run, low, high) for low, high in pairwise(edges)]
    backwards = [list(logs.entries(piece)) for piece in reversed(pieces)]
    assert [entry for piece in reversed(backwards) for entry in piece] == whole

    span = interval(run, edges[0], edges[-1])
    shards = [list(ModelLogs(run, shard=Shard(number, 3)).entries(span)) for number in (1, 2, 3)]
    assert Counter(entry for shard in shards for entry in shard) == Counter(whole)
    streams = [{entry.labels for entry in shard} for shard in shards]
    assert sum(map(len, streams)) == len(set().union(*streams))
    services = {"nginx", "postgresql"}
    chosen = [entry for entry in whole if dict(entry.labels)["service"] in services]
    assert list(ModelLogs(run, services=services).entries(span)) == chosen
    assert [entry.at_ms for entry in whole] == sorted(entry.at_ms for entry in whole)


def test_batches_are_the_same_lines() -> None:
    run = run_of(peak="400/s")
    span = interval(run, 0, 4 * MINUTE)
    logs = ModelLogs(run)
    batches = list(logs.batches(span))
    assert len(batches) > 1
    assert b"".join(batch.text for batch in batches) == b"".join(e.line + b"\n" for e in logs.entries(span))


def test_before_and_after_a_fault_every_line_is_the_same() -> None:
    calm, broken = run_of(), run_of(fault("http_errors", intensity=0.4), fault("log_flood", "12m", "4m"))
    for first, last in ((5 * MINUTE, 10 * MINUTE), (20 * MINUTE, 25 * MINUTE)):
        lines = [list(ModelLogs(run).entries(interval(run, first, last))) for run in (calm, broken)]
        assert lines[0] == lines[1]
    span = (10 * MINUTE, 20 * MINUTE)
    other = ["redis", "system", "security", "web", "postgresql"]
    quiet = [list(ModelLogs(run, services=other).entries(interval(run, *span))) for run in (calm, broken)]
    assert quiet[0] == quiet[1]


def test_a_log_flood_multiplies_debug_and_warn_lines_and_nothing_else() -> None:
    calm, flooded = run_of(), run_of(fault("log_flood", parameters={"factor": 20}))
    span = interval(calm, 11 * MINUTE, 19 * MINUTE)
    levels = []
    for run in (calm, flooded):
        api = [json.loads(entry.line) for entry in ModelLogs(run, services=["api"]).entries(span)]
        levels.append(Counter((line["level"], line["msg"]) for line in api))
    chatter = {
        key
        for key in levels[1]
        if key[1]
        in ("cache refreshed", "query planned", "socket heartbeat", "slow external call", "deprecated field used")
    }
    assert {level for level, _ in chatter} == {"debug", "warn"}
    ratio = sum(levels[1][key] for key in chatter) / sum(levels[0][key] for key in chatter)
    assert ratio == pytest.approx(20, rel=0.1)
    assert {key: levels[0][key] for key in levels[0].keys() - chatter} == {
        key: levels[1][key] for key in levels[1].keys() - chatter
    }


def test_lines_of_one_request_share_their_trace() -> None:
    run = run_of(fault("http_errors", intensity=0.5))
    lines = [
        json.loads(e.line) for e in ModelLogs(run, services=["api"]).entries(interval(run, 10 * MINUTE, 12 * MINUTE))
    ]
    completed = {line["trace_id"]: line for line in lines if line["msg"] == "request completed"}
    failed = [line for line in lines if "stack" in line.get("error", {})]
    assert len(completed) > len(failed) > 100
    for line in failed:
        request = completed[line["trace_id"]]
        assert (request["reqId"], request["status"]) == (line["reqId"], line["error"]["statusCode"])
        assert request["req"]["url"] == line["request"]["url"]
        assert request["duration"] == line["request"]["processingTime"]


def test_durations_lie_in_the_buckets_that_the_histogram_counts() -> None:
    run = run_of(fault("latency"))
    span = interval(run, 8 * MINUTE, 14 * MINUTE)
    source = ModelSamples(run)
    blocks = source.blocks("cryb-api", "api-1", np.array([span.start_ms, span.end_ms], dtype=np.int64))
    (block,) = (block for block in blocks if block.name == "http_request_duration_seconds")
    expected: Counter[float] = Counter()
    for series, value in zip(block.series, block.values[1] - block.values[0], strict=True):
        if series.name.endswith("_bucket") and (edge := dict(series.labels)["le"]) != "+Inf":
            expected[float(edge)] += int(value)
    lines = [json.loads(entry.line) for entry in ModelLogs(run, services=["api"]).entries(span)]
    took = np.array([line["duration"] / 1000 for line in lines if line["msg"] == "request completed"])
    assert {edge: int((took <= edge).sum()) for edge in expected} == expected


def test_in_a_live_run_the_api_writes_its_own_requests() -> None:
    run = run_of(mode="live")
    entries = list(ModelLogs(run).entries(interval(run, 0, 5 * MINUTE)))
    assert of("nginx", entries)
    assert {json.loads(entry.line)["level"] for entry in of("api", entries)} == {"debug", "warn"}
    assert not any(b"request completed" in entry.line for entry in entries)


def test_every_json_line_is_json_and_no_text_is_left_unfilled() -> None:
    run = run_of(fault("http_errors"), fault("database_slow", "30m"), fault("log_flood", "30m", "1m"))
    for entry in ModelLogs(run).entries(interval(run, 0, 50 * MINUTE)):
        assert b"\n" not in entry.line
        assert b"${" not in entry.line
        if entry.line.startswith(b"{"):
            assert json.loads(entry.line)["service"] == dict(entry.labels)["service"]
