"""Hosts: CPU, memory, disk, network."""

from __future__ import annotations

import numpy as np

from simulator.catalog.node import CPUS
from simulator.model.grid import ORIGIN_DAYS
from simulator.model.moment import Floats, Moment, signal
from simulator.units import DAY


@signal("node.cpu", "ratio", "share of all CPUs of this host in use")
def cpu(m: Moment) -> Floats:
    jitter = 0.015 * m.noise(f"cpu {m.instance}", last=4)
    return np.minimum(np.maximum(0.09 + 0.36 * m["traffic.activity"] + jitter, 0.02), 0.98)


@signal("node.cpu_busy_ms", "ms/s", "milliseconds of CPU time a second, all CPUs")
def cpu_busy_ms(m: Moment) -> Floats:
    return 1000.0 * CPUS * m["node.cpu"]


@signal("node.cpu_idle_ms", "ms/s", "milliseconds without work a second, all CPUs")
def cpu_idle_ms(m: Moment) -> Floats:
    return 1000.0 * CPUS * (1.0 - m["node.cpu"])


@signal("node.load", "", "load average")
def load(m: Moment) -> Floats:
    return CPUS * m["node.cpu"] / (1.0 - 0.6 * m["node.cpu"])


@signal("node.memory_available_ratio", "ratio", "share of memory that is available")
def memory_available_ratio(m: Moment) -> Floats:
    return 0.58 - 0.12 * m["traffic.activity"] + 0.01 * m.noise(f"memory {m.instance}", first=5)


@signal("node.disk_available_ratio", "ratio", "share of the disk that is free, slowly filling")
def disk_available_ratio(m: Moment) -> Floats:
    return 0.52 - 0.01 / 30.0 * m.elapsed_days


@signal("node.received_bytes", "bytes/s", "bytes received")
def received_bytes(m: Moment) -> Floats:
    return 900.0 + 2600.0 * m["http.served"]


@signal("node.sent_bytes", "bytes/s", "bytes sent")
def sent_bytes(m: Moment) -> Floats:
    return 700.0 + 9100.0 * m["http.served"]


@signal("node.disk_read_bytes", "bytes/s", "bytes read from disk")
def disk_read_bytes(m: Moment) -> Floats:
    return 3e3 + 8192.0 * m["postgres.blocks_read"]


@signal("node.disk_written_bytes", "bytes/s", "bytes written to disk")
def disk_written_bytes(m: Moment) -> Floats:
    return 4e4 + 2e4 * m["http.served"] + m["log.flood_bytes"]


@signal("node.boot_seconds", "seconds", "when the host was started, in Unix time")
def boot_seconds(m: Moment) -> Floats:
    return m.full(float(m.profile.start_ms // 1000 - ORIGIN_DAYS * DAY // 1000))
