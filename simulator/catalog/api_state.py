"""How the API is, by its own account: calls, errors, recoveries, resources, page loads (contract 5.1 and 5.5)."""

from __future__ import annotations

from typing import Final

from simulator.catalog.families import CausedBy, Count, Family, Flow, Histogram, Level, Sizes, constant, same
from simulator.catalog.http import REQUESTS
from simulator.catalog.jobs import CRYB_API
from simulator.catalog.node import DISK_BYTES
from simulator.catalog.routes import ROUTES
from simulator.telemetry.samples import Labels, MetricType

LOAD_BOUNDS: Final = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
RECOVERY_BOUNDS: Final = (1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 600.0, 1800.0)

_VERSIONED = tuple(sorted({route.path for route in ROUTES if route.path.startswith("/api/v1/")}))
_FAILED: Labels = (("error_type", "internal_server_error"), ("level", "error"), ("service", "api"))
_CRASHES = Flow("api.crashes", "zero", (constant("service", "api"), constant("crash_type", "uncaught_exception")))
_RECOVERIES = Flow(
    "api.recoveries",
    "errors.of_api",
    (constant("error_type", "internal_server_error"), constant("recovery_method", "retry")),
)
_LOADS = Flow(
    "web.loads",
    "content.pages",
    (constant("component", "page"), constant("source", "web")),
    spread="web.load",
    bounds=LOAD_BOUNDS,
)

_C, _G, _H = MetricType.COUNTER, MetricType.GAUGE, MetricType.HISTOGRAM

FAMILIES: tuple[Family, ...] = (
    Family(
        CRYB_API,
        "cryb_api_calls_total",
        _C,
        "API calls",
        Count(REQUESTS, {"endpoint": "route"}, where={"route": _VERSIONED}),
        caused_by=CausedBy.API,
        constants=(("version", "v1"),),
    ),
    Family(
        CRYB_API,
        "cryb_errors_total",
        _C,
        "Errors",
        Count(REQUESTS, {}, where={"code": ("500",)}),
        caused_by=CausedBy.API,
        constants=_FAILED,
    ),
    # a process that crashes takes its counters with it, so that this one never rises where it can be seen
    Family(CRYB_API, "cryb_crashes_total", _C, "Crashes", Count(_CRASHES, same("service", "crash_type"))),
    Family(
        CRYB_API,
        "cryb_recovery_time_seconds",
        _H,
        "Time from an error to the success that followed it",
        Sizes(_RECOVERIES, same("error_type", "recovery_method"), RECOVERY_BOUNDS, median=4.0, sigma=1.3),
        unit="seconds",
    ),
    Family(
        CRYB_API,
        "cryb_cpu_utilization_percent",
        _G,
        "CPU in use, percent of one core",
        Level("api.cpu_percent", (constant("core", "all"), constant("process", "api")), noise=0.05),
    ),
    Family(
        CRYB_API,
        "cryb_memory_utilization_bytes",
        _G,
        "Memory in use",
        Level("api.memory_bytes", (constant("type", "rss"), constant("process", "api")), noise=0.01, whole=True),
        unit="bytes",
    ),
    Family(
        CRYB_API,
        "cryb_disk_utilization_bytes",
        _G,
        "Disk space in use",
        Level(
            "api.disk_used_ratio",
            (constant("mount_point", "/"), constant("disk_type", "ssd")),
            scale=float(DISK_BYTES),
            whole=True,
        ),
        unit="bytes",
    ),
    *(
        Family(
            CRYB_API,
            "cryb_network_throughput_bytes_per_second",
            _G,
            "Bytes over the network a second",
            Level(signal, (constant("interface", "eth0"), constant("direction", direction)), noise=0.1),
        )
        for signal, direction in (("api.received_bytes", "receive"), ("api.sent_bytes", "transmit"))
    ),
    Family(
        CRYB_API,
        "cryb_load_times_seconds",
        _H,
        "Time until a page was there",
        Histogram(_LOADS, same("component", "source")),
        unit="seconds",
    ),
    Family(
        CRYB_API,
        "cryb_system_health_score",
        _G,
        "Health of the platform, 0 to 100",
        Level("platform.health", (constant("component", "all"),), high=100.0),
    ),
)
