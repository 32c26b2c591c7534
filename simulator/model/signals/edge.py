"""The platform's edge: the proxy in front of it, and what probes from outside find."""

from __future__ import annotations

from typing import Final

import numpy as np

from simulator.model.moment import Floats, Moment, signal
from simulator.profile.activity import level, parameter
from simulator.units import DAY

REQUESTS_PER_API_REQUEST = 1.35
"""Requests to the proxy for each one that goes on to the API: pages and files come on top."""
HOSTS: Final = ("cryb.ai", "api.cryb.ai", "livekit.cryb.ai", "monitoring.cryb.ai")
CERTIFICATE_DAYS, RENEWED_AFTER_DAYS = 90, 60
"""As Let's Encrypt issues certificates and recommends to renew them."""
_LATENCY_SECONDS: Final = {
    "cryb.ai": 0.021,
    "api.cryb.ai": 0.012,
    "livekit.cryb.ai": 0.008,
    "monitoring.cryb.ai": 0.018,
}


@signal("edge.up", "", "1 where the proxy answers", shared=True)
def edge_up(m: Moment) -> Floats:
    return m.of("nginx-1")["instance.serves"]


@signal("nginx.requests", "1/s", "requests that the proxy answers")
def requests(m: Moment) -> Floats:
    return REQUESTS_PER_API_REQUEST * m["traffic.requests"] * m["edge.up"]


@signal("nginx.connections", "1/s", "connections that the proxy accepts")
def connections(m: Moment) -> Floats:
    return 0.3 * m["nginx.requests"]


@signal("nginx.open", "", "open connections of the proxy")
def open_connections(m: Moment) -> Floats:
    whole = m.of("")
    return 6.0 + 1.4 * m["nginx.requests"] + whole["http.served"] * whole["http.mean_seconds"]


@signal("nginx.writing", "", "connections that an answer is being written to")
def writing(m: Moment) -> Floats:
    whole = m.of("")
    return 1.0 + whole["http.served"] * whole["http.mean_seconds"]


@signal("nginx.waiting", "", "idle connections")
def waiting(m: Moment) -> Floats:
    return np.maximum(m["nginx.open"] - m["nginx.writing"], 0.0)


# -- probes: `m.instance` is the probed target ------------------------------------------------------------------------


def _host(m: Moment) -> str:
    return m.instance.removeprefix("https://").partition("/")[0].partition(":")[0]


def _any_up(m: Moment, service: str) -> Floats:
    up = m.full(0.0)
    for instance in m.world.instances(service):
        up = np.maximum(up, m.of(instance)["instance.up"])
    return up


@signal("probe.reached", "", "1 where the probed host accepts the connection")
def reached(m: Moment) -> Floats:
    if _host(m) == "monitoring.cryb.ai":
        return m.of("grafana-1")["instance.up"]
    return _any_up(m, "livekit") if _host(m) == "livekit.cryb.ai" else m["edge.up"]


@signal("probe.certificate_seconds", "seconds", "when the probed host's certificate runs out, in Unix time")
def certificate_seconds(m: Moment) -> Floats:
    number = HOSTS.index(_host(m)) if _host(m) in HOSTS else 0
    days = m.grid_ms / DAY - 7.0 * number
    renewed = np.floor(days / RENEWED_AFTER_DAYS) * RENEWED_AFTER_DAYS
    expiry = m.unix_seconds + (renewed + CERTIFICATE_DAYS - days) * (DAY / 1000.0)
    for fault in m.profile.faults if m.disturbed else ():
        if fault.kind == "certificate_expiry" and number < np.ceil(fault.intensity * len(HOSTS) - 1e-9):
            runs_out = (fault.at + parameter(fault, "remaining") + m.world.started_ms) / 1000.0
            expiry = np.where(level(fault, m.elapsed_ms) > 0, runs_out, expiry)
    return expiry


@signal("probe.secured", "", "1 where TLS can be agreed upon: reached, and the certificate is valid")
def secured(m: Moment) -> Floats:
    return m["probe.reached"] * np.where(m["probe.certificate_seconds"] > m.unix_seconds, 1.0, 0.0)


@signal("probe.status", "", "HTTP status that the probe gets; 0 where it gets none")
def status(m: Moment) -> Floats:
    code = m.full(200.0)
    if _host(m) == "api.cryb.ai":
        code = np.where(m["db.up"] > 0, code, 503.0)
        code = np.where(m["api.alive"] > 0, code, 502.0)
    elif _host(m) == "cryb.ai":
        code = np.where(_any_up(m, "web") > 0, code, 502.0)
    return code * m["probe.secured"]


@signal("probe.success", "", "1 where an HTTP probe is content")
def success(m: Moment) -> Floats:
    return np.where(m["probe.status"] == 200.0, 1.0, 0.0)


@signal("probe.resolve_seconds", "seconds", "time to look the name up")
def resolve_seconds(m: Moment) -> Floats:
    return m.full(0.0018)


@signal("probe.connect_seconds", "seconds", "time to connect")
def connect_seconds(m: Moment) -> Floats:
    return 0.0011 * m["probe.reached"]


@signal("probe.tls_seconds", "seconds", "time to agree upon TLS")
def tls_seconds(m: Moment) -> Floats:
    return 0.0062 * m["probe.secured"]


@signal("probe.processing_seconds", "seconds", "time until the answer begins")
def processing_seconds(m: Moment) -> Floats:
    stretch = m.of("")["api.stretch"] if _host(m) == "api.cryb.ai" else m.full(1.0)
    return _LATENCY_SECONDS.get(_host(m), 0.01) * stretch * m["probe.secured"]


@signal("probe.transfer_seconds", "seconds", "time of the answer itself")
def transfer_seconds(m: Moment) -> Floats:
    return 0.0006 * m["probe.secured"]


@signal("probe.http_seconds", "seconds", "time of a whole HTTP probe")
def http_seconds(m: Moment) -> Floats:
    return m["probe.tcp_seconds"] + m["probe.processing_seconds"] + m["probe.transfer_seconds"]


@signal("probe.tcp_seconds", "seconds", "time of a whole TCP probe with TLS")
def tcp_seconds(m: Moment) -> Floats:
    return m["probe.resolve_seconds"] + m["probe.connect_seconds"] + m["probe.tls_seconds"]
