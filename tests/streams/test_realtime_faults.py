"""Faults of messaging, sockets, voice, queues, uploads, search: what they touch, which way, in which order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.catalog import messaging, notifications, search, uploads, voice
from simulator.catalog.faults import BY_NAME
from simulator.model.moment import Moment, World
from simulator.units import MINUTE
from tests.streams.realtime import Platform, profile
from tests.streams.runs import fault
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


def of_socketio(*names: str) -> set[str]:
    return {f"socketio/cryb_socketio_{name}" for name in names}


def of_livekit(*names: str) -> set[str]:
    return {f"livekit/livekit_{name}" for name in names}


PEOPLE = ENGAGEMENT | DONE_LESS | of_api("cryb_user_churn_rate")
PEOPLE_MAY = LEAVING | DONE_RARELY | ANNOYED
FEWER_MESSAGES = (
    of_api("cryb_message_velocity", "cryb_message_latency_seconds", "cryb_notifications_sent_total")
    | of_api("queue_jobs_total", "queue_processing_rate", "queue_throughput", "queue_worker_utilization_percent")
    | of_api("socketio_messages_total", "socketio_message_duration_seconds", "socketio_message_queue_size")
    | of_api("cryb_notification_latency_seconds", "cryb_realtime_message_latency_business_seconds")
    | of_socketio("event_latency_seconds", "message_delivery_latency_seconds", "message_processing_duration_seconds")
    | of_socketio("messages_total", "pubsub_latency_seconds", "pubsub_messages_total", "throughput_rate")
    | of_business("daily_messages")
)
FEWER_MESSAGES_MAY = of_api(
    "cryb_message_volume_per_hour",
    "cryb_messages_failed_total",
    "cryb_notifications_failed_total",
    "queue_depth",
    "queue_job_errors_total",
) | {f"bullmq/bullmq_queue_jobs_{state}" for state in ("waiting", "active", "delayed")}
BEHIND = of_api(
    "queue_depth",
    "queue_health_status",
    "queue_jobs_total",
    "queue_lag_ms",
    "queue_processing_rate",
    "queue_throughput",
    "queue_worker_utilization_percent",
) | {"bullmq/bullmq_queue_jobs_waiting"}
BEHIND_MAY = of_api("queue_job_errors_total") | {f"bullmq/bullmq_queue_jobs_{state}" for state in ("active", "delayed")}
POOR_CALLS = (
    of_api("cryb_video_call_quality_score", "cryb_voice_call_quality_score", "cryb_voice_call_success_rate")
    | of_api("cryb_voice_call_duration_business_seconds", "cryb_voice_calls_poor_quality_total")
    | of_business("voice_call_quality_score")
    | of_livekit("quality_score")
    | PEOPLE
)
LOSS = of_api("cryb_audio_packet_loss_percent", "cryb_video_packet_loss_percent") | of_livekit(
    "nack_total", "packet_loss_total", "pli_total"
)
ENGINE_MAY = {
    f"elasticsearch/elasticsearch_{name}"
    for name in (
        "cluster_health_number_of_pending_tasks",
        "cluster_health_status",
        "cluster_health_unassigned_shards",
        "indices_search_fetch_total",
        "indices_search_query_time_seconds",
        "indices_search_query_total",
        "jvm_gc_collection_seconds_count",
        "jvm_gc_collection_seconds_sum",
        "thread_pool_queue_count",
        "thread_pool_rejected_count",
    )
}

# What must differ from the run without the fault; where there is a second set, what may.
TOUCHED: dict[str, tuple[float, set[str], set[str]]] = {
    "websocket_disconnects": (
        0.5,
        of_api("cryb_messages_total", "cryb_realtime_connections_total", "socketio_connected_clients")
        | of_api("socketio_connection_attempts_total", "socketio_connection_errors_total", "socketio_rooms_active")
        | of_socketio("connected_clients", "connection_attempts_total", "connection_duration_seconds")
        | of_socketio("connection_errors_total", "error_rate_percentage", "total_rooms", "transport_errors_total")
        | of_socketio("room_join_events_total", "room_leave_events_total", "room_size", "transport_upgrades_total")
        | {"websocket-monitoring/websocket_connected", "websocket-monitoring/websocket_reconnects_total"}
        | FEWER_MESSAGES
        | PEOPLE,
        FEWER_MESSAGES_MAY | PEOPLE_MAY | of_socketio("message_queue_size"),
    ),
    "message_failures": (
        0.5,
        of_api("cryb_messages_failed_total") | FEWER_MESSAGES | PEOPLE,
        FEWER_MESSAGES_MAY | PEOPLE_MAY,
    ),
    "message_latency": (
        0.5,
        of_api("cryb_message_latency_seconds", "cryb_realtime_message_latency_business_seconds")
        | of_api("socketio_message_queue_size")
        | of_socketio("message_delivery_latency_seconds", "message_queue_size")
        | BEHIND,
        BEHIND_MAY,
    ),
    "queue_backlog": (
        0.5,
        of_api("cryb_notification_delivery_rate", "cryb_notification_latency_seconds")
        | of_api("cryb_notifications_failed_total", "cryb_notifications_sent_total")
        | BEHIND,
        BEHIND_MAY,
    ),
    "upload_failures": (
        0.5,
        of_api("cryb_upload_duration_seconds", "cryb_upload_errors_total", "cryb_upload_size_bytes")
        | of_api("queue_jobs_total", "queue_processing_rate", "queue_throughput", "queue_worker_utilization_percent"),
        of_api("queue_depth", "queue_job_errors_total")
        | {"bullmq/bullmq_queue_jobs_active", "minio/minio_s3_traffic_received_bytes"}
        | {f"minio/minio_s3_requests_{kind}_total" for kind in ("5xx_errors", "errors")}
        | {"security/clamav_scans_total", "security/clamav_threats_total"},
    ),
    "search_degradation": (
        0.5,
        of_api("cryb_search_duration_seconds", "cryb_search_errors_total", "cryb_search_relevance_score")
        | {f"search-analytics/elasticsearch_{name}" for name in ("cluster_health_status", "queries_total")}
        | {"search-analytics/elasticsearch_query_duration_seconds"},
        of_api("cryb_search_results_count") | ENGINE_MAY,
    ),
    "voice_packet_loss": (0.5, LOSS | POOR_CALLS, PEOPLE_MAY),
    "voice_jitter": (0.5, of_livekit("jitter_us") | POOR_CALLS, PEOPLE_MAY),
    "voice_delay": (0.5, of_livekit("rtt_ms") | POOR_CALLS, PEOPLE_MAY),
    "sfu_capacity": (
        1.0,
        of_livekit("participant_total", "room_total", "track_published_total", "track_subscribed_total")
        | of_livekit("packet_total", "packet_bytes", "jitter_us", "rtt_ms", "participant_join_total")
        | of_api("cryb_voice_calls_active", "cryb_video_stream_bitrate_kbps")
        | of_business("daily_voice_minutes")
        | LOSS
        | POOR_CALLS,
        PEOPLE_MAY,
    ),
}


@pytest.mark.parametrize("kind", TOUCHED)
def test_a_fault_touches_what_it_is_said_to_touch_and_nothing_else(kind: str) -> None:
    intensity, must, may = TOUCHED[kind]
    found = touched(fault(kind, at="5m", length="50m", intensity=intensity))
    assert must - found == set()
    assert found - must - may - STORED == set()


@pytest.mark.parametrize("kind", TOUCHED)
def test_people_are_touched_where_the_catalogue_says_so(kind: str) -> None:
    assert ("engagement falls" in BY_NAME[kind].effects) == (TOUCHED[kind][1] >= PEOPLE)


AT, UNTIL = 30, 60


def broken(kind: str, intensity: float = 0.5, **more: object) -> tuple[Platform, Platform]:
    """The same two hours without and with a fault in minutes 30 to 60."""
    described = {"id": "f", "kind": kind, "at": f"{AT}m", "for": f"{UNTIL - AT}m", "intensity": intensity, **more}
    return Platform(profile()), Platform(profile(described))


def during(run: Platform, values: np.ndarray, first: float = AT + 1, last: float = UNTIL) -> np.ndarray:
    minute = run.elapsed / MINUTE
    return values[(minute >= first) & (minute < last)]


def first_above(run: Platform, values: np.ndarray, limit: float) -> float:
    """The minute at which values first exceed a limit."""
    return float(run.elapsed[np.flatnonzero(values > limit)[0]] / MINUTE)


def test_lost_connections_come_back_and_their_attempts_fail() -> None:
    calm, run = broken("websocket_disconnects")
    assert during(run, run.level("socket.connections")) == pytest.approx(
        0.5 * during(calm, calm.level("socket.connections"))
    )
    tried, usual = run.increase(messaging.ATTEMPTS), calm.increase(messaging.ATTEMPTS)
    assert (during(run, tried, AT + 5) > 20 * during(calm, usual, AT + 5)).all()
    failing = run.ratio(messaging.ATTEMPTS, error_type="transport")
    assert during(run, failing, AT + 5).mean() == pytest.approx(0.5 * 0.97, abs=0.02)
    sent, before = run.increase(messaging.MESSAGES), calm.increase(messaging.MESSAGES)
    assert during(run, sent, AT + 5).sum() == pytest.approx(0.6 * during(calm, before, AT + 5).sum(), rel=0.05)


def test_failed_messages_are_as_many_as_said_and_messages_as_many_as_ever() -> None:
    calm, run = broken("message_failures", 0.2)
    failed = run.ratio(messaging.MESSAGES, _end=tuple(messaging.FAILED))
    assert during(run, failed, AT + 5).mean() == pytest.approx(0.2, abs=0.02)
    so_far, usual = (one.counted(messaging.MESSAGES).sum(axis=0) for one in (run, calm))
    assert np.array_equal(so_far, usual)
    assert (
        during(run, run.level("messages.velocity"), AT + 20).mean()
        < during(calm, calm.level("messages.velocity"), AT + 20).mean()
    )


def test_the_queue_grows_before_messages_are_late_and_is_empty_before_they_are_in_time_again() -> None:
    _, run = broken("message_latency", 0.3)
    grows = first_above(run, run.level("queue.messages.backlog"), 0.0)
    late = first_above(run, run.quantile(messaging.MESSAGES, 0.95, MINUTE, _end="delivered"), 1.0)
    assert AT <= grows <= late <= AT + 3
    over = run.elapsed / MINUTE
    assert run.level("queue.messages.backlog")[over > 75].max() == 0
    assert run.quantile(messaging.MESSAGES, 0.95, _end="delivered")[over > 85].max() < 0.5


def test_notifications_wait_for_a_queue_that_nobody_works_on() -> None:
    calm, run = broken("queue_backlog", 1.0)
    assert (during(run, run.level("queue.notifications.done")) == 0).all()
    assert during(run, run.level("queue.email.lag_ms")).max() > 20 * 60_000
    assert during(run, run.level("queue.messages.lag_ms")).max() == calm.level("queue.messages.lag_ms").max()
    waited = during(run, run.quantile(notifications.NOTIFICATIONS, 0.5), AT + 20)
    assert (waited > 300).all()
    assert calm.quantile(notifications.NOTIFICATIONS, 0.5).max() < 5


def test_uploads_that_fail_are_not_processed() -> None:
    calm, run = broken("upload_failures", 0.4)
    refused = run.ratio(uploads.UPLOADS, error_type="storage")
    assert during(run, refused, AT + 5).mean() == pytest.approx(0.4, abs=0.03)
    assert during(run, run.level("queue.media.arrivals")) == pytest.approx(
        0.6 * during(calm, calm.level("queue.media.arrivals"))
    )


def test_searches_wait_then_fall_back_and_some_find_nothing() -> None:
    calm, run = broken("search_degradation", 0.5, parameters={"delay": "3s"})
    fallback = during(run, run.ratio(search.QUERIES, _end=search.FALLBACK), AT + 5)
    assert fallback.mean() == pytest.approx(0.5, abs=0.05)
    assert during(run, run.quantile(search.QUERIES, 0.95), AT + 5).min() > 2.5
    assert calm.quantile(search.QUERIES, 0.95).max() < 2.0
    assert during(run, run.level("search.health")).max() == 0.0
    assert during(run, run.ratio(search.QUERIES, _end="timeout"), AT + 5).mean() > 0.01


@pytest.mark.parametrize(
    ("kind", "cause"),
    [
        ("voice_packet_loss", "voice.packets_lost"),
        ("voice_jitter", "voice.jitter_share"),
        ("voice_delay", "voice.delay_share"),
    ],
)
def test_bad_networks_make_calls_poor_and_users_unhappy_in_this_order(kind: str, cause: str) -> None:
    calm, run = broken(kind, 0.4)
    assert during(run, run.level("voice.mos")).max() < calm.level("voice.mos").min() - 0.4
    poor = run.ratio(voice.CALLS, _quality="poor")
    assert during(run, poor, AT + 6).mean() == pytest.approx(0.4, abs=0.06)
    worse = first_above(run, run.level(cause), calm.level(cause).max())
    heard = first_above(run, poor, 0.1)
    felt = first_above(run, -run.level("users.engagement") / calm.level("users.engagement"), -0.99)
    assert AT == worse <= heard
    assert worse < felt


def test_more_calls_are_hit_by_more_of_it_and_only_in_their_region() -> None:
    weak, strong = (broken("voice_packet_loss", intensity)[1] for intensity in (0.2, 0.6))
    assert during(strong, strong.level("voice.poor")).mean() == pytest.approx(
        3 * during(weak, weak.level("voice.poor")).mean(), rel=0.1
    )
    _, here = broken("voice_packet_loss", 0.6, target={"region": "asia"})
    share = during(here, here.level("voice.loss_share"))
    assert share == pytest.approx(0.6 * here.world.profile.platform.region_share("asia"))


@settings(deadline=None, max_examples=25)
@given(st.dictionaries(st.sampled_from("abcdef"), st.floats(0.001, 1000), min_size=1))
def test_the_regions_of_a_profile_share_its_users_and_a_fault_meets_the_part_of_its_own(
    regions: dict[str, float],
) -> None:
    described = [
        {"id": f"of-{name}", "kind": "voice_delay", "at": "0s", "for": "1m", "target": {"region": name}}
        for name in regions
    ]
    worlds = [World(profile(one, regions=regions), 1) for one in described]
    now = np.array([worlds[0].start], dtype=np.int64)
    met = [float(Moment(one, now)["voice.delay_share"][0]) for one in worlds]
    assert met == pytest.approx([weight / sum(regions.values()) for weight in regions.values()])
    assert sum(met) == pytest.approx(1.0)
    everywhere = World(profile({**described[0], "target": {}}, regions=regions), 1)
    assert Moment(everywhere, now)["voice.delay_share"][0] == 1.0


def test_an_sfu_fills_up_before_its_calls_become_poor_and_refuses_joins_when_full() -> None:
    calm, run = broken("sfu_capacity", 1.0, ramp="10m")
    taken = run.level("livekit.utilization", "livekit-1")
    crowded = first_above(run, taken, 0.9)
    assert AT < crowded < AT + 10
    assert first_above(run, run.level("voice.poor"), 0.1) >= crowded
    assert first_above(run, run.level("livekit.refused", "livekit-1"), 0.0) > crowded
    assert taken.max() <= 1.0
    assert np.array_equal(run.level("voice.calls"), calm.level("voice.calls"))


def test_a_fault_of_one_sfu_of_four_is_a_quarter_of_one_for_everybody_else() -> None:
    described = {
        "id": "f",
        "kind": "voice_packet_loss",
        "at": "30m",
        "for": "30m",
        "intensity": 0.8,
        "target": {"instance": "livekit-1"},
    }
    run = Platform(profile(described, instances={"livekit": 4}))
    assert during(run, run.level("voice.loss_share", "livekit-1")) == pytest.approx(0.8)
    assert during(run, run.level("voice.loss_share")) == pytest.approx(0.2)


def test_a_dead_database_takes_sockets_and_then_engagement_along() -> None:
    calm, run = broken("database_down", 1.0)
    assert (during(run, run.level("socket.connections")) < 0.7 * during(calm, calm.level("socket.connections"))).all()
    assert (during(run, run.level("messages.sent")) < 0.2 * during(calm, calm.level("messages.sent"))).all()
    engagement = run.level("users.engagement") / calm.level("users.engagement")
    assert np.diff(during(run, engagement))[::4].max() <= 0
    assert during(run, engagement)[-1] < 0.6
