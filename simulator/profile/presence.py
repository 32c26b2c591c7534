"""Which instances of the platform can be reached, and when their processes began anew: pure functions of time.

API processes, emitter, model and judge all ask here, so that they agree.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.catalog.services import CONTAINERS, NODE, PROBES
from simulator.profile.activity import ActiveFault, instances_hit, level, parameter, service_of, spans
from simulator.profile.schema import Fault, Profile

Elapsed = NDArray[np.int64]
"""Milliseconds after the run's start; negative before it."""
Truth = NDArray[np.bool_]

_SERVER_DOWN: Final = ("database_down", "redis_down")
"""The server is gone and its exporter is not."""


def instances_of(profile: Profile, service: str) -> tuple[str, ...]:
    """The logical instances of a service: `api-1`, `api-2`, …; one where the profile does not count them."""
    count = getattr(profile.platform.instances, service, 1)
    return tuple(f"{service}-{number}" for number in range(1, count + 1))


def service_name(instance: str) -> str:
    """The service of a logical instance; empty for anything that is not one."""
    return instance.rpartition("-")[0]


def host_of(profile: Profile, instance: str) -> str:
    """The host that an instance runs on: a host's is itself; empty where it runs elsewhere."""
    service, _, number = instance.rpartition("-")
    if service == NODE:
        return instance
    if service not in CONTAINERS or not number.isdigit():
        return ""
    hosts = profile.platform.instances.node
    return f"{NODE}-{(int(number) - 1) % hosts + 1}"


def struck(profile: Profile, fault: Fault) -> tuple[str, ...]:
    """The instances that a fault reaches at its full intensity, where intensity is a share of instances, in order."""
    names = instances_of(profile, service_of(fault))
    hit = instances_hit(ActiveFault(fault, fault.intensity), names)
    return tuple(name for name in names if name in hit)


def is_down(profile: Profile, instance: str, elapsed_ms: Elapsed) -> Truth:
    """Whether an instance, its host included, cannot be reached at all."""
    down = np.zeros(len(elapsed_ms), dtype=np.bool_)
    for fault in profile.faults:
        if fault.kind == "outage":
            for name in {instance, host_of(profile, instance)}:
                down |= _out(profile, fault, name, elapsed_ms)
        elif fault.kind in ("deploy", "crash_loop") and instance in struck(profile, fault):
            for start, end in _absences(profile, fault, instance):
                down |= (elapsed_ms >= start) & (elapsed_ms < end)
    return down


def is_serving(profile: Profile, instance: str, elapsed_ms: Elapsed) -> Truth:
    """Whether the server of an instance works, whatever its exporter does."""
    works = ~is_down(profile, instance, elapsed_ms)
    for fault in profile.faults:
        if fault.kind in _SERVER_DOWN:
            works &= ~_out(profile, fault, instance, elapsed_ms)
    return works


def is_running(profile: Profile, instance: str, elapsed_ms: Elapsed) -> Truth:
    """Whether the processes of an instance run, whether or not they can be reached. Not while it crashed, is being
    replaced, is a server that is gone, or its host is."""
    runs = np.ones(len(elapsed_ms), dtype=np.bool_)
    host = host_of(profile, instance)
    for fault in profile.faults:
        if fault.kind in ("deploy", "crash_loop") and instance in struck(profile, fault):
            for start, end in _absences(profile, fault, instance):
                runs &= (elapsed_ms < start) | (elapsed_ms >= end)
        elif fault.kind in _SERVER_DOWN:
            runs &= ~_out(profile, fault, instance, elapsed_ms)
        elif fault.kind == "outage" and service_of(fault) == NODE:
            runs &= ~_out(profile, fault, host, elapsed_ms)
    return runs


