"""The API's processes: what prom-client 15 shows of each by default, with the platform's prefix (contract 5.1)."""

from __future__ import annotations

from simulator.catalog.families import Count, Dimension, Family, Flow, Histogram, Level, factors, same, shares
from simulator.catalog.jobs import CRYB_API
from simulator.telemetry.samples import MetricType

GC_BOUNDS = (0.001, 0.01, 0.1, 1.0, 2.0, 5.0)
_C, _G, _H = MetricType.COUNTER, MetricType.GAUGE, MetricType.HISTOGRAM
_CPU = Flow("nodejs.cpu", "api.cpu_ms", (shares("_mode", {"user": 83, "system": 17}),), dispersion=0.0)
COLLECTIONS = Flow(
    "nodejs.gc",
    "api.collections",
    (shares("kind", {"minor": 90, "incremental": 6, "major": 4}, tiny=1),),
    spread="gc.{kind}",
    bounds=GC_BOUNDS,
)
# How late the event loop was, as `perf_hooks` measures it, against its mean.
_LAGS = {
    "min": ("The minimum recorded event loop delay.", 0.9),
    "max": ("The maximum recorded event loop delay.", 9.0),
    "mean": ("The mean of the recorded event loop delays.", 1.0),
    "stddev": ("The standard deviation of the recorded event loop delays.", 0.4),
    "p50": ("The 50th percentile of the recorded event loop delays.", 0.98),
    "p90": ("The 90th percentile of the recorded event loop delays.", 1.3),
    "p99": ("The 99th percentile of the recorded event loop delays.", 2.8),
}
_SPACES = {"new": 0.06, "old": 0.72, "code": 0.07, "large_object": 0.13, "read_only": 0.02}


def _gauge(name: str, text: str, level: Level) -> Family:
    return Family(CRYB_API, f"cryb_nodejs_{name}", _G, text, level)


def _cpu(name: str, text: str, *modes: str) -> Family:
    where = {"_mode": modes} if modes else {}
    return Family(CRYB_API, f"cryb_nodejs_{name}", _C, text, Count(_CPU, {}, where=where, unit=0.001))


def _bytes(name: str, text: str, signal: str, scale: float = 1.0) -> Family:
    return _gauge(name, text, Level(signal, noise=0.004, scale=scale, whole=True))


FAMILIES: tuple[Family, ...] = (
    _cpu("process_cpu_user_seconds_total", "Total user CPU time spent in seconds.", "user"),
    _cpu("process_cpu_system_seconds_total", "Total system CPU time spent in seconds.", "system"),
    _cpu("process_cpu_seconds_total", "Total user and system CPU time spent in seconds."),
    _gauge(
        "process_start_time_seconds",
        "Start time of the process since unix epoch in seconds.",
        Level("instance.started_seconds", whole=True),
    ),
    _bytes("process_resident_memory_bytes", "Resident memory size in bytes.", "api.memory_bytes"),
    _bytes("process_virtual_memory_bytes", "Virtual memory size in bytes.", "api.memory_bytes", 5.2),
    _bytes("process_heap_bytes", "Process heap size in bytes.", "api.memory_bytes", 1.3),
    _gauge("process_open_fds", "Number of open file descriptors.", Level("api.open_files", noise=0.04, whole=True)),
    _gauge("process_max_fds", "Maximum number of open file descriptors.", Level("one", scale=1048576.0)),
    _gauge(
        "nodejs_eventloop_lag_seconds", "Lag of event loop in seconds.", Level("api.eventloop_lag_seconds", noise=0.2)
    ),
    *(
        _gauge(f"nodejs_eventloop_lag_{name}_seconds", text, Level("api.eventloop_lag_seconds", scale=scale, noise=0.1))
        for name, (text, scale) in _LAGS.items()
    ),
    _gauge(
        "nodejs_active_handles",
        "Number of active libuv handles grouped by handle type. Every handle type is C++ class name.",
        Level("api.sockets", (factors("type", {"Socket": 1.0, "Server": 0.01, "Pipe": 0.02}),), noise=0.05, whole=True),
    ),
    _gauge(
        "nodejs_active_handles_total",
        "Total number of active handles.",
        Level("api.sockets", scale=1.03, noise=0.05, whole=True),
    ),
    _gauge(
        "nodejs_active_requests_total",
        "Total number of active requests.",
        Level("http.in_flight", noise=0.1, whole=True),
    ),
    _bytes("nodejs_heap_size_total_bytes", "Process heap size from Node.js in bytes.", "api.heap_total_bytes"),
    _gauge(
        "nodejs_heap_size_used_bytes",
        "Process heap size used from Node.js in bytes.",
        Level("api.heap_used_bytes", noise=0.06, whole=True),
    ),
    _bytes("nodejs_external_memory_bytes", "Node.js external memory size in bytes.", "api.heap_used_bytes", 0.07),
    _gauge(
        "nodejs_heap_space_size_used_bytes",
        "Process heap space size used from Node.js in bytes.",
        Level("api.heap_used_bytes", (factors("space", _SPACES),), noise=0.05, whole=True),
    ),
    _gauge(
        "nodejs_heap_space_size_total_bytes",
        "Process heap space size total from Node.js in bytes.",
        Level("api.heap_total_bytes", (factors("space", _SPACES),), noise=0.01, whole=True),
    ),
    _gauge(
        "nodejs_version_info",
        "Node.js version info.",
        Level("one", (Dimension(("major", "minor", "patch", "version"), ((("20", "11", "0", "v20.11.0"), 1.0),)),)),
    ),
    Family(
        CRYB_API,
        "cryb_nodejs_nodejs_gc_duration_seconds",
        _H,
        "Garbage collection duration by kind, one of major, minor, incremental or weakcb.",
        Histogram(COLLECTIONS, same("kind")),
    ),
)
