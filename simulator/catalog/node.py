"""Hosts, with the names, types, help and labels of node_exporter 1.6 (contract 5.9)."""

from __future__ import annotations

from simulator.catalog.families import Count, Dimension, Family, Flow, Level, constant, factors, same, shares
from simulator.catalog.jobs import NODE
from simulator.telemetry.samples import MetricType

CPUS = 4
MEMORY_BYTES = 16 * 1024**3
DISK_BYTES = 200 * 1024**3
INODES = 13_107_200

_CPUS = shares("cpu", {str(number): 1.0 for number in range(CPUS)})
_C, _G, _U = MetricType.COUNTER, MetricType.GAUGE, MetricType.UNTYPED

# Milliseconds of CPU time: an amount, so it is divided without chance. The signals are CPU seconds a second.
_BUSY_MODES = {"user": 66.0, "system": 22.0, "iowait": 5.0, "softirq": 4.5, "irq": 0.5, "nice": 1.0, "steal": 1.0}


def _cpu(name: str, signal: str, modes: Dimension) -> Flow:
    return Flow(name, signal, (_CPUS, modes), dispersion=0.0)


BUSY = _cpu("node.cpu.busy", "node.cpu_busy_ms", shares("mode", _BUSY_MODES))
IDLE = _cpu("node.cpu.idle", "node.cpu_idle_ms", constant("mode", "idle"))
_DEVICES = shares("device", {"eth0": 97, "lo": 3})
RECEIVED = Flow("node.received", "node.received_bytes", (_DEVICES,), dispersion=1500.0)
SENT = Flow("node.sent", "node.sent_bytes", (_DEVICES,), dispersion=1500.0)
_RECEIVED_PACKETS = Flow("node.received_packets", "node.received_packets", (_DEVICES,))
_SENT_PACKETS = Flow("node.sent_packets", "node.sent_packets", (_DEVICES,))
_LOST_PACKETS = Flow("node.lost_packets", "zero", (_DEVICES,))
_SDA = constant("device", "sda")
READ = Flow("node.read", "node.disk_read_bytes", (_SDA,), dispersion=16384.0)
WRITTEN = Flow("node.written", "node.disk_written_bytes", (_SDA,), dispersion=16384.0)
_READS = Flow("node.disk_reads", "node.disk_reads", (_SDA,))
_WRITES = Flow("node.disk_writes", "node.disk_writes", (_SDA,))
_DISK_BUSY = Flow("node.disk_busy", "node.disk_busy_ms", (_SDA,), dispersion=2.0)

_ROOT = Dimension(("device", "fstype", "mountpoint"), ((("/dev/sda1", "ext4", "/"), 1.0),))
_ETH = factors("device", {"eth0": 1.0, "lo": 1.0})
_STATES = {"active": 1.0, "activating": 0.0, "deactivating": 0.0, "failed": 0.0, "inactive": 0.0}
_BUILD = Dimension(
    ("branch", "goarch", "goos", "goversion", "revision", "version"),
    ((("HEAD", "amd64", "linux", "go1.20.6", "4a1b77600c1873a8233f3ffb55afcedbb63b8d84", "1.6.1"), 1.0),),
)
_COLLECTORS = {
    "cpu": 4e-4,
    "diskstats": 3e-4,
    "filefd": 5e-5,
    "filesystem": 9e-4,
    "loadavg": 4e-5,
    "meminfo": 2e-4,
    "netdev": 2e-4,
    "netstat": 8e-4,
    "stat": 3e-4,
    "systemd": 7e-3,
    "time": 3e-5,
    "timex": 4e-5,
}


def _counter(name: str, text: str, *flows: Flow, labels: tuple[str, ...] = (), unit: float = 1.0) -> tuple[Family, ...]:
    return tuple(Family(NODE, name, _C, text, Count(flow, same(*labels), unit=unit)) for flow in flows)


def _events(name: str, text: str, signal: str, unit: float = 1.0, dispersion: float = 1.0) -> tuple[Family, ...]:
    return _counter(name, text, Flow(name, signal, dispersion=dispersion), unit=unit)


