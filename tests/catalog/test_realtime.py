"""Messaging, sockets, voice, queues, notifications, uploads, search: names, labels, buckets and values as in the
platform contract, sections 5.2, 5.3, 5.5, 5.7, 5.8 and 5.9. Written down a second time, from the contract."""

from __future__ import annotations

import pytest

from simulator.catalog.families import Level, Written, rows
from simulator.catalog.inventory import FAMILIES

_LATENCY = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2)
_LOSS = (0, 0.1, 0.5, 1, 2, 5, 10)

# job -> family -> labels, buckets
CONTRACT: dict[str, dict[str, tuple[str, tuple[float, ...]]]] = {
    "cryb-api": {
        "cryb_messages_total": ("channel_type message_type", ()),
        "cryb_messages_failed_total": ("channel_type reason", ()),
        "cryb_message_latency_seconds": ("channel_type message_type", _LATENCY),
        "cryb_message_volume_per_hour": ("channel_type", (1, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000)),
        "socketio_connected_clients": ("", ()),
        "socketio_connection_attempts_total": ("", ()),
        "socketio_connection_errors_total": ("error_type", ()),
        "socketio_messages_total": ("event room", ()),
        "socketio_message_duration_seconds": ("event", (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)),
        "socketio_message_queue_size": ("", ()),
        "socketio_rooms_active": ("namespace", ()),
        "cryb_realtime_connections_total": ("type", ()),
        "cryb_voice_calls_total": ("type", ()),
        "cryb_voice_calls_poor_quality_total": ("type", ()),
        "cryb_voice_calls_active": ("type", ()),
        "cryb_voice_call_duration_seconds": ("type", (10, 30, 60, 300, 600, 1800, 3600)),
        "cryb_voice_call_quality_score": ("type codec", (0, 2, 4, 6, 8, 10)),
        "cryb_audio_packet_loss_percent": ("codec connection_type", _LOSS),
        "cryb_video_packet_loss_percent": ("codec resolution connection_type", _LOSS),
        "cryb_video_stream_bitrate_kbps": ("resolution codec", (100, 500, 1000, 2000, 5000, 10000)),
        "cryb_search_queries_total": ("type", ()),
        "cryb_search_duration_seconds": ("type", (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)),
        "cryb_search_errors_total": ("type error_type", ()),
        "cryb_search_results_count": ("type query_type", (0, 1, 5, 10, 25, 50, 100, 500, 1000)),
        "cryb_search_relevance_score": ("type algorithm", (0, 0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 1)),
        "cryb_uploads_total": ("file_type", ()),
        "cryb_upload_size_bytes": ("file_type", (1e3, 1e4, 1e5, 1e6, 1e7, 1e8)),
        "cryb_upload_duration_seconds": ("file_type processing_type", (0.1, 1, 5, 10, 30, 60, 300)),
        "cryb_upload_errors_total": ("file_type error_type", ()),
        "cryb_storage_utilization_bytes": ("storage_type location", ()),
        "cryb_notifications_sent_total": ("type channel", ()),
        "cryb_notifications_failed_total": ("type channel reason", ()),
        "cryb_notification_latency_seconds": ("type channel priority", (0.1, 1, 5, 10, 30, 60, 300, 600)),
        "cryb_notification_delivery_rate": ("type channel", (0, 0.5, 0.8, 0.9, 0.95, 0.99, 1)),
        "cryb_sli_availability": ("service endpoint", (0, 0.5, 1)),
        "cryb_sli_latency_seconds": ("service endpoint percentile", (0.1, 0.25, 0.5, 1, 2, 5)),
        "cryb_sli_throughput_rps": ("service endpoint", (1, 10, 50, 100, 500, 1000, 5000)),
        "cryb_slo_error_budget_remaining": ("service slo_type time_window", ()),
        "cryb_tracing_spans_total": ("service operation span_kind", ()),
        "cryb_tracing_span_duration_seconds": ("service operation span_kind", (0.001, 0.01, 0.1, 1, 10)),
        "cryb_tracing_trace_errors_total": ("service error_type", ()),
        "cryb_tracing_active_traces": ("service", ()),
        "queue_depth": ("queue state", ()),
        "queue_jobs_total": ("queue state", ()),
        "queue_job_errors_total": ("queue error_type", ()),
        "queue_processing_rate": ("queue", ()),
        "queue_processing_time_ms": ("queue", ()),
        "queue_error_rate_percent": ("queue", ()),
        "queue_throughput": ("queue", ()),
        "queue_lag_ms": ("queue", ()),
        "queue_worker_utilization_percent": ("queue", ()),
        "queue_health_status": ("queue", ()),
        "queue_workers": ("queue status", ()),
        "queue_metrics_collection_duration_seconds": ("", (0.1, 0.5, 1, 2, 5, 10)),
        "queue_metrics_collection_errors_total": ("", ()),
    },
    "websocket-monitoring": {
        "websocket_connected": ("", ()),
        "websocket_latency_ms": ("", ()),
        "websocket_reconnects_total": ("", ()),
    },
    "socketio": {
        f"cryb_socketio_{name}": (labels, bounds)
        for name, labels, bounds in (
            ("connected_clients", "namespace room", ()),
            ("connection_attempts_total", "namespace transport", ()),
            ("connection_errors_total", "namespace error_type", ()),
            ("messages_total", "namespace event direction", ()),
            ("message_queue_size", "namespace queue_type", ()),
            ("total_rooms", "namespace", ()),
            ("room_size", "namespace room_type", (1, 2, 5, 10, 25, 50, 100, 250, 500)),
            ("room_join_events_total", "namespace room_type", ()),
            ("room_leave_events_total", "namespace room_type", ()),
            ("throughput_rate", "namespace event", ()),
            ("error_rate_percentage", "namespace error_type", ()),
            ("transport_upgrades_total", "from_transport to_transport", ()),
            ("transport_errors_total", "transport error_type", ()),
            ("pubsub_messages_total", "direction channel", ()),
        )
    },
    "bullmq": {
        f"bullmq_queue_jobs_{state}": ("queue", ()) for state in ("waiting", "active", "completed", "failed", "delayed")
    },
    "search-analytics": {
        "elasticsearch_queries_total": ("", ()),
        "elasticsearch_index_documents_total": ("index", ()),
        "elasticsearch_index_size_bytes": ("index", ()),
        "elasticsearch_cluster_health_status": ("", ()),
    },
    "livekit": {
        f"livekit_{name}": (f"node_id node_type {labels}", ())
        for name, labels in (
            ("room_total", ""),
            ("participant_total", ""),
            ("participant_join_total", "state"),
            ("track_published_total", "kind"),
            ("track_subscribed_total", "kind"),
            ("packet_total", "direction type"),
            ("packet_bytes", "direction type"),
        )
    },
}