def is_flapping(profile: Profile, instance: str, elapsed_ms: Elapsed) -> Truth:
    """Whether a scrape target is gone just now, though its instance is well."""
    gone = np.zeros(len(elapsed_ms), dtype=np.bool_)
    for fault in profile.faults:
        if fault.kind == "target_flapping" and instance in struck(profile, fault):
            period = round(parameter(fault, "period"))
            since = elapsed_ms - fault.at
            gone |= (since >= 0) & (elapsed_ms < fault.end) & (since % period < period // 2)
    return gone


def restarts(profile: Profile, instance: str) -> tuple[int, ...]:
    """When the processes of an instance began anew, rising. A deploy and a crash end in one; so does a server's or a
    host's absence, but an API whose port was closed goes on where it was."""
    found: set[int] = set()
    host = host_of(profile, instance)
    for fault in profile.faults:
        if fault.kind in ("deploy", "crash_loop") and instance in struck(profile, fault):
            found.update(end for _, end in _absences(profile, fault, instance))
        elif (fault.kind in _SERVER_DOWN and instance in struck(profile, fault)) or (
            fault.kind == "outage" and service_of(fault) == NODE and host in struck(profile, fault)
        ):
            found.update(end for _, end in spans(fault))
    return tuple(sorted(found))


def absences(profile: Profile, fault: Fault) -> list[tuple[int, int]]:
    """When a deploy or a crash loop has an instance away, whichever: `[start, end)`. Nothing for other kinds."""
    if fault.kind == "crash_loop":
        return _absences(profile, fault, "")  # all of them crash at once
    struck_by = struck(profile, fault) if fault.kind == "deploy" else ()
    return [absence for instance in struck_by for absence in _absences(profile, fault, instance)]


def releases(profile: Profile, instance: str) -> tuple[int, ...]:
    """When an instance was replaced by one of the next release, rising."""
    deploys = (fault for fault in profile.faults if fault.kind == "deploy" and instance in struck(profile, fault))
    return tuple(sorted(end for fault in deploys for _, end in _absences(profile, fault, instance)))


def release_name(number: int) -> str:
    """The name of the release after so many deploys."""
    return f"1.{42 + number}.0"


def taken_away(profile: Profile, fault: Fault, service: str) -> frozenset[str]:
    """The instances of a service that a fault takes away, if only for moments."""
    if fault.kind not in ("outage", "deploy", "crash_loop"):
        return frozenset()
    if service_of(fault) == service:
        return frozenset(struck(profile, fault))
    hosts = struck(profile, fault) if fault.kind == "outage" and service_of(fault) == NODE else ()
    return frozenset(name for name in instances_of(profile, service) if host_of(profile, name) in hosts)


def unscraped(profile: Profile, fault: Fault, service: str) -> frozenset[str]:
    """The instances of a service whose scrapes a fault may let fail: taken away, or only out of sight."""
    if service_of(fault) == service and fault.kind in ("scrape_gap", "target_flapping"):
        if fault.kind == "scrape_gap" and fault.target.instance is None:
            return frozenset(instances_of(profile, service))  # its intensity is a share of scrapes
        return frozenset(struck(profile, fault))
    return taken_away(profile, fault, service)


def scraped_instance(service: str, instance: str) -> str:
    """The logical instance that answers for a target: the prober, where the target is what is probed."""
    return f"{PROBES}-1" if service == PROBES else instance


def _out(profile: Profile, fault: Fault, instance: str, elapsed_ms: Elapsed) -> Truth:
    """As `activity.instances_hit`, over time."""
    nobody = np.zeros(len(elapsed_ms), dtype=np.bool_)
    if not instance or service_name(instance) != service_of(fault):
        return nobody
    strength = level(fault, elapsed_ms)
    if fault.target.instance is not None:
        return strength > 0 if fault.target.instance == instance else nobody
    names = instances_of(profile, service_of(fault))
    if instance not in names:
        return nobody
    return np.asarray(names.index(instance) < np.ceil(strength * len(names) - 1e-9))


def _absences(profile: Profile, fault: Fault, instance: str) -> list[tuple[int, int]]:
    """When an instance is away in a deploy or a crash loop: `[start, end)`; it begins anew at each end."""
    downtime = round(parameter(fault, "downtime"))
    if fault.kind == "deploy":
        order = struck(profile, fault)
        start = fault.at + order.index(instance) * (fault.for_ // len(order))
        return [(start, start + downtime)]
    every = round(parameter(fault, "every"))
    return [(start, min(start + downtime, fault.end)) for start in range(fault.at, fault.end, every)]
