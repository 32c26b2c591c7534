"""The way in and the way out: proxy, probes, certificates, queues, object storage."""

from __future__ import annotations

from typing import Final

from dashboards.frame import Row, row
from dashboards.parts import GREEN, NEARLY_FULL, RED, Query, lines
from dashboards.selectors import of, rate

_NGINX, _PROBES, _STORE, _API = "nginx", "blackbox-http", "minio", "cryb-api"
_WAITING: Final = 'state="waiting"'


def edge() -> Row:
    """Proxy, probes, queues, storage."""
    return row(
        "Edge, storage and queues",
        lines(
            "Reverse proxy",
            "Requests a second through nginx, and connections that are open.",
            "short",
            Query(rate(of(_NGINX, "nginx_http_requests_total")), "requests a second"),
            Query(f"sum({of(_NGINX, 'nginx_connections_active')})", "open connections"),
        ),
        lines(
            "Probes",
            "How long a request from outside takes.",
            "s",
            Query(of(_PROBES, "probe_duration_seconds"), "{{instance}}"),
        ),
        lines(
            "Certificates",
            "How long each certificate is still valid. Under 14 days CertificateExpiring fires.",
            "s",
            Query(f"{of(_PROBES, 'probe_ssl_earliest_cert_expiry')} - time()", "{{instance}}"),
            limits=((float("-inf"), RED), (14 * 86400, GREEN)),
        ),
        lines(
            "Waiting jobs",
            "Jobs that wait in each queue. Growing for 15 minutes QueueBacklog fires.",
            "short",
            Query(f"max by (queue) ({of(_API, 'queue_depth', _WAITING)})", "{{queue}}"),
        ),
        lines(
            "Failed jobs",
            "Jobs a second that failed, by queue.",
            "ops",
            Query(rate(of(_API, "queue_job_errors_total"), "queue"), "{{queue}}"),
        ),
        lines(
            "Object storage",
            "Share of the usable space in use.",
            "percentunit",
            Query(
                f"1 - {of(_STORE, 'minio_cluster_capacity_usable_free_bytes')} / "
                f"{of(_STORE, 'minio_cluster_capacity_usable_total_bytes')}",
                "{{instance}}",
            ),
            high=1.0,
            limits=NEARLY_FULL,
        ),
    )