# The contract leaves these buckets, or these labels, to the exporter.
LABELS_ONLY: dict[str, dict[str, str]] = {
    "socketio": {
        "cryb_socketio_connection_duration_seconds": "namespace",
        "cryb_socketio_message_processing_duration_seconds": "namespace event",
        "cryb_socketio_message_delivery_latency_seconds": "namespace room",
        "cryb_socketio_event_latency_seconds": "namespace event",
        "cryb_socketio_pubsub_latency_seconds": "channel",
    },
    "search-analytics": {"elasticsearch_query_duration_seconds": ""},
    "livekit": {
        "livekit_packet_loss_total": "node_id node_type direction source type",
        "livekit_nack_total": "node_id node_type direction",
        "livekit_pli_total": "node_id node_type direction",
        "livekit_rtt_ms": "node_id node_type direction source type",
        "livekit_jitter_us": "node_id node_type direction source type",
        "livekit_room_duration_seconds": "node_id node_type",
        "livekit_quality_score": "node_id node_type",
    },
}

# Closed sets of label values.
VALUES: dict[str, dict[str, set[str]]] = {
    "cryb_realtime_connections_total": {"type": {"websocket", "polling"}},
    "cryb_voice_calls_total": {"type": {"voice", "video", "screen_share"}},
    "cryb_voice_calls_poor_quality_total": {"type": {"voice", "video", "screen_share"}},
    "cryb_voice_calls_active": {"type": {"voice", "video", "screen_share"}},
    "socketio_rooms_active": {"namespace": {"/"}},
    "socketio_messages_total": {"room": {"default", "channel", "server", "dm", "voice"}},
    "cryb_notifications_sent_total": {"channel": {"push", "email", "in_app", "websocket"}},
    "cryb_search_queries_total": {"type": {"text", "all", "users", "servers", "communities", "posts", "messages"}},
    "cryb_search_relevance_score": {"algorithm": {"elasticsearch", "postgresql_fts"}},
    "cryb_uploads_total": {"file_type": {"image", "video", "audio", "document", "other"}},
    "queue_depth": {
        "queue": {"messages", "notifications", "media", "analytics", "moderation", "blockchain", "email"},
        "state": {"waiting", "active", "completed", "failed", "delayed"},
    },
    "queue_jobs_total": {"state": {"waiting", "active", "completed", "failed", "delayed"}},
    "cryb_slo_error_budget_remaining": {"slo_type": {"availability", "latency"}},
}


@pytest.mark.parametrize(
    ("job", "name"),
    [(job, name) for table in (CONTRACT, LABELS_ONLY) for job, names in table.items() for name in names],
)
def test_a_family_is_as_in_the_contract(job: str, name: str) -> None:
    entries = [family for family in FAMILIES if (family.job, family.name) == (job, name)]
    assert entries
    for entry in entries:
        labels, bounds = CONTRACT.get(job, {}).get(name, (LABELS_ONLY.get(job, {}).get(name, ""), None))
        assert entry.label_names == tuple(sorted(labels.split()))
        if bounds is not None:
            assert entry.bounds == bounds


@pytest.mark.parametrize("name", VALUES)
def test_closed_sets_of_values_are_the_contract_s(name: str) -> None:
    for label, allowed in VALUES[name].items():
        found = set()
        for entry in (family for family in FAMILIES if family.name == name and family.job == "cryb-api"):
            view = entry.view
            assert not isinstance(view, Written)
            if isinstance(view, Level):
                found |= {labels[label] for labels, _ in rows(view.dimensions)}
                continue
            found |= {
                labels[view.by[label]]
                for labels, _ in rows(view.flow.dimensions)
                if all(labels[of] in kept for of, kept in view.where.items())
            }
        assert found == allowed
