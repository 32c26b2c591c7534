"""Containers: what each needs of its host, by what its service does."""

from __future__ import annotations

from simulator.catalog.cadvisor import NEEDS, OWN, Needs
from simulator.model.moment import Floats, Moment, signal
from simulator.model.signals.instances import of_host
from simulator.model.signals.leaks import leaked_ratio
from simulator.profile.presence import is_running, service_name


def _needs(m: Moment) -> Needs:
    return NEEDS.get(service_name(m.instance), OWN)


def _instances(m: Moment) -> int:
    return max(len(m.world.instances(service_name(m.instance))), 1)


@signal("time.unix_seconds", "seconds", "the time")
def unix_seconds(m: Moment) -> Floats:
    return m.unix_seconds


@signal("zero", "", "0 at all times")
def zero(m: Moment) -> Floats:
    return m.full(0.0)


@signal("container.runs", "", "1 where this instance's container runs, whether or not anybody can reach it")
def runs(m: Moment) -> Floats:
    return m.full(1.0) * is_running(m.profile, m.instance, m.elapsed_ms) if m.disturbed else m.full(1.0)


@signal("container.work", "", "traffic that this container serves, as a multiple of its part at the planned peak")
def work(m: Moment) -> Floats:
    if service_name(m.instance) == "api":
        return m["traffic.activity"] * m["api.share"] * _instances(m)
    if service_name(m.instance) == "postgres":
        return m["db.queries"] / _peak_queries(m)
    return m["traffic.activity"]


def _peak_queries(m: Moment) -> float:
    return 3.0 * m.profile.traffic.peak * m.profile.load.scale


@signal("container.cpu_ms", "ms/s", "CPU time of this container a second")
def cpu_ms(m: Moment) -> Floats:
    needs = _needs(m)
    rate = m.profile.traffic.peak * m.profile.load.scale / 20.0 / _instances(m)
    return m["container.runs"] * (needs.idle_cpu_ms + needs.busy_cpu_ms * rate * m["container.work"])


@signal("container.cpu_user_ms", "ms/s", "CPU time of this container in user mode a second")
def cpu_user_ms(m: Moment) -> Floats:
    return 0.74 * m["container.cpu_ms"]


@signal("container.cpu_system_ms", "ms/s", "CPU time of this container in the kernel a second")
def cpu_system_ms(m: Moment) -> Floats:
    return 0.26 * m["container.cpu_ms"]


@signal("container.cfs_periods", "1/s", "enforcement periods of 100 ms")
def cfs_periods(m: Moment) -> Floats:
    return 10.0 * m["container.runs"]


@signal("container.cfs_throttled", "1/s", "enforcement periods in which this container had to wait")
def cfs_throttled(m: Moment) -> Floats:
    taken = of_host(m, service_name(m.instance), "node.cpu_taken")
    return m["container.cfs_periods"] * (0.002 + 0.4 * taken)


@signal("container.cfs_throttled_ms", "ms/s", "milliseconds a second that this container had to wait")
def cfs_throttled_ms(m: Moment) -> Floats:
    return 30.0 * m["container.cfs_throttled"]


@signal("container.leaked_bytes", "bytes", "memory that a leak of this container has taken")
def leaked_bytes(m: Moment) -> Floats:
    service = service_name(m.instance)
    return leaked_ratio(m, service) * of_host(m, service, "node.memory_spare_bytes")


@signal("container.rss_bytes", "bytes", "anonymous memory of this container")
def rss_bytes(m: Moment) -> Floats:
    needs = _needs(m)
    return 0.86 * (needs.idle_memory + needs.busy_memory * m["container.work"]) + m["container.leaked_bytes"]


@signal("container.cache_bytes", "bytes", "page cache of this container")
def cache_bytes(m: Moment) -> Floats:
    return m.full(0.3 * _needs(m).idle_memory)


@signal("container.working_set_bytes", "bytes", "memory of this container that cannot be given back")
def working_set_bytes(m: Moment) -> Floats:
    return m["container.rss_bytes"] + 0.35 * m["container.cache_bytes"]


@signal("container.memory_bytes", "bytes", "memory of this container, page cache included")
def memory_bytes(m: Moment) -> Floats:
    return m["container.rss_bytes"] + m["container.cache_bytes"]


@signal("container.page_faults", "1/s", "page faults")
def page_faults(m: Moment) -> Floats:
    return 2.0 * m["container.runs"] + 0.6 * m["container.cpu_ms"]


def _served_here(m: Moment) -> Floats:
    return m["http.served"] * m["container.runs"] / _instances(m)


@signal("container.received_bytes", "bytes/s", "bytes that this container receives")
def received_bytes(m: Moment) -> Floats:
    return 120.0 * m["container.runs"] + _needs(m).received * _served_here(m)


@signal("container.sent_bytes", "bytes/s", "bytes that this container sends")
def sent_bytes(m: Moment) -> Floats:
    return 120.0 * m["container.runs"] + _needs(m).sent * _served_here(m)


@signal("container.received_packets", "1/s", "packets that this container receives")
def received_packets(m: Moment) -> Floats:
    return m["container.received_bytes"] / 420.0


@signal("container.sent_packets", "1/s", "packets that this container sends")
def sent_packets(m: Moment) -> Floats:
    return m["container.sent_bytes"] / 780.0


@signal("container.read_bytes", "bytes/s", "bytes that this container reads from disk")
def read_bytes(m: Moment) -> Floats:
    return 0.05 * m["container.written_bytes"]


@signal("container.written_bytes", "bytes/s", "bytes that this container writes to disk")
def written_bytes(m: Moment) -> Floats:
    return 30.0 * m["container.runs"] + _needs(m).written * _served_here(m)


@signal("container.disk_bytes", "bytes", "bytes of this container's filesystem")
def disk_bytes(m: Moment) -> Floats:
    return 30e6 + 0.4 * _needs(m).idle_memory * (1.0 + 0.0005 * m.elapsed_days)
