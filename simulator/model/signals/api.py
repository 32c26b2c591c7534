"""The API: which instances are up, how busy they are, what fails and what is late."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

import numpy as np

from simulator.catalog.families import rows
from simulator.catalog.http import PACES, QUALITY, QUALITY_LAW, REQUESTS
from simulator.catalog.sizes import Extent
from simulator.model.moment import Floats, Moment, SignalFunction, signal
from simulator.model.signals.instances import of_host
from simulator.model.signals.leaks import leaked_ratio
from simulator.model.spreads import Spread, register

UTILIZATION_AT_PEAK = 0.55
MOST_UTILIZATION = 0.97
BASE_FAILING = 2e-4
"""Share of requests that fail with 5xx on a good day; the catalogue divides it among codes."""
CONTENTION = 2.5
"""How much longer everything takes, beside as long as ever, when the CPUs of its host are taken altogether."""
REQUEST_CPU_MS = 5.5
"""CPU time of a request."""


@signal("api.alive", "", "API instances that answer", shared=True)
def alive(m: Moment) -> Floats:
    up = m.full(0.0)
    for instance in m.world.instances("api"):
        up = up + m.of(instance)["instance.up"]
    return up


@signal("api.up", "", "1 where this API instance answers")
def up(m: Moment) -> Floats:
    if m.instance in m.world.instances("api"):
        return m["instance.up"]
    return np.where(m["api.alive"] > 0, 1.0, 0.0)


@signal("api.share", "ratio", "the part of all requests that this instance gets: the load balancer avoids dead ones")
def share(m: Moment) -> Floats:
    return m["api.up"] / np.maximum(m["api.alive"], 1.0)


@signal("http.served", "1/s", "HTTP requests that reach the API", shared=True)
def served(m: Moment) -> Floats:
    return np.where(m["api.alive"] > 0, m["traffic.requests"], 0.0) * m["edge.up"]


@signal("api.utilization", "ratio", "share of the API's capacity in use", shared=True)
def utilization(m: Moment) -> Floats:
    peak = m.profile.traffic.peak * m.profile.load.scale
    capacity = peak / UTILIZATION_AT_PEAK * m["api.alive"] / len(m.world.instances("api"))
    busy = np.divide(m["http.served"], capacity, out=np.zeros(len(m)), where=capacity > 0)
    return np.minimum(busy, MOST_UTILIZATION)


@signal("api.stretch", "", "how much longer everything takes than on an idle API")
def stretch(m: Moment) -> Floats:
    # Mean sojourn of an M/G/1 queue with processor sharing: service time / (1 - utilization), whatever the law of the
    # service time (L. Kleinrock, Queueing Systems II, 1976, section 4.4); relative to the peak's, so that medians in
    # the table of spreads are those of an idle API. Who else wants the CPU, and a collector that runs all the time,
    # lengthen the service time itself.
    longer = (1.0 + CONTENTION * of_host(m, "api", "node.cpu_taken")) * (1.0 + 0.8 * m["api.leaked_ratio"])
    return 1.0 / (1.0 - m["api.utilization"]) * longer


@signal("api.stretch_on_database", "", "the same for requests that wait for the database half of their time")
def stretch_on_database(m: Moment) -> Floats:
    return m["api.stretch"] * (1.0 + 0.5 * (m["db.slowdown"] - 1.0))


@lru_cache(maxsize=8)
def _database_share(extent: Extent) -> float:
    """The part of all requests that needs the database."""
    return sum(part for labels, part in rows(REQUESTS.dimensions, extent) if labels["_pace"] != "memory")


def _through_database(m: Moment) -> float:
    return _database_share(m.profile.platform.extent)


@signal("http.fails_500", "ratio", "share of all requests that a fault turns into 500")
def fails_500(m: Moment) -> Floats:
    return 1.0 - (1.0 - m.fault("http_errors")) * (1.0 - _through_database(m) * m["db.aborted"])


@signal("http.fails_503", "ratio", "share of all requests that a fault turns into 503")
def fails_503(m: Moment) -> Floats:
    return _through_database(m) * m["db.refused"]


def _fails_500_at(pace: str) -> SignalFunction:
    def fails(m: Moment) -> Floats:
        aborted = m["db.aborted"] if pace != "memory" else m.full(0.0)
        return 1.0 - (1.0 - m.fault("http_errors")) * (1.0 - aborted)

    return fails


def _fails_503_at(pace: str) -> SignalFunction:
    def fails(m: Moment) -> Floats:
        return m["db.refused"] if pace != "memory" else m.full(0.0)

    return fails


for _pace in PACES:
    signal(f"http.fails_500.{_pace}", "ratio", f"share of {_pace} requests that a fault turns into 500")(
        _fails_500_at(_pace)
    )
    signal(f"http.fails_503.{_pace}", "ratio", f"share of {_pace} requests that a fault turns into 503")(
        _fails_503_at(_pace)
    )


@signal("http.failing_share", "ratio", "share of all requests that a fault turns into 5xx")
def failing_share(m: Moment) -> Floats:
    return 1.0 - (1.0 - m["http.fails_500"]) * (1.0 - m["http.fails_503"])


@signal("http.failing_percent", "percent", "requests that end with 5xx")
def failing_percent(m: Moment) -> Floats:
    return 100.0 * (BASE_FAILING + (1.0 - BASE_FAILING) * m["http.failing_share"])


@signal("api.spoilt", "ratio", "share of answers that a fault makes worth nothing: an error, or late")
def spoilt(m: Moment) -> Floats:
    return 1.0 - (1.0 - m["http.failing_share"]) * (1.0 - m["http.late_share"])


def _quality_at(part: float) -> SignalFunction:
    """A quantile over all answers: 0 up to the share that is worth nothing, then the law of the others."""

    def quality(m: Moment) -> Floats:
        nothing = BASE_FAILING + (1.0 - BASE_FAILING) * m["api.spoilt"]
        left = 1.0 - nothing
        place = np.divide(part - nothing, left, out=np.full(len(m), -1.0), where=left > 0)
        out = np.zeros(len(m))
        for (low, worse), (high, better) in pairwise(QUALITY_LAW):
            here = (place >= low) & (place <= high)
            out = np.where(here, worse + (better - worse) * ((place - low) / (high - low)), out)
        return out

    return quality


for _part in QUALITY:
    signal(f"api.response_quality.{_part}", "ratio", f"how good answers are: quantile {_part}, over all of them")(
        _quality_at(float(_part))
    )


@signal("http.late_share", "ratio", "share of requests that a fault delays")
def late_share(m: Moment) -> Floats:
    return m.fault("latency")


@signal("http.late_seconds", "seconds", "median of the delay that a fault adds to them")
def late_seconds(m: Moment) -> Floats:
    return m.worst("latency", "delay") / 1000.0


@signal("http.mean_seconds", "seconds", "mean time of a request")
def mean_seconds(m: Moment) -> Floats:
    late = m["http.late_share"] * m["http.late_seconds"] + m["db.late_share"] * m["db.late_seconds"]
    return 0.02 * m["api.stretch_on_database"] + 1.13 * late  # mean of a lognormal of sigma 0.5 over its median


@signal("http.in_flight", "", "requests being handled by this instance")
def in_flight(m: Moment) -> Floats:
    # Little's law
    return m["http.served"] * m["api.share"] * m["http.mean_seconds"]


@signal("api.leaked_ratio", "ratio", "how much of what its host had to spare a leak of this instance has taken")
def of_leak(m: Moment) -> Floats:
    return leaked_ratio(m, "api")


@signal("api.leaked_bytes", "bytes", "memory that a leak of this instance has taken")
def leaked_bytes(m: Moment) -> Floats:
    return m["api.leaked_ratio"] * of_host(m, "api", "node.memory_spare_bytes")


@signal("api.memory_bytes", "bytes", "resident memory of this instance")
def memory_bytes(m: Moment) -> Floats:
    return 180e6 + 60e6 * m["api.utilization"] + 40e3 * m["http.in_flight"] + m["api.leaked_bytes"]


@signal("api.heap_used_bytes", "bytes", "JavaScript heap of this instance in use: a saw of its collections")
def heap_used_bytes(m: Moment) -> Floats:
    return 62e6 + 24e6 * m["api.utilization"] + m["api.leaked_bytes"]


@signal("api.heap_total_bytes", "bytes", "JavaScript heap of this instance")
def heap_total_bytes(m: Moment) -> Floats:
    return 96e6 + 26e6 * m["api.utilization"] + 1.04 * m["api.leaked_bytes"]


@signal("api.open_files", "", "file descriptors of this instance in use: sockets of users and of the pool")
def open_files(m: Moment) -> Floats:
    return 34.0 + m["http.in_flight"] + m["db.pool_used"] + 20.0 * m["api.utilization"]


@signal("api.sockets", "", "sockets of this instance")
def sockets(m: Moment) -> Floats:
    return 6.0 + m["http.in_flight"] + m["db.pool_used"] + 20.0 * m["api.utilization"]


@signal("api.cpu_ms", "ms/s", "CPU time of all instances a second")
def cpu_ms(m: Moment) -> Floats:
    return 9.0 * m["api.alive"] + REQUEST_CPU_MS * m["http.served"] * (1.0 + 1.5 * m["api.leaked_ratio"])


@signal("api.collections", "1/s", "garbage collections of all instances")
def collections(m: Moment) -> Floats:
    return 0.03 * m["api.alive"] + 0.02 * m["http.served"] * (1.0 + 6.0 * m["api.leaked_ratio"])


@signal("api.collection_stretch", "", "how much longer collections take than of a small heap")
def collection_stretch(m: Moment) -> Floats:
    return 1.0 + 12.0 * m["api.leaked_ratio"]


@signal("api.eventloop_lag_seconds", "seconds", "how late the event loop is")
def eventloop_lag_seconds(m: Moment) -> Floats:
    return 0.001 * m["api.stretch"] * (1.0 + 5.0 * m["api.leaked_ratio"])


register(
    {
        "gc.minor": Spread(0.0016, 0.7, "api.collection_stretch"),
        "gc.incremental": Spread(0.0008, 0.6, "api.collection_stretch"),
        "gc.major": Spread(0.009, 0.6, "api.collection_stretch"),
    }
)
