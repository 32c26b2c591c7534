"""Hosts: CPU, memory, disk, network, clock. Traffic is spread evenly over them."""

from __future__ import annotations

import numpy as np

from simulator.catalog.node import CPUS, MEMORY_BYTES
from simulator.model.moment import Floats, Moment, signal
from simulator.model.signals.leaks import grown_ratio
from simulator.profile.activity import service_of
from simulator.profile.presence import host_of, instances_of

MOST_CPU = 0.985
LEAST_MEMORY = 0.03
LEAST_DISK = 0.002
FILLED_FROM_BYTES = 4e6
"""Bytes a second that are written while something fills the disk."""


def _hosts(m: Moment) -> int:
    return len(m.world.instances("node"))


@signal("node.cpu_calm", "ratio", "share of all CPUs of this host that the platform uses")
def cpu_calm(m: Moment) -> Floats:
    jitter = 0.015 * m.noise(f"cpu {m.instance}", last=4)
    return np.minimum(np.maximum(0.09 + 0.36 * m["traffic.activity"] + jitter, 0.02), 0.98)


@signal("node.cpu_taken", "ratio", "share of the idle CPU time of this host that a fault takes")
def cpu_taken(m: Moment) -> Floats:
    return m.fault("cpu_saturation")


@signal("node.cpu", "ratio", "share of all CPUs of this host in use")
def cpu(m: Moment) -> Floats:
    return m["node.cpu_calm"] + m["node.cpu_taken"] * np.maximum(MOST_CPU - m["node.cpu_calm"], 0.0)


@signal("node.cpu_busy_ms", "ms/s", "milliseconds of CPU time a second, all CPUs")
def cpu_busy_ms(m: Moment) -> Floats:
    return 1000.0 * CPUS * m["node.cpu"]


@signal("node.cpu_idle_ms", "ms/s", "milliseconds without work a second, all CPUs")
def cpu_idle_ms(m: Moment) -> Floats:
    return 1000.0 * CPUS * (1.0 - m["node.cpu"])


@signal("node.cpu_waiting_us", "us/s", "microseconds a second in which something waits for a CPU")
def cpu_waiting_us(m: Moment) -> Floats:
    return 1e6 * (0.004 + 0.05 * m["node.cpu_calm"] + 0.8 * m["node.cpu_taken"])


@signal("node.load", "", "load average")
def load(m: Moment) -> Floats:
    return CPUS * m["node.cpu"] / (1.0 - 0.6 * m["node.cpu"]) + 2.0 * CPUS * m["node.cpu_taken"]


@signal("node.running", "", "processes that run or want to")
def running(m: Moment) -> Floats:
    return 1.0 + m["node.load"]


@signal("node.switches", "1/s", "context switches")
def switches(m: Moment) -> Floats:
    return 900.0 + 90.0 * m["http.served"] / _hosts(m)


@signal("node.interrupts", "1/s", "interrupts")
def interrupts(m: Moment) -> Floats:
    return 600.0 + 50.0 * m["http.served"] / _hosts(m)


@signal("node.forks", "1/s", "processes started")
def forks(m: Moment) -> Floats:
    return m.full(0.6)


@signal("node.memory_calm_ratio", "ratio", "share of memory that would be available without a leak")
def memory_calm_ratio(m: Moment) -> Floats:
    return 0.58 - 0.12 * m["traffic.activity"] + 0.01 * m.noise(f"memory {m.instance}", first=5)


@signal("node.memory_spare_bytes", "bytes", "memory that leaks of this host can take")
def memory_spare_bytes(m: Moment) -> Floats:
    return MEMORY_BYTES * (m["node.memory_calm_ratio"] - LEAST_MEMORY)


@signal("node.leaked_ratio", "ratio", "share of that which all leaks of this host have taken")
def of_leaks(m: Moment) -> Floats:
    leaked = m.full(0.0)
    services = {service_of(fault) for fault in m.profile.faults if fault.kind == "memory_leak"} if m.disturbed else ()
    for service in sorted(services):
        for instance in instances_of(m.profile, service):
            if host_of(m.profile, instance) == m.instance:
                leaked = leaked + grown_ratio(m, "memory_leak", instance)
    return np.minimum(leaked, 1.0)


@signal("node.memory_available_ratio", "ratio", "share of memory that is available")
def memory_available_ratio(m: Moment) -> Floats:
    calm = m["node.memory_calm_ratio"]
    return calm - m["node.leaked_ratio"] * (calm - LEAST_MEMORY)


@signal("node.memory_free_ratio", "ratio", "share of memory that is used for nothing")
def memory_free_ratio(m: Moment) -> Floats:
    return 0.32 * m["node.memory_available_ratio"]


