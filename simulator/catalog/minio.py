"""The object store, with the names, types, help and labels of MinIO's cluster metrics (contract 5.9)."""

from __future__ import annotations

from simulator.catalog.families import Count, Family, Flow, Level, constant, same, shares
from simulator.catalog.jobs import MINIO
from simulator.telemetry.samples import MetricType

CAPACITY_BYTES = 4e12
_C, _G = MetricType.COUNTER, MetricType.GAUGE
_SERVER = constant("server", "minio:9000")
_READ_CALLS = shares("api", {"getobject": 82, "headobject": 12, "listobjectsv2": 6}, tiny=2)
_WRITE_CALLS = shares("api", {"putobject": 88, "deleteobject": 7, "completemultipartupload": 5}, tiny=2)
_ANY_CALLS = shares("api", {"getobject": 60, "putobject": 40})
_READS = Flow("minio.reads", "minio.reads", (_READ_CALLS, _SERVER))
_WRITES = Flow("minio.writes", "minio.writes", (_WRITE_CALLS, _SERVER))
_REFUSED = Flow("minio.refused", "minio.refused", (_ANY_CALLS, _SERVER))
_MISSED = Flow("minio.missed", "minio.missed", (_READ_CALLS, _SERVER))
_RECEIVED = Flow("minio.received", "minio.received_bytes", (_SERVER,), dispersion=480e3)
_SENT = Flow("minio.sent", "minio.sent_bytes", (_SERVER,), dispersion=160e3)


def _counter(name: str, text: str, *flows: Flow, labels: tuple[str, ...] = ("api", "server")) -> tuple[Family, ...]:
    return tuple(Family(MINIO, f"minio_{name}", _C, text, Count(flow, same(*labels))) for flow in flows)


def _gauge(name: str, text: str, level: Level) -> Family:
    return Family(MINIO, f"minio_{name}", _G, text, level)


def _constant(name: str, text: str, value: float) -> Family:
    return _gauge(name, text, Level("one", (_SERVER,), scale=value))


FAMILIES: tuple[Family, ...] = (
    _constant("cluster_capacity_raw_total_bytes", "Total capacity online in the cluster.", CAPACITY_BYTES),
    _constant("cluster_capacity_usable_total_bytes", "Total usable capacity online in the cluster.", CAPACITY_BYTES),
    _gauge(
        "cluster_capacity_usable_free_bytes",
        "Total free usable capacity online in the cluster.",
        Level("minio.free_bytes", (_SERVER,), whole=True),
    ),
    _constant("cluster_nodes_online_total", "Total number of MinIO nodes online.", 1.0),
    _constant("cluster_nodes_offline_total", "Total number of MinIO nodes offline.", 0.0),
    _constant("cluster_disk_online_total", "Total drives online.", 4.0),
    _constant("cluster_disk_offline_total", "Total drives offline.", 0.0),
    _constant("cluster_disk_total", "Total drives.", 4.0),
    *_counter("s3_requests_total", "Total number S3 requests.", _READS, _WRITES),
    *_counter("s3_requests_errors_total", "Total number S3 requests with (4xx and 5xx) errors.", _REFUSED),
    *_counter("s3_requests_5xx_errors_total", "Total number S3 requests with (5xx) errors.", _REFUSED),
    *_counter("s3_requests_4xx_errors_total", "Total number S3 requests with (4xx) errors.", _MISSED),
    *_counter("s3_traffic_received_bytes", "Total number of s3 bytes received.", _RECEIVED, labels=("server",)),
    *_counter("s3_traffic_sent_bytes", "Total number of s3 bytes sent.", _SENT, labels=("server",)),
    _gauge(
        "bucket_usage_total_bytes",
        "Total bucket size in bytes.",
        Level(
            "uploads.stored_bytes",
            (shares("bucket", {"uploads": 74, "avatars": 17, "backups": 9}), _SERVER),
            whole=True,
        ),
    ),
)
