"""What the API tells of itself beside its requests."""

from __future__ import annotations

from simulator.model.moment import Floats, Moment, signal
from simulator.model.signals.instances import of_host
from simulator.model.spreads import Spread, register

RECEIVED, SENT = 1100.0, 4800.0
"""Bytes of a request and of its answer, headers included."""


@signal("api.cpu_percent", "percent", "CPU time of this instance, of one core's")
def cpu_percent(m: Moment) -> Floats:
    return m["api.cpu_ms"] * m["api.share"] / 10.0


@signal("api.received_bytes", "bytes/s", "bytes that this instance receives")
def received_bytes(m: Moment) -> Floats:
    return RECEIVED * m["http.served"] * m["api.share"]


@signal("api.sent_bytes", "bytes/s", "bytes that this instance sends")
def sent_bytes(m: Moment) -> Floats:
    return SENT * m["http.served"] * m["api.share"]


@signal("api.disk_used_ratio", "ratio", "share of the disk of this instance's host that is in use")
def disk_used_ratio(m: Moment) -> Floats:
    return 1.0 - of_host(m, "api", "node.disk_available_ratio")


# A page asks the API for its parts one after the other, and then paints them.
register(
    {
        "web.load": Spread(
            0.62,
            0.6,
            "api.stretch_on_database",
            (("http.late_share", "http.late_seconds"), ("db.late_share", "db.late_seconds")),
        )
    }
)
