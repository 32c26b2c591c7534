"""The API: which instances are up, how busy they are, what fails and what is late."""

from __future__ import annotations

import numpy as np

from simulator.model.moment import Floats, Moment, signal

UTILIZATION_AT_PEAK = 0.55
MOST_UTILIZATION = 0.97
BASE_FAILING = 2e-4
"""Share of requests that fail with 5xx on a good day; the catalogue divides it among codes."""


def _down(m: Moment, instances: tuple[str, ...]) -> Floats:
    """For each instance and instant, 1 where an outage has it; as `profile.activity.instances_hit`."""
    down = np.zeros((len(instances), len(m)))
    everywhere = Moment(m.world, m.grid_ms, disturbed=m.disturbed)
    for fault, strength in everywhere.faults("outage"):
        if fault.target.instance is not None:
            hit = np.where(strength > 0, 1.0, 0.0)
            for number, name in enumerate(instances):
                if name == fault.target.instance:
                    down[number] = np.maximum(down[number], hit)
        else:
            first = np.ceil(strength * len(instances) - 1e-9)
            for number in range(len(instances)):
                down[number] = np.maximum(down[number], np.where(number < first, 1.0, 0.0))
    return down


@signal("api.alive", "", "API instances that answer")
def alive(m: Moment) -> Floats:
    instances = m.world.instances("api")
    up = np.zeros(len(m))
    for row in _down(m, instances):
        up = up + (1.0 - row)
    return up


@signal("api.up", "", "1 where this API instance answers")
def up(m: Moment) -> Floats:
    instances = m.world.instances("api")
    if m.instance not in instances:
        return np.where(m["api.alive"] > 0, 1.0, 0.0)
    return np.asarray(1.0 - _down(m, instances)[instances.index(m.instance)])


@signal("api.share", "ratio", "the part of all requests that this instance gets: the load balancer avoids dead ones")
def share(m: Moment) -> Floats:
    return m["api.up"] / np.maximum(m["api.alive"], 1.0)


@signal("http.served", "1/s", "HTTP requests that reach the API")
def served(m: Moment) -> Floats:
    return np.where(m["api.alive"] > 0, m["traffic.requests"], 0.0)


@signal("api.utilization", "ratio", "share of the API's capacity in use")
def utilization(m: Moment) -> Floats:
    peak = m.profile.traffic.peak * m.profile.load.scale
    capacity = peak / UTILIZATION_AT_PEAK * m["api.alive"] / len(m.world.instances("api"))
    busy = np.divide(m["http.served"], capacity, out=np.zeros(len(m)), where=capacity > 0)
    return np.minimum(busy, MOST_UTILIZATION)


@signal("api.stretch", "", "how much longer everything takes than on an idle API")
def stretch(m: Moment) -> Floats:
    # Mean sojourn of an M/G/1 queue with processor sharing: service time / (1 - utilization), whatever the law of the
    # service time (L. Kleinrock, Queueing Systems II, 1976, section 4.4); relative to the peak's, so that medians in
    # the table of spreads are those of an idle API.
    return 1.0 / (1.0 - m["api.utilization"])


@signal("http.fails_500", "ratio", "share of requests that a fault turns into 500")
def fails_500(m: Moment) -> Floats:
    return m.fault("http_errors")


@signal("http.fails_503", "ratio", "share of requests that a fault turns into 503")
def fails_503(m: Moment) -> Floats:
    return m.full(0.0)


@signal("http.failing_percent", "percent", "requests that end with 5xx")
def failing_percent(m: Moment) -> Floats:
    failing = 1.0 - (1.0 - m["http.fails_500"]) * (1.0 - m["http.fails_503"])
    return 100.0 * (BASE_FAILING + (1.0 - BASE_FAILING) * failing)


@signal("http.late_share", "ratio", "share of requests that a fault delays")
def late_share(m: Moment) -> Floats:
    return m.fault("latency")


@signal("http.late_seconds", "seconds", "median of the delay that a fault adds to them")
def late_seconds(m: Moment) -> Floats:
    return m.worst("latency", "delay") / 1000.0


@signal("http.mean_seconds", "seconds", "mean time of a request")
def mean_seconds(m: Moment) -> Floats:
    late = m["http.late_share"] * m["http.late_seconds"] + m["db.late_share"] * m["db.late_seconds"]
    return 0.02 * m["api.stretch"] + 1.13 * late  # mean of a lognormal of sigma 0.5 over its median


@signal("http.in_flight", "", "requests being handled by this instance")
def in_flight(m: Moment) -> Floats:
    # Little's law
    return m["http.served"] * m["api.share"] * m["http.mean_seconds"]


@signal("api.memory_bytes", "bytes", "resident memory of this instance")
def memory_bytes(m: Moment) -> Floats:
    return 180e6 + 60e6 * m["api.utilization"] + 40e3 * m["http.in_flight"]


@signal("api.eventloop_lag_seconds", "seconds", "how late the event loop is")
def eventloop_lag_seconds(m: Moment) -> Floats:
    return 0.001 * m["api.stretch"]