def _gauge(name: str, text: str, level: Level) -> tuple[Family, ...]:
    return (Family(NODE, name, _G, text, level),)


def _untyped(name: str, text: str, level: Level) -> tuple[Family, ...]:
    return (Family(NODE, name, _U, text, level),)


def _memory(signal: str, share: float = 1.0, noise: float = 0.002) -> Level:
    """A share of a ratio of all memory, as bytes."""
    return Level(signal, scale=share * MEMORY_BYTES, high=float(MEMORY_BYTES), noise=noise, whole=True)


FAMILIES: tuple[Family, ...] = (
    *_counter(
        "node_cpu_seconds_total", "Seconds the CPUs spent in each mode.", IDLE, BUSY, labels=("cpu", "mode"), unit=0.001
    ),
    *_counter(
        "node_network_receive_bytes_total", "Network device statistic receive_bytes.", RECEIVED, labels=("device",)
    ),
    *_counter(
        "node_network_receive_packets_total",
        "Network device statistic receive_packets.",
        _RECEIVED_PACKETS,
        labels=("device",),
    ),
    *_counter(
        "node_network_receive_errs_total", "Network device statistic receive_errs.", _LOST_PACKETS, labels=("device",)
    ),
    *_counter(
        "node_network_receive_drop_total", "Network device statistic receive_drop.", _LOST_PACKETS, labels=("device",)
    ),
    *_counter(
        "node_network_transmit_bytes_total", "Network device statistic transmit_bytes.", SENT, labels=("device",)
    ),
    *_counter(
        "node_network_transmit_packets_total",
        "Network device statistic transmit_packets.",
        _SENT_PACKETS,
        labels=("device",),
    ),
    *_counter(
        "node_network_transmit_errs_total", "Network device statistic transmit_errs.", _LOST_PACKETS, labels=("device",)
    ),
    *_counter(
        "node_network_transmit_drop_total", "Network device statistic transmit_drop.", _LOST_PACKETS, labels=("device",)
    ),
    *_counter("node_disk_read_bytes_total", "The total number of bytes read successfully.", READ, labels=("device",)),
    *_counter(
        "node_disk_written_bytes_total", "The total number of bytes written successfully.", WRITTEN, labels=("device",)
    ),
    *_counter(
        "node_disk_reads_completed_total",
        "The total number of reads completed successfully.",
        _READS,
        labels=("device",),
    ),
    *_counter(
        "node_disk_writes_completed_total",
        "The total number of writes completed successfully.",
        _WRITES,
        labels=("device",),
    ),
    *_counter(
        "node_disk_io_time_seconds_total", "Total seconds spent doing I/Os.", _DISK_BUSY, labels=("device",), unit=0.001
    ),
    *_counter(
        "node_disk_io_time_weighted_seconds_total",
        "The weighted # of seconds spent doing I/Os.",
        _DISK_BUSY,
        labels=("device",),
        unit=0.0013,
    ),
    *_gauge(
        "node_disk_io_now",
        "The number of I/Os currently in progress.",
        Level("node.disk_busy_ms", (_SDA,), scale=0.002, noise=0.5, whole=True),
    ),
    *_gauge("node_network_up", "Value is 1 if operstate is 'up', 0 otherwise.", Level("one", (_ETH,))),
    *_gauge(
        "node_network_mtu_bytes",
        "Network device property: mtu_bytes",
        Level("one", (factors("device", {"eth0": 1500.0, "lo": 65536.0}),)),
    ),
    *_gauge("node_load1", "1m load average.", Level("node.load", noise=0.12)),
    *_gauge("node_load5", "5m load average.", Level("node.load", noise=0.06)),
    *_gauge("node_load15", "15m load average.", Level("node.load", noise=0.03)),
    *_gauge(
        "node_procs_running",
        "Number of processes in runnable state.",
        Level("node.running", noise=0.3, low=1.0, whole=True),
    ),
    *_gauge(
        "node_procs_blocked",
        "Number of processes blocked waiting for I/O to complete.",
        Level("node.disk_busy_ms", scale=0.001, noise=0.5, whole=True),
    ),
    *_events("node_context_switches_total", "Total number of context switches.", "node.switches", dispersion=20.0),
    *_events("node_intr_total", "Total number of interrupts serviced.", "node.interrupts", dispersion=10.0),
    *_events("node_forks_total", "Total number of forks.", "node.forks", dispersion=3.0),
    *_events(
        "node_pressure_cpu_waiting_seconds_total",
        "Total time in seconds that processes have waited for CPU time",
        "node.cpu_waiting_us",
        unit=1e-6,
        dispersion=900.0,
    ),
    *_gauge("node_memory_MemTotal_bytes", "Memory information field MemTotal_bytes.", _memory("one", noise=0.0)),
    *_gauge(
        "node_memory_MemAvailable_bytes",
        "Memory information field MemAvailable_bytes.",
        _memory("node.memory_available_ratio"),
    ),
    *_gauge("node_memory_MemFree_bytes", "Memory information field MemFree_bytes.", _memory("node.memory_free_ratio")),
    *_gauge(
        "node_memory_Buffers_bytes",
        "Memory information field Buffers_bytes.",
        _memory("node.memory_cached_ratio", 0.06),
    ),
    *_gauge(
        "node_memory_Cached_bytes", "Memory information field Cached_bytes.", _memory("node.memory_cached_ratio", 0.94)
    ),
    *_gauge("node_memory_Active_bytes", "Memory information field Active_bytes.", _memory("node.memory_active_ratio")),
    *_gauge(
        "node_memory_Inactive_bytes",
        "Memory information field Inactive_bytes.",
        _memory("node.memory_cached_ratio", 0.8),
    ),
    *_gauge(
        "node_memory_AnonPages_bytes",
        "Memory information field AnonPages_bytes.",
        _memory("node.memory_active_ratio", 0.72),
    ),
    *_gauge(
        "node_memory_Mapped_bytes", "Memory information field Mapped_bytes.", _memory("node.memory_active_ratio", 0.11)
    ),
    *_gauge(
        "node_memory_Shmem_bytes", "Memory information field Shmem_bytes.", _memory("node.memory_active_ratio", 0.03)
    ),
    *_gauge("node_memory_Slab_bytes", "Memory information field Slab_bytes.", _memory("one", 0.035)),
    *_gauge("node_memory_SReclaimable_bytes", "Memory information field SReclaimable_bytes.", _memory("one", 0.024)),
    *_gauge("node_memory_SUnreclaim_bytes", "Memory information field SUnreclaim_bytes.", _memory("one", 0.011)),
    *_gauge(
        "node_memory_PageTables_bytes",
        "Memory information field PageTables_bytes.",
        _memory("node.memory_active_ratio", 0.006),
    ),
    *_gauge(
        "node_memory_Committed_AS_bytes",
        "Memory information field Committed_AS_bytes.",
        _memory("node.memory_active_ratio", 1.0),
    ),
    *_gauge("node_memory_CommitLimit_bytes", "Memory information field CommitLimit_bytes.", _memory("one", 0.75, 0.0)),
    *_gauge("node_memory_Dirty_bytes", "Memory information field Dirty_bytes.", _memory("one", 0.0002, 0.4)),
    *_gauge("node_memory_SwapTotal_bytes", "Memory information field SwapTotal_bytes.", _memory("one", 0.25, 0.0)),
    *_gauge("node_memory_SwapFree_bytes", "Memory information field SwapFree_bytes.", _memory("one", 0.25, 0.0)),
    *_gauge("node_memory_SwapCached_bytes", "Memory information field SwapCached_bytes.", _memory("zero")),
    *_gauge("node_filesystem_size_bytes", "Filesystem size in bytes.", Level("one", (_ROOT,), scale=float(DISK_BYTES))),
    *_gauge(
        "node_filesystem_avail_bytes",
        "Filesystem space available to non-root users in bytes.",
        Level("node.disk_available_ratio", (_ROOT,), scale=float(DISK_BYTES), high=float(DISK_BYTES), whole=True),
    ),
    *_gauge(
        "node_filesystem_free_bytes",
        "Filesystem free space in bytes.",
        Level("node.disk_available_ratio", (_ROOT,), scale=1.05 * DISK_BYTES, high=float(DISK_BYTES), whole=True),
    ),
    *_gauge("node_filesystem_files", "Filesystem total file nodes.", Level("one", (_ROOT,), scale=float(INODES))),
    *_gauge(
        "node_filesystem_files_free",
        "Filesystem total free file nodes.",
        Level("node.files_free_ratio", (_ROOT,), scale=float(INODES), whole=True),
    ),
    *_gauge("node_filesystem_readonly", "Filesystem read-only status.", Level("zero", (_ROOT,))),
    *_gauge(
        "node_filesystem_device_error",
        "Whether an error occurred while getting statistics for the given device.",
        Level("zero", (_ROOT,)),
    ),
    *_gauge(
        "node_filefd_allocated",
        "File descriptor statistics: allocated.",
        Level("node.established", scale=28.0, noise=0.02, whole=True),
    ),
    *_gauge("node_filefd_maximum", "File descriptor statistics: maximum.", Level("one", scale=9.223372036854775807e18)),
    *_gauge("node_entropy_available_bits", "Bits of available entropy.", Level("one", scale=256.0)),
    *_gauge(
        "node_nf_conntrack_entries",
        "Number of currently allocated flow entries for connection tracking.",
        Level("node.established", scale=1.6, noise=0.03, whole=True),
    ),
    *_gauge(
        "node_nf_conntrack_entries_limit", "Maximum size of connection tracking table.", Level("one", scale=262144.0)
    ),
    *_gauge(
        "node_sockstat_TCP_inuse",
        "Number of TCP sockets in state inuse.",
        Level("node.established", scale=0.9, noise=0.02, whole=True),
    ),
    *_gauge(
        "node_sockstat_TCP_tw",
        "Number of TCP sockets in state tw.",
        Level("node.established", scale=0.5, noise=0.1, whole=True),
    ),
    *_untyped(
        "node_netstat_Tcp_CurrEstab", "Statistic TcpCurrEstab.", Level("node.established", noise=0.02, whole=True)
    ),
    *_gauge("node_boot_time_seconds", "Node boot time, in unixtime.", Level("node.boot_seconds", whole=True)),
    *_gauge("node_time_seconds", "System time in seconds since epoch (1970).", Level("node.time_seconds")),
    *_gauge(
        "node_timex_offset_seconds",
        "Time offset in between local system and reference clock.",
        Level("node.clock_offset_seconds", noise=0.4),
    ),
    *_gauge(
        "node_timex_estimated_error_seconds",
        "Estimated error in seconds.",
        Level("node.clock_error_seconds", scale=0.01, noise=0.1),
    ),
    *_gauge("node_timex_maxerror_seconds", "Maximum error in seconds.", Level("node.clock_error_seconds", noise=0.1)),
    *_gauge(
        "node_timex_sync_status",
        "Is clock synchronized to a reliable server (1 = yes, 0 = no).",
        Level("node.clock_is_synchronized"),
    ),
    *_gauge(
        "node_exporter_build_info",
        (
            "A metric with a constant '1' value labeled by version, revision, branch, goversion from which "
            "node_exporter was built, and the goos and goarch for the build."
        ),
        Level("one", (_BUILD,)),
    ),
    *_gauge(
        "node_scrape_collector_success",
        "node_exporter: Whether a collector succeeded.",
        Level("one", (factors("collector", dict.fromkeys(_COLLECTORS, 1.0), tiny=6),)),
    ),
    *_gauge(
        "node_scrape_collector_duration_seconds",
        "node_exporter: Duration of a collector scrape.",
        Level("one", (factors("collector", _COLLECTORS, tiny=6),), noise=0.3),
    ),
    *_gauge(
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
    *_gauge(
        "node_systemd_unit_state",
        "Systemd unit",
        Level(
            "one",
            (
                factors("name", {"docker.service": 1.0, "ssh.service": 1.0, "cron.service": 1.0}, tiny=1),
                factors("state", _STATES),
                constant("type", "notify"),
            ),
        ),
    ),
)
