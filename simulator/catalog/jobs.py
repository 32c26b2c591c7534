"""The scrape jobs of the platform: which service answers each, and how many of it there are.

Source: the platform contract, sections 5.8 and 6.
"""

from __future__ import annotations

from dataclasses import dataclass

from simulator.units import SECOND


@dataclass(frozen=True)
class Job:
    """One scrape job. `service` is a key of the profile's `platform.instances`, or a service that runs once.

    `share` names the signal that says which part of the job's flows one instance sees; empty: each sees its own whole.
    `down_during` are faults, by kind or id, that let its targets refuse the scrape (a job that an overlay added).
    `interval_ms` is how often it is scraped.
    """

    name: str
    service: str
    port: int
    share: str = ""
    targets: tuple[str, ...] = ()  # where instances are not numbered copies of the service
    down_during: tuple[str, ...] = ()
    interval_ms: int = 15 * SECOND


CRYB_API = "cryb-api"
NODE = "node-exporter"
CADVISOR = "cadvisor"
POSTGRES = "postgresql"
REDIS = "redis"
NGINX = "nginx"
ELASTICSEARCH = "elasticsearch"
MINIO = "minio"
LIVEKIT = "livekit"
BLACKBOX_HTTP = "blackbox-http"
BLACKBOX_SSL = "blackbox-ssl"
ALERTMANAGER = "alertmanager"
PROMETHEUS = "prometheus"
GRAFANA = "grafana"
ERROR_TRACKING = "error-tracking"
WEBSOCKET_MONITORING = "websocket-monitoring"
DATABASE_PERFORMANCE = "database-performance"
BUSINESS_METRICS = "business-metrics"
SOCKETIO = "socketio"
BULLMQ = "bullmq"
SEARCH_ANALYTICS = "search-analytics"
SECURITY = "security"
SECURITY_AUTOMATION = "security-automation"

_PROBED = ("https://cryb.ai", "https://api.cryb.ai/health", "https://livekit.cryb.ai", "https://monitoring.cryb.ai")
_TLS = ("cryb.ai:443", "api.cryb.ai:443", "livekit.cryb.ai:443", "monitoring.cryb.ai:443")

JOBS: tuple[Job, ...] = (
    Job(CRYB_API, "api", 3001, share="api.share", interval_ms=10 * SECOND),
    Job(NODE, "node", 9100),
    Job(CADVISOR, "node", 8080),
    Job(POSTGRES, "postgres", 9187),
    Job(REDIS, "redis", 9121),
    Job(NGINX, "nginx", 9113),
    Job(ELASTICSEARCH, "elasticsearch", 9114, interval_ms=30 * SECOND),
    Job(MINIO, "minio", 9000, interval_ms=30 * SECOND),
    Job(LIVEKIT, "livekit", 7880, share="livekit.share"),
    Job(BLACKBOX_HTTP, "blackbox", 9115, targets=_PROBED),
    Job(BLACKBOX_SSL, "blackbox", 9115, targets=_TLS),
    Job(ALERTMANAGER, "alertmanager", 9093),
    Job(PROMETHEUS, "prometheus", 9090, interval_ms=5 * SECOND),
    Job(GRAFANA, "grafana", 3000, interval_ms=30 * SECOND),
    Job(ERROR_TRACKING, "error-tracking", 9467),
    Job(WEBSOCKET_MONITORING, "websocket-monitoring", 9468, interval_ms=10 * SECOND),
    Job(DATABASE_PERFORMANCE, "database-performance", 9469, interval_ms=30 * SECOND),
    Job(BUSINESS_METRICS, "business-metrics", 9465),
    Job(SOCKETIO, "socketio", 9466),
    Job(BULLMQ, "bullmq", 9464),
    Job(SEARCH_ANALYTICS, "search-analytics", 9471),
    Job(SECURITY, "security-exporter", 9200),
    Job(SECURITY_AUTOMATION, "security-automation", 9472),
)

BY_NAME: dict[str, Job] = {job.name: job for job in JOBS}
