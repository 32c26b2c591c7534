"""Instances of any service: whether they answer, since when they run, which host they run on."""

from __future__ import annotations

import numpy as np

from simulator.model.grid import origin_days
from simulator.model.moment import Floats, Moment, signal
from simulator.profile.presence import host_of, is_down, is_serving
from simulator.units import DAY


@signal("instance.up", "", "1 where this instance can be reached")
def up(m: Moment) -> Floats:
    if not m.disturbed:
        return m.full(1.0)
    return np.where(is_down(m.profile, m.instance, m.elapsed_ms), 0.0, 1.0)


@signal("instance.serves", "", "1 where the server of this instance works, whatever its exporter does")
def serves(m: Moment) -> Floats:
    if not m.disturbed:
        return m.full(1.0)
    return np.where(is_serving(m.profile, m.instance, m.elapsed_ms), 1.0, 0.0)


@signal("instance.started_seconds", "seconds", "when the processes of this instance were started, in Unix time")
def started_seconds(m: Moment) -> Floats:
    began = m.world.start // DAY * DAY - origin_days(m.profile) * DAY
    starts = np.concatenate((np.array([began], dtype=np.int64), m.world.restarts(m.instance)))
    if not m.disturbed:
        starts = starts[:1]
    last = starts[np.searchsorted(starts, m.grid_ms, side="right") - 1]
    return np.asarray((last - m.world.start + m.world.started_ms) / 1000.0)


@signal("instance.age_seconds", "seconds", "how long the processes of this instance have run")
def age_seconds(m: Moment) -> Floats:
    return m.unix_seconds - m["instance.started_seconds"]


def of_host(m: Moment, service: str, name: str) -> Floats:
    """A signal of the host that this instance of a service runs on; for anybody else, of the service's hosts on
    average."""
    instances = m.world.instances(service)
    if m.instance in instances:
        return m.of(host_of(m.profile, m.instance))[name]
    total = m.full(0.0)
    for instance in instances:
        total = total + m.of(host_of(m.profile, instance))[name]
    return total / len(instances)
