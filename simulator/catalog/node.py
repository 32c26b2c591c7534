"""Hosts, with the names, types, help and labels of node_exporter 1.6 (contract 5.9)."""

from __future__ import annotations

from simulator.catalog.families import Count, Dimension, Family, Flow, Level, constant, factors, same, shares
from simulator.catalog.jobs import NODE
from simulator.telemetry.samples import MetricType

CPUS = 4
MEMORY_BYTES = 16 * 1024**3
DISK_BYTES = 200 * 1024**3

_CPUS = shares("cpu", {str(number): 1.0 for number in range(CPUS)})
_C, _G = MetricType.COUNTER, MetricType.GAUGE

# Milliseconds of CPU time: an amount, so it is divided without chance. The signals are CPU seconds a second.
_BUSY_MODES = {"user": 66.0, "system": 22.0, "iowait": 5.0, "softirq": 4.5, "irq": 0.5, "nice": 1.0, "steal": 1.0}


def _cpu(name: str, signal: str, modes: Dimension) -> Flow:
    return Flow(name, signal, (_CPUS, modes), dispersion=0.0)


BUSY = _cpu("node.cpu.busy", "node.cpu_busy_ms", shares("mode", _BUSY_MODES))
IDLE = _cpu("node.cpu.idle", "node.cpu_idle_ms", constant("mode", "idle"))
RECEIVED = Flow("node.received", "node.received_bytes", (shares("device", {"eth0": 97, "lo": 3}),), dispersion=1500.0)
SENT = Flow("node.sent", "node.sent_bytes", (shares("device", {"eth0": 97, "lo": 3}),), dispersion=1500.0)
READ = Flow("node.read", "node.disk_read_bytes", (constant("device", "sda"),), dispersion=16384.0)
WRITTEN = Flow("node.written", "node.disk_written_bytes", (constant("device", "sda"),), dispersion=16384.0)

_ROOT = Dimension(("device", "fstype", "mountpoint"), ((("/dev/sda1", "ext4", "/"), 1.0),))


def _counter(name: str, text: str, *flows: Flow, labels: tuple[str, ...], unit: float = 1.0) -> tuple[Family, ...]:
    return tuple(Family(NODE, name, _C, text, Count(flow, same(*labels), unit=unit)) for flow in flows)


def _gauge(name: str, text: str, level: Level) -> Family:
    return Family(NODE, name, _G, text, level)


FAMILIES: tuple[Family, ...] = (
    *_counter(
        "node_cpu_seconds_total",
        "Seconds the CPUs spent in each mode.",
        IDLE,
        BUSY,
        labels=("cpu", "mode"),
        unit=0.001,
    ),
    *_counter(
        "node_network_receive_bytes_total", "Network device statistic receive_bytes.", RECEIVED, labels=("device",)
    ),
    *_counter(
        "node_network_transmit_bytes_total", "Network device statistic transmit_bytes.", SENT, labels=("device",)
    ),
    *_counter("node_disk_read_bytes_total", "The total number of bytes read successfully.", READ, labels=("device",)),
    *_counter(
        "node_disk_written_bytes_total", "The total number of bytes written successfully.", WRITTEN, labels=("device",)
    ),
    _gauge("node_load1", "1m load average.", Level("node.load", noise=0.12)),
    _gauge("node_load5", "5m load average.", Level("node.load", noise=0.06)),
    _gauge("node_load15", "15m load average.", Level("node.load", noise=0.03)),
    _gauge(
        "node_memory_MemTotal_bytes",
        "Memory information field MemTotal_bytes.",
        Level("one", scale=float(MEMORY_BYTES)),
    ),
    _gauge(
        "node_memory_MemAvailable_bytes",
        "Memory information field MemAvailable_bytes.",
        Level(
            "node.memory_available_ratio", scale=float(MEMORY_BYTES), high=float(MEMORY_BYTES), noise=0.002, whole=True
        ),
    ),
    _gauge("node_filesystem_size_bytes", "Filesystem size in bytes.", Level("one", (_ROOT,), scale=float(DISK_BYTES))),
    _gauge(
        "node_filesystem_avail_bytes",
        "Filesystem space available to non-root users in bytes.",
        Level("node.disk_available_ratio", (_ROOT,), scale=float(DISK_BYTES), high=float(DISK_BYTES), whole=True),
    ),
    _gauge("node_boot_time_seconds", "Node boot time, in unixtime.", Level("node.boot_seconds", whole=True)),
    _gauge(
        "node_uname_info",
        "Labeled system information as provided by the uname system call.",
        Level(
            "one",
            (
                Dimension(
                    ("domainname", "machine", "nodename", "release", "sysname", "version"),
                    ((("(none)", "x86_64", "cryb", "6.1.0-18-amd64", "Linux", "#1 SMP PREEMPT_DYNAMIC"), 1.0),),
                ),
            ),
        ),
    ),
    _gauge(
        "node_systemd_unit_state",
        "Systemd unit",
        Level(
            "one",
            (
                factors("name", {"docker.service": 1.0, "ssh.service": 1.0, "cron.service": 1.0}),
                factors(
                    "state", {"active": 1.0, "activating": 0.0, "deactivating": 0.0, "failed": 0.0, "inactive": 0.0}
                ),
                constant("type", "notify"),
            ),
        ),
    ),
)