@signal("node.memory_cached_ratio", "ratio", "share of memory that holds pages of files")
def memory_cached_ratio(m: Moment) -> Floats:
    return 0.6 * m["node.memory_available_ratio"]


@signal("node.memory_active_ratio", "ratio", "share of memory that was used lately")
def memory_active_ratio(m: Moment) -> Floats:
    return 0.9 - 0.8 * m["node.memory_available_ratio"]


@signal("node.disk_available_ratio", "ratio", "share of the disk that is free, slowly filling")
def disk_available_ratio(m: Moment) -> Floats:
    calm = np.maximum(0.52 - 0.01 / 30.0 * m.elapsed_days, 0.1)
    return calm - grown_ratio(m, "disk_fill", m.instance) * (calm - LEAST_DISK)


@signal("node.files_free_ratio", "ratio", "share of the inodes that are free")
def files_free_ratio(m: Moment) -> Floats:
    return 0.9 - 0.002 / 30.0 * m.elapsed_days


@signal("node.received_bytes", "bytes/s", "bytes received")
def received_bytes(m: Moment) -> Floats:
    return 900.0 + 2600.0 * m["http.served"] / _hosts(m)


@signal("node.sent_bytes", "bytes/s", "bytes sent")
def sent_bytes(m: Moment) -> Floats:
    return 700.0 + 9100.0 * m["http.served"] / _hosts(m)


@signal("node.received_packets", "1/s", "packets received")
def received_packets(m: Moment) -> Floats:
    return 4.0 + 9.0 * m["http.served"] / _hosts(m)


@signal("node.sent_packets", "1/s", "packets sent")
def sent_packets(m: Moment) -> Floats:
    return 4.0 + 11.0 * m["http.served"] / _hosts(m)


@signal("node.established", "", "TCP connections")
def established(m: Moment) -> Floats:
    return 40.0 + 2.0 * m["http.served"] / _hosts(m)


@signal("node.opened", "1/s", "TCP connections opened")
def opened(m: Moment) -> Floats:
    return 0.5 + 0.4 * m["http.served"] / _hosts(m)


@signal("node.retransmitted", "1/s", "TCP segments sent again")
def retransmitted(m: Moment) -> Floats:
    return 0.01 + 0.004 * m["http.served"] / _hosts(m)


@signal("node.disk_read_bytes", "bytes/s", "bytes read from disk")
def disk_read_bytes(m: Moment) -> Floats:
    return 3e3 + 8192.0 * m.of("")["postgres.blocks_read"] / _hosts(m)


@signal("node.disk_written_bytes", "bytes/s", "bytes written to disk")
def disk_written_bytes(m: Moment) -> Floats:
    filling = np.where(m.fault("disk_fill") > 0, FILLED_FROM_BYTES, 0.0)
    return 4e4 + 2e4 * m["http.served"] / _hosts(m) + m["log.flood_bytes"] + filling


@signal("node.disk_reads", "1/s", "reads from disk")
def disk_reads(m: Moment) -> Floats:
    return m["node.disk_read_bytes"] / 16384.0


@signal("node.disk_writes", "1/s", "writes to disk")
def disk_writes(m: Moment) -> Floats:
    return m["node.disk_written_bytes"] / 12288.0


@signal("node.disk_busy_ms", "ms/s", "milliseconds a second in which the disk works")
def disk_busy_ms(m: Moment) -> Floats:
    return np.minimum(0.25 * (m["node.disk_reads"] + m["node.disk_writes"]), 990.0)


@signal("node.clock_ahead_seconds", "seconds", "how far this host's clock is ahead of the true time")
def clock_ahead_seconds(m: Moment) -> Floats:
    return m.fault("clock_skew") * m.worst("clock_skew", "offset") / 1000.0


@signal("node.time_seconds", "seconds", "what time this host's clock shows")
def time_seconds(m: Moment) -> Floats:
    return m.unix_seconds + m["node.clock_ahead_seconds"]


@signal("node.clock_offset_seconds", "seconds", "how far this host's clock is off, as its own time keeping knows")
def clock_offset_seconds(m: Moment) -> Floats:
    return 4e-6 + m["node.clock_ahead_seconds"]


@signal("node.clock_error_seconds", "seconds", "the most that this host's clock may be off")
def clock_error_seconds(m: Moment) -> Floats:
    return 0.004 + np.minimum(m["node.clock_ahead_seconds"], 12.0)  # the kernel counts up to 16 s


@signal("node.clock_is_synchronized", "", "1 where this host's clock follows a reference")
def clock_is_synchronized(m: Moment) -> Floats:
    return np.where(m["node.clock_ahead_seconds"] > 0, 0.0, 1.0)


@signal("node.boot_seconds", "seconds", "when the host was started, in Unix time")
def boot_seconds(m: Moment) -> Floats:
    return m["instance.started_seconds"]
