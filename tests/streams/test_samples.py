"""The model's samples through the SampleSource protocol."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from simulator.profile.manifest import Manifest
from simulator.profile.schema import Profile
from simulator.streams.samples import ModelSamples
from simulator.telemetry.samples import MetricType
from simulator.units import MINUTE
from tests.streams.touched import (
    ANNOYED,
    DONE_LESS,
    DONE_RARELY,
    ENGAGEMENT,
    LEAVING,
    STORED,
    of_api,
    of_business,
    touched,
)

START = datetime(2026, 1, 5, 19, 30, tzinfo=UTC)


def manifest(*faults: dict[str, object]) -> Manifest:
    profile = Profile.model_validate(
        {"name": "x", "description": "x", "start": START, "duration": "1h", "faults": list(faults)}
    )
    return Manifest(
        run_id="r",
        mode="emit",
        profile=profile,
        profile_path="x.yaml",
        seed=1,
        started_ms=profile.start_ms,
    )


SLOW = {"id": "slow", "kind": "database_slow", "at": "10m", "for": "10m"}
OUT = {"id": "out", "kind": "outage", "at": "30m", "for": "5m"}


def minutes(run: Manifest, first: int, last: int, step_seconds: int = 15) -> np.ndarray:
    return run.started_ms + np.arange(first * MINUTE, last * MINUTE, step_seconds * 1000, dtype=np.int64)


@pytest.mark.parametrize("job", ModelSamples(manifest()).jobs())
def test_counters_never_fall_and_two_steps_agree_where_they_meet(job: str) -> None:
    run = manifest(SLOW, OUT)
    source = ModelSamples(run)
    (instance, *_) = source.instances(job)
    fine = source.blocks(job, instance, minutes(run, 0, 60))
    coarse = source.blocks(job, instance, minutes(run, 0, 60, 60))
    for block, sparse in zip(fine, coarse, strict=True):
        assert np.array_equal(block.values[::4], sparse.values, equal_nan=True), block.name
        if block.type in (MetricType.COUNTER, MetricType.HISTOGRAM):
            assert not (np.diff(block.values, axis=0) < 0).any(), block.name


@pytest.mark.parametrize("job", ModelSamples(manifest()).jobs())
def test_nothing_before_an_onset_changes(job: str) -> None:
    calm, broken = manifest(), manifest(SLOW, OUT)
    (instance, *_) = ModelSamples(calm).instances(job)
    before = minutes(calm, 0, 10)
    left = ModelSamples(calm).blocks(job, instance, before)
    right = ModelSamples(broken).blocks(job, instance, before)
    for one, other in zip(left, right, strict=True):
        assert np.array_equal(one.values, other.values, equal_nan=True), one.name


def test_an_outage_refuses_the_scrape_of_its_instance() -> None:
    run = manifest(OUT)
    source = ModelSamples(run)
    assert source.is_up("cryb-api", "api-1", run.started_ms + 29 * MINUTE)
    assert not source.is_up("cryb-api", "api-1", run.started_ms + 30 * MINUTE)
    assert source.is_up("cryb-api", "api-1", run.started_ms + 35 * MINUTE)


def by_name(run: Manifest, job: str, times: np.ndarray) -> dict[str, np.ndarray]:
    source = ModelSamples(run)
    (instance, *_) = source.instances(job)
    return {block.name: block.values for block in source.blocks(job, instance, times)}


MESSAGES = of_api(
    "cryb_message_velocity",
    "cryb_messages_failed_total",
    "cryb_notifications_sent_total",
    "queue_jobs_total",
    "queue_processing_rate",
    "queue_throughput",
    "queue_worker_utilization_percent",
    "socketio_messages_total",
) | {
    "socketio/cryb_socketio_event_latency_seconds",
    "socketio/cryb_socketio_message_delivery_latency_seconds",
    "socketio/cryb_socketio_message_processing_duration_seconds",
    "socketio/cryb_socketio_messages_total",
    "socketio/cryb_socketio_pubsub_latency_seconds",
    "socketio/cryb_socketio_pubsub_messages_total",
    "socketio/cryb_socketio_throughput_rate",
    "business-metrics/cryb_business_daily_messages",
}
"""What fewer delivered messages change: what is sent on, and how long the lucky ones take."""

# What differs from the run without the fault, by cause: the requests themselves, then messages, then people. The last
# set holds what happens too seldom to differ for certain.
TOUCHED: dict[str, tuple[set[str], set[str]]] = {
    "http_errors": (
        of_api(
            "http_requests_total",
            "http_request_duration_seconds",
            "http_response_size_bytes",
            "cryb_api_response_quality",
            "cryb_error_rate_percentage",
            "cryb_errors_total",
            "cryb_recovery_time_seconds",
            "cryb_payment_success_rate",
            "cryb_sessions_created_total",
            "cryb_sli_availability",
            "cryb_slo_error_budget_remaining",
            "cryb_tracing_trace_errors_total",
        )
        | of_business("daily_revenue")
        | {"error-tracking/application_errors_total", "error-tracking/application_error_rate"}
        | MESSAGES
        | ANNOYED
        | ENGAGEMENT
        | DONE_LESS
        | of_api("cryb_message_volume_per_hour", "cryb_user_churn_rate"),
        of_api(
            "cryb_message_latency_seconds",
            "cryb_messages_total",
            "cryb_notification_delivery_rate",
            "cryb_notification_latency_seconds",
            "cryb_notifications_failed_total",
            "cryb_realtime_message_latency_business_seconds",
            "cryb_search_duration_seconds",
            "cryb_search_errors_total",
            "cryb_search_queries_total",
            "cryb_search_relevance_score",
            "cryb_search_results_count",
            "cryb_upload_duration_seconds",
            "cryb_upload_errors_total",
            "cryb_upload_size_bytes",
            "cryb_uploads_total",
            "queue_depth",
            "queue_job_errors_total",
            "queue_lag_ms",
            "socketio_message_duration_seconds",
            "socketio_message_queue_size",
        )
        | {"bullmq/bullmq_queue_jobs_active", "security/clamav_scans_total", "security/clamav_threats_total"}
        | LEAVING
        | DONE_RARELY,
    ),
    "latency": (
        of_api(
            "http_request_duration_seconds",
            "cryb_api_response_quality",
            "cryb_memory_utilization_bytes",
            "http_requests_in_flight",
            "cryb_nodejs_process_resident_memory_bytes",
            "cryb_nodejs_process_virtual_memory_bytes",
            "cryb_nodejs_process_heap_bytes",
            "cryb_nodejs_nodejs_active_handles_total",
            "cryb_nodejs_nodejs_active_requests_total",
            "cryb_message_latency_seconds",
            "cryb_realtime_message_latency_business_seconds",
            "cryb_search_duration_seconds",
            "cryb_sli_latency_seconds",
            "cryb_tracing_span_duration_seconds",
            "socketio_message_duration_seconds",
            "cryb_user_churn_rate",
        )
        | {"nginx/nginx_connections_writing", "nginx/nginx_connections_active"}
        | MESSAGES
        | ANNOYED
        | ENGAGEMENT
        | DONE_LESS,
        of_api(
            "cryb_nodejs_nodejs_active_handles",
            "cryb_nodejs_process_open_fds",
            "cryb_message_volume_per_hour",
            "cryb_notification_latency_seconds",
            "cryb_slo_error_budget_remaining",
            "cryb_tracing_active_traces",
            "socketio_connection_errors_total",
            "socketio_message_queue_size",
        )
        | {
            "bullmq/bullmq_queue_jobs_active",
            "socketio/cryb_socketio_connection_errors_total",
            "socketio/cryb_socketio_error_rate_percentage",
            "websocket-monitoring/websocket_latency_ms",
        }
        | LEAVING
        | DONE_RARELY,
    ),
}


@pytest.mark.parametrize("kind", TOUCHED)
def test_a_fault_touches_what_it_is_said_to_touch_and_nothing_else(kind: str) -> None:
    must, may = TOUCHED[kind]
    found = touched({"id": "f", "kind": kind, "at": "5m", "for": "20m", "intensity": 0.5})
    assert must - found == set()
    assert found - must - may - STORED == set()


def test_a_histogram_counts_what_its_counter_counts() -> None:
    run = manifest(SLOW, OUT, {"id": "e", "kind": "http_errors", "at": "3m", "for": "40m", "intensity": 0.3})
    source = ModelSamples(run)
    blocks = {block.name: block for block in source.blocks("cryb-api", "api-1", minutes(run, 0, 60, 7))}
    requests, duration = blocks["http_requests_total"], blocks["http_request_duration_seconds"]
    columns = {(series.name, series.labels): number for number, series in enumerate(duration.series)}
    for number, series in enumerate(requests.series):
        count = duration.values[:, columns["http_request_duration_seconds_count", series.labels]]
        assert np.array_equal(count, requests.values[:, number])
        infinite = tuple(sorted((*series.labels, ("le", "+Inf"))))
        assert np.array_equal(duration.values[:, columns["http_request_duration_seconds_bucket", infinite]], count)


def test_nginx_handles_each_connection_that_it_accepts() -> None:
    """What is accepted and not handled is what alerts on dropped connections look at."""
    run = manifest()
    source = ModelSamples(run)
    (instance,) = source.instances("nginx")
    blocks = {block.name: block.values for block in source.blocks("nginx", instance, minutes(run, 0, 60))}
    assert np.array_equal(blocks["nginx_connections_accepted"], blocks["nginx_connections_handled"])
    assert blocks["nginx_connections_accepted"][-1] > blocks["nginx_connections_accepted"][0]


def test_half_of_the_requests_fail_while_half_of_the_requests_fail() -> None:
    run = manifest({"id": "f", "kind": "http_errors", "at": "10m", "for": "30m", "intensity": 0.5})
    (block,) = (
        b
        for b in ModelSamples(run).blocks("cryb-api", "api-1", minutes(run, 10, 41, 1800))
        if b.name == "http_requests_total"
    )
    grown = block.values[-1] - block.values[0]
    failed = sum(
        value for value, series in zip(grown, block.series, strict=True) if dict(series.labels)["code"][0] == "5"
    )
    assert failed / grown.sum() == pytest.approx(0.5, abs=0.02)
    assert grown.sum() / 1800 == pytest.approx(20, rel=0.25)


def test_in_a_live_run_the_api_s_own_families_are_left_to_it() -> None:
    live = manifest().model_copy(update={"mode": "live"})
    names = set(by_name(live, "cryb-api", minutes(live, 0, 1)))
    assert "cryb_daily_active_users" in names
    assert "http_requests_total" not in names
