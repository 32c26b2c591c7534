"""The truth equals what the counters show, and brackets what can be estimated from their buckets."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.catalog.http import DURATION_BOUNDS
from simulator.profile.manifest import Manifest
from simulator.streams.logs import ModelLogs
from simulator.streams.samples import ModelSamples
from simulator.streams.truth import BURN_WINDOWS_MS, ModelTruth
from simulator.telemetry.interval import Interval
from simulator.units import DAY, HOUR, MINUTE
from tests.streams.risen import Risen
from tests.streams.runs import UNSHRUNK, fault, run_of, runs


def interval(run: Manifest, first: int, last: int) -> Interval:
    return Interval(run.started_ms + first, run.started_ms + last)


@settings(UNSHRUNK, max_examples=4)
@given(runs(), st.integers(-HOUR, HOUR), st.integers(1, 30 * MINUTE))
def test_it_is_what_the_counters_rise_by(run: Manifest, first: int, length: int) -> None:
    span = interval(run, first, first + length)
    truth, risen = ModelTruth(run).over(span), Risen(run, span)
    assert truth.requests.total == risen.total("http_requests_total")
    assert truth.requests.failed == risen.total("http_requests_total", code="5")
    assert truth.requests.per_second == pytest.approx(truth.requests.total / (length / 1000))
    by_route = risen.by("http_requests_total", "method", "route")
    assert {(r.method, r.route): r.total for r in truth.routes if r.total} == by_route
    assert sum(route.failed for route in truth.routes) == truth.requests.failed

    def counted(name: str, total: str, bad: str) -> None:
        sli = truth.sli(name)
        assert (sli.total, sli.bad) == (risen.total(total), risen.total(bad))

    counted("database", "cryb_db_queries_total", "cryb_db_slow_queries_total")
    counted("logins", "cryb_auth_attempts_total", "cryb_auth_failures_total")
    counted("messages", "cryb_messages_total", "cryb_messages_failed_total")
    counted("calls", "cryb_voice_calls_total", "cryb_voice_calls_poor_quality_total")
    counted("uploads", "cryb_uploads_total", "cryb_upload_errors_total")
    counted("search", "cryb_search_queries_total", "cryb_search_errors_total")
    misses, hits = risen.total("cryb_cache_misses_total"), risen.total("cryb_cache_hits_total")
    assert (truth.sli("cache").total, truth.sli("cache").bad) == (hits + misses, misses)


def buckets(run: Manifest, span: Interval) -> np.ndarray:
    """Requests in each bucket, from the scrapes at both ends."""
    block = next(
        block
        for block in ModelSamples(run).blocks("cryb-api", "api-1", np.array([span.start_ms, span.end_ms]))
        if block.name == "http_request_duration_seconds"
    )
    cumulative = np.zeros(len(DURATION_BOUNDS) + 1)
    for series, rise in zip(block.series, block.values[1] - block.values[0], strict=True):
        if series.name.endswith("_bucket"):
            edge = float(dict(series.labels)["le"])
            cumulative[len(DURATION_BOUNDS) if math.isinf(edge) else DURATION_BOUNDS.index(edge)] += rise
    return cumulative


def estimate(q: float, cumulative: np.ndarray) -> tuple[float, float, float]:
    """`histogram_quantile`, and the bucket that it looks into: linear inside, the highest bound beyond it."""
    edges = (0.0, *DURATION_BOUNDS, math.inf)
    at = int(np.searchsorted(cumulative, q * cumulative[-1]))
    low, high = edges[at], edges[at + 1]
    before = cumulative[at - 1] if at else 0.0
    if math.isinf(high):
        return low, low, high
    return low + (high - low) * (q * cumulative[-1] - before) / (cumulative[at] - before), low, high


@settings(UNSHRUNK, max_examples=3)
@given(runs().filter(lambda run: run.profile.platform.instances.api == 1), st.integers(0, 40 * MINUTE))
def test_histogram_quantile_looks_into_the_bucket_that_holds_the_true_one(run: Manifest, first: int) -> None:
    span = interval(run, first, first + 10 * MINUTE)
    cumulative = buckets(run, span)
    truth = ModelTruth(run)
    for q in (0.5, 0.9, 0.95, 0.99):
        true = truth.quantile(q, span)
        if true is None:
            assert cumulative[-1] == 0
            continue
        estimated, low, high = estimate(q, cumulative)
        assert low <= true <= high
        assert low <= estimated <= high


def test_quantiles_are_those_of_the_durations_that_were_drawn() -> None:
    run = run_of(fault("latency", intensity=0.3), peak="60/s")
    span = interval(run, 5 * MINUTE, 25 * MINUTE)
    lines = [json.loads(entry.line) for entry in ModelLogs(run, services=["api"]).entries(span)]
    took = np.array([line["duration"] / 1000 for line in lines if line["msg"] == "request completed"])
    truth = ModelTruth(run).over(span).requests
    assert len(took) == truth.total > 40_000
    for q, true in ((0.5, truth.p50_seconds), (0.95, truth.p95_seconds), (0.99, truth.p99_seconds)):
        assert true is not None
        assert (took <= true).mean() == pytest.approx(q, abs=0.002)


def test_a_fifth_of_the_requests_fails_and_the_budget_burns_two_hundred_times_as_fast() -> None:
    run = run_of(fault("http_errors", "10m", "40m", intensity=0.2))
    truth = ModelTruth(run).over(interval(run, 20 * MINUTE, 40 * MINUTE))
    assert truth.requests.error_ratio == pytest.approx(0.2, abs=0.01)
    burns = {burn.window_ms: burn for burn in truth.burns if burn.sli == "availability"}
    assert tuple(burns) == BURN_WINDOWS_MS
    for window in (5 * MINUTE, 30 * MINUTE):
        assert burns[window].burn_rate == pytest.approx(200, rel=0.07)
    risen = Risen(run, Interval(truth.interval.end_ms - 6 * HOUR, truth.interval.end_ms))
    ratio = risen.total("http_requests_total", code="5") / risen.total("http_requests_total")
    assert burns[6 * HOUR].error_ratio == pytest.approx(ratio, rel=1e-12)

    (budget,) = (budget for budget in truth.budgets if budget.sli == "availability")
    assert budget.period_ms == 30 * DAY
    assert budget.left == pytest.approx(1 - burns[30 * DAY].burn_rate)  # a burn rate over the period is what is spent
    assert budget.left < 0.75


def test_which_faults_acted() -> None:
    run = run_of(fault("latency", "10m", "10m", ramp="4m", intensity=0.8), fault("outage", "30m", "1m"))
    truth = ModelTruth(run).over(interval(run, 12 * MINUTE, 25 * MINUTE))
    (acted,) = truth.faults
    assert (acted.id, acted.kind, acted.level) == ("latency", "latency", pytest.approx(0.8))
    assert acted.acted == interval(run, 12 * MINUTE, 20 * MINUTE)
    (rising,) = ModelTruth(run).over(interval(run, 10 * MINUTE, 12 * MINUTE)).faults
    assert rising.level == pytest.approx(0.4, abs=0.01)
    assert ModelTruth(run).over(interval(run, 0, 5 * MINUTE)).faults == ()


def test_nothing_that_happened_is_no_ratio_and_no_quantile() -> None:
    run = run_of(fault("outage", "10m", "10m"))
    truth = ModelTruth(run).over(interval(run, 11 * MINUTE, 12 * MINUTE))
    assert (truth.requests.total, truth.requests.error_ratio, truth.requests.p95_seconds) == (0, None, None)
    assert truth.sli("availability").ratio is None
    (burn,) = (b for b in truth.burns if b.sli == "availability" and b.window_ms == 5 * MINUTE)
    assert burn.burn_rate is not None
