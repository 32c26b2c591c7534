"""The proxy and the probes: nginx-prometheus-exporter 0.11 and blackbox_exporter 0.24 (contract 5.9)."""

from __future__ import annotations

from simulator.catalog.families import Count, Dimension, Family, Flow, Level, constant
from simulator.catalog.jobs import BLACKBOX_HTTP, BLACKBOX_SSL, NGINX
from simulator.telemetry.samples import MetricType

_C, _G = MetricType.COUNTER, MetricType.GAUGE


_CONNECTIONS = Flow("nginx_connections_accepted", "nginx.connections")  # none is accepted and then dropped
_REQUESTS = Flow("nginx_http_requests_total", "nginx.requests")


def _counter(name: str, text: str, flow: Flow) -> Family:
    return Family(NGINX, name, _C, text, Count(flow, {}), present="edge.up")


def _gauge(name: str, text: str, signal: str, noise: float = 0.05) -> Family:
    return Family(NGINX, name, _G, text, Level(signal, noise=noise, whole=True), present="edge.up")


_BUILD = Dimension(
    ("arch", "commit", "date", "dirty", "go", "version"),
    ((("linux/amd64", "e4a6810d4f0b776f7fde37fea1d84e4c7284b72a", "2022-09-07", "false", "go1.19", "0.11.0"), 1.0),),
)
_NGINX: tuple[Family, ...] = (
    Family(NGINX, "nginx_up", _G, "Status of the last metric scrape", Level("edge.up")),
    Family(NGINX, "nginxexporter_build_info", _G, "Exporter build information", Level("one", (_BUILD,))),
    _counter("nginx_connections_accepted", "Accepted client connections", _CONNECTIONS),
    _counter("nginx_connections_handled", "Handled client connections", _CONNECTIONS),
    _counter("nginx_http_requests_total", "Total http requests", _REQUESTS),
    _gauge("nginx_connections_active", "Active client connections", "nginx.open"),
    _gauge("nginx_connections_reading", "Connections where NGINX is reading the request header", "zero", 0.0),
    _gauge(
        "nginx_connections_writing",
        "Connections where NGINX is writing the response back to the client",
        "nginx.writing",
    ),
    _gauge("nginx_connections_waiting", "Idle client connections", "nginx.waiting"),
)


def _probe(job: str, name: str, text: str, level: Level, present: str = "") -> Family:
    return Family(job, name, _G, text, level, present=present)


_PHASES = {
    "resolve": "probe.resolve_seconds",
    "connect": "probe.connect_seconds",
    "tls": "probe.tls_seconds",
    "processing": "probe.processing_seconds",
    "transfer": "probe.transfer_seconds",
}


def _of_both(job: str, success: str, seconds: str) -> tuple[Family, ...]:
    """What a probe shows with any module, where TLS is spoken."""
    return (
        _probe(job, "probe_success", "Displays whether or not the probe was a success", Level(success)),
        _probe(
            job,
            "probe_duration_seconds",
            "Returns how long the probe took to complete in seconds",
            Level(seconds, noise=0.15),
        ),
        _probe(
            job,
            "probe_dns_lookup_time_seconds",
            "Returns the time taken for probe dns lookup in seconds",
            Level("probe.resolve_seconds", noise=0.2),
        ),
        _probe(job, "probe_failed_due_to_regex", "Indicates if probe failed due to regex", Level("zero")),
        _probe(job, "probe_ip_protocol", "Specifies whether probe ip protocol is IP4 or IP6", Level("one", scale=4.0)),
        _probe(
            job,
            "probe_ip_addr_hash",
            "Specifies the hash of IP address. It's useful to detect if the IP address changes.",
            Level("one", scale=3.668918509e9),
        ),
        _probe(
            job,
            "probe_ssl_earliest_cert_expiry",
            "Returns last SSL chain expiry in unixtime",
            Level("probe.certificate_seconds", whole=True),
            "probe.secured",
        ),
        _probe(
            job,
            "probe_ssl_last_chain_expiry_timestamp_seconds",
            "Returns last SSL chain expiry in timestamp",
            Level("probe.certificate_seconds", whole=True),
            "probe.secured",
        ),
        _probe(
            job,
            "probe_tls_version_info",
            "Returns the TLS version used or NaN when unknown",
            Level("one", (constant("version", "TLS 1.3"),)),
            "probe.secured",
        ),
    )


FAMILIES: tuple[Family, ...] = (
    *_NGINX,
    *_of_both(BLACKBOX_HTTP, "probe.success", "probe.http_seconds"),
    *_of_both(BLACKBOX_SSL, "probe.secured", "probe.tcp_seconds"),
    _probe(BLACKBOX_HTTP, "probe_http_status_code", "Response HTTP status code", Level("probe.status")),
    _probe(BLACKBOX_HTTP, "probe_http_ssl", "Indicates if SSL was used for the final redirect", Level("probe.secured")),
    _probe(BLACKBOX_HTTP, "probe_http_redirects", "The number of redirects", Level("zero")),
    _probe(
        BLACKBOX_HTTP,
        "probe_http_version",
        "Returns the version of HTTP of the probe response",
        Level("probe.secured", scale=2.0),
    ),
    _probe(
        BLACKBOX_HTTP,
        "probe_http_content_length",
        "Length of http content response",
        Level("probe.secured", scale=-1.0, low=-1.0),
    ),
    _probe(
        BLACKBOX_HTTP,
        "probe_http_uncompressed_body_length",
        "Length of uncompressed response body",
        Level("probe.success", scale=1840.0),
    ),
    *(
        _probe(
            BLACKBOX_HTTP,
            "probe_http_duration_seconds",
            "Duration of http request by phase, summed over all redirects",
            Level(signal, (constant("phase", phase),), noise=0.2),
        )
        for phase, signal in _PHASES.items()
    ),
)
