"""Containers, with the names, types, help and labels of cAdvisor 0.47 (contract 5.9).

What a container needs is ours: no figures are published for the platform.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from simulator.catalog.families import Count, Dimension, Family, Flow, Level, constant, same
from simulator.catalog.jobs import CADVISOR
from simulator.catalog.node import CPUS, DISK_BYTES, MEMORY_BYTES
from simulator.telemetry.samples import MetricType

SERVICE_LABEL: Final = "container_label_com_docker_compose_service"
LABELS: Final = (
    "container_label_com_docker_compose_project",
    SERVICE_LABEL,
    "id",
    "image",
    "name",
)


@dataclass(frozen=True)
class Needs:
    """What one container of a service needs, idle and, on top of it, with traffic at its planned peak.

    `image` holds `{release}` where the platform's own releases go.
    """

    image: str
    idle_cpu_ms: float = 4.0
    busy_cpu_ms: float = 15.0
    idle_memory: float = 40e6
    busy_memory: float = 10e6
    received: float = 200.0  # bytes for each request to the platform
    sent: float = 200.0
    written: float = 0.0


NEEDS: Final[dict[str, Needs]] = {
    "api": Needs("cryb/api:{release}", 9, 120, 190e6, 70e6, 2600, 9100, 60),
    "web": Needs("cryb/web:{release}", 5, 60, 120e6, 30e6, 1400, 16000),
    "postgres": Needs("postgres:15.5", 12, 210, 900e6, 350e6, 1800, 4200, 19000),
    "redis": Needs("redis:7.0.15", 3, 25, 890e6, 120e6, 620, 1400, 120),
    "nginx": Needs("nginx:1.25", 2, 30, 18e6, 12e6, 3400, 12000, 300),
    "elasticsearch": Needs("elasticsearch:8.11.0", 30, 90, 1800e6, 120e6, 400, 900, 2500),
    "minio": Needs("minio/minio:RELEASE.2024-01-05", 6, 25, 260e6, 60e6, 1500, 3500, 1500),
    "livekit": Needs("livekit/livekit-server:v1.5", 8, 220, 160e6, 220e6, 24000, 60000),
}
OWN: Final = Needs("cryb/{service}:{release}", 2, 6, 55e6, 6e6, 40, 60)
"""Everything else that the platform runs: small exporters of its own."""
TINY: Final = ("api", "web", "postgres", "redis", "nginx", "livekit")
"""The services that a tiny platform runs in containers of their own; the others run beside them without."""

_C, _G = MetricType.COUNTER, MetricType.GAUGE
_CPU = Flow("container.cpu", "container.cpu_ms", (constant("cpu", "total"),), dispersion=0.0)
_USER = Flow("container.cpu_user", "container.cpu_user_ms", dispersion=0.0)
_SYSTEM = Flow("container.cpu_system", "container.cpu_system_ms", dispersion=0.0)
_PERIODS = Flow("container.cfs_periods", "container.cfs_periods", dispersion=0.0)
_THROTTLED = Flow("container.cfs_throttled", "container.cfs_throttled")
_THROTTLED_MS = Flow("container.cfs_throttled_ms", "container.cfs_throttled_ms", dispersion=40.0)
_ETH = constant("interface", "eth0")
_RECEIVED = Flow("container.received", "container.received_bytes", (_ETH,), dispersion=1500.0)
_SENT = Flow("container.sent", "container.sent_bytes", (_ETH,), dispersion=1500.0)
_RECEIVED_PACKETS = Flow("container.received_packets", "container.received_packets", (_ETH,))
_SENT_PACKETS = Flow("container.sent_packets", "container.sent_packets", (_ETH,))
_NOTHING = Flow("container.nothing", "zero", (_ETH,))
_SDA = constant("device", "/dev/sda")
_READ = Flow("container.read", "container.read_bytes", (_SDA,), dispersion=16384.0)
_WRITTEN = Flow("container.written", "container.written_bytes", (_SDA,), dispersion=16384.0)
_PAGE_FAULTS = Flow(
    "container.page_faults",
    "container.page_faults",
    (Dimension(("failure_type", "scope"), ((("pgfault", "container"), 0.999), (("pgmajfault", "container"), 0.001))),),
)


def _counter(name: str, text: str, flow: Flow, *labels: str, unit: float = 1.0) -> Family:
    view = Count(flow, same(*labels), unit=unit)
    return Family(CADVISOR, name, _C, text, view, present="container.runs", each=LABELS)


def _gauge(name: str, text: str, signal: str, *dimensions: Dimension, scale: float = 1.0, noise: float = 0.0) -> Family:
    view = Level(signal, dimensions, scale=scale, noise=noise, whole=noise > 0)
    return Family(CADVISOR, name, _G, text, view, present="container.runs", each=LABELS)


def _cpu(name: str, text: str, flow: Flow, *labels: str) -> Family:
    return _counter(name, text, flow, *labels, unit=0.001)


_MACHINE = Dimension(
    ("boot_id", "machine_id", "system_uuid"),
    ((("8f2c6f0e-5f0e-4c55-9b3f-3d1a0c7b2f11", "b08dfa6083e7567a1921a715000001fb", "03560274-043c-05ff"), 1.0),),
)

FAMILIES: tuple[Family, ...] = (
    _cpu(
        "container_cpu_usage_seconds_total",
        "Cumulative cpu time consumed in seconds.",
        _CPU,
        "cpu",
    ),
    _cpu("container_cpu_user_seconds_total", "Cumulative user cpu time consumed in seconds.", _USER),
    _cpu("container_cpu_system_seconds_total", "Cumulative system cpu time consumed in seconds.", _SYSTEM),
    _counter("container_cpu_cfs_periods_total", "Number of elapsed enforcement period intervals.", _PERIODS),
    _counter("container_cpu_cfs_throttled_periods_total", "Number of throttled period intervals.", _THROTTLED),
    _cpu(
        "container_cpu_cfs_throttled_seconds_total",
        "Total time duration the container has been throttled.",
        _THROTTLED_MS,
    ),
    _gauge(
        "container_memory_usage_bytes",
        "Current memory usage in bytes, including all memory regardless of when it was accessed",
        "container.memory_bytes",
        noise=0.004,
    ),
    _gauge(
        "container_memory_working_set_bytes",
        "Current working set in bytes.",
        "container.working_set_bytes",
        noise=0.003,
    ),
    _gauge("container_memory_rss", "Size of RSS in bytes.", "container.rss_bytes", noise=0.003),
    _gauge("container_memory_cache", "Number of bytes of page cache memory.", "container.cache_bytes", noise=0.004),
    _gauge("container_memory_swap", "Container swap usage in bytes.", "zero"),
    _counter(
        "container_memory_failures_total",
        "Cumulative count of memory allocation failures.",
        _PAGE_FAULTS,
        "failure_type",
        "scope",
    ),
    _counter("container_network_receive_bytes_total", "Cumulative count of bytes received", _RECEIVED, "interface"),
    _counter(
        "container_network_receive_packets_total",
        "Cumulative count of packets received",
        _RECEIVED_PACKETS,
        "interface",
    ),
    _counter(
        "container_network_receive_errors_total",
        "Cumulative count of errors encountered while receiving",
        _NOTHING,
        "interface",
    ),
    _counter("container_network_transmit_bytes_total", "Cumulative count of bytes transmitted", _SENT, "interface"),
    _counter(
        "container_network_transmit_packets_total",
        "Cumulative count of packets transmitted",
        _SENT_PACKETS,
        "interface",
    ),
    _counter(
        "container_network_transmit_errors_total",
        "Cumulative count of errors encountered while transmitting",
        _NOTHING,
        "interface",
    ),
    _gauge(
        "container_fs_usage_bytes",
        "Number of bytes that are consumed by the container on this filesystem.",
        "container.disk_bytes",
        _SDA,
        noise=0.001,
    ),
    _gauge(
        "container_fs_limit_bytes",
        "Number of bytes that can be consumed by the container on this filesystem.",
        "one",
        _SDA,
        scale=float(DISK_BYTES),
    ),
    _counter("container_fs_reads_bytes_total", "Cumulative count of bytes read", _READ, "device"),
    _counter("container_fs_writes_bytes_total", "Cumulative count of bytes written", _WRITTEN, "device"),
    _gauge(
        "container_start_time_seconds",
        "Start time of the container since unix epoch in seconds.",
        "instance.started_seconds",
    ),
    _gauge("container_last_seen", "Last time a container was seen by the exporter", "time.unix_seconds"),
    _gauge("container_spec_memory_limit_bytes", "Memory limit for the container.", "zero"),
    Family(CADVISOR, "machine_cpu_cores", _G, "Number of logical CPU cores.", Level("one", (_MACHINE,), scale=CPUS)),
    Family(
        CADVISOR,
        "machine_memory_bytes",
        _G,
        "Amount of memory installed on the machine.",
        Level("one", (_MACHINE,), scale=MEMORY_BYTES),
    ),
)
