"""What grows for as long as a fault lasts: leaked memory, filled disks."""

from __future__ import annotations

import numpy as np

from simulator.model.moment import Floats, Moment
from simulator.profile.activity import exposure, parameter, service_of
from simulator.profile.presence import instances_of, service_name


def grown_ratio(m: Moment, kind: str, instance: str) -> Floats:
    """How far faults of a kind have got that fill something of an instance by and by: 0 at first, 1 where it is full.

    `full_after` is the time it takes at full intensity. What a fault took is given back at its end.
    """
    grown = m.full(0.0)
    for fault in m.profile.faults if m.disturbed else ():
        if fault.kind != kind or service_of(fault) != service_name(instance):
            continue
        if fault.target.instance in (None, instance):
            acts = (m.elapsed_ms >= fault.at) & (m.elapsed_ms < fault.end)
            grown = grown + np.where(acts, exposure(fault, m.elapsed_ms) / parameter(fault, "full_after"), 0.0)
    return np.minimum(grown, 1.0)


def leaked_ratio(m: Moment, service: str) -> Floats:
    """How much of its host's spare memory this instance of a service has leaked; for anybody else, on average."""
    instances = instances_of(m.profile, service)
    if m.instance in instances:
        return grown_ratio(m, "memory_leak", m.instance)
    total = m.full(0.0)
    for instance in instances:
        total = total + grown_ratio(m, "memory_leak", instance)
    return total / len(instances)
