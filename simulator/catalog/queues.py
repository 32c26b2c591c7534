"""Background queues as the API sees them (contract 5.7 and 9), and bullmq-exporter (5.8)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from simulator.catalog.families import (
    Count,
    Dimension,
    Family,
    Flow,
    Histogram,
    Level,
    constant,
    same,
    shares,
)
from simulator.catalog.jobs import BULLMQ, CRYB_API
from simulator.telemetry.samples import MetricType

FAILING: Final = 0.004
"""Share of jobs whose attempt fails on a good day."""


@dataclass(frozen=True)
class Queue:
    """One queue: its workers (the contract's number) and the mean time that a job takes."""

    workers: int
    seconds: float


QUEUES: Final[dict[str, Queue]] = {
    "messages": Queue(5, 0.02),
    "notifications": Queue(15, 0.12),
    "media": Queue(5, 2.4),
    "analytics": Queue(12, 0.05),
    "moderation": Queue(8, 0.3),
    "blockchain": Queue(3, 4.0),
    "email": Queue(10, 0.6),
}

PER_REQUEST: Final[dict[str, float]] = {
    "messages": 0.11,
    "notifications": 0.097,
    "media": 0.03,
    "analytics": 0.3,
    "moderation": 0.0385,
    "blockchain": 0.002,
    "email": 0.012,
}
"""Jobs for each HTTP request, on a good day."""

_C, _G, _H = MetricType.COUNTER, MetricType.GAUGE, MetricType.HISTOGRAM
_ERRORS = shares("error_type", {"timeout": 5, "validation": 2, "dependency": 2, "unknown": 1})
_KEPT = {"completed": 1000.0, "failed": 60.0}
"""How many finished jobs a queue keeps for inspection; the oldest make room."""

COLLECTIONS = Flow(
    "queue.collections", "queue.collections", spread="queue.collection", bounds=(0.1, 0.5, 1.0, 2.0, 5.0, 10.0)
)
COLLECTION_ERRORS = Flow("queue.collection_errors", "queue.collection_errors")


def _came(queue: str) -> Flow:
    name = f"queue.{queue}.arrivals"
    return Flow(name, name, (constant("queue", queue), constant("_state", "waiting")))


def ended(queue: str) -> Flow:
    """Jobs that workers took: each ends one way or another, and each that failed is tried again later."""
    name = f"queue.{queue}.done"
    kinds = (((("failed", "delayed", kind)), FAILING * share) for (kind,), share in _ERRORS.rows)
    ends = Dimension(("_end", "_retry", "error_type"), ((("completed", "", ""), 1.0 - FAILING), *kinds), tiny=3)
    return Flow(name, name, (constant("queue", queue), constant("_active", "active"), ends))


def _families(queue: str) -> Iterator[Family]:
    here = constant("queue", queue)

    def gauge(name: str, text: str, level: Level) -> Family:
        return Family(CRYB_API, name, _G, text, level)

    def jobs(state: str, flow: Flow, **where: str) -> Family:
        by = {"queue": "queue", "state": state}
        chosen = {name: (value,) for name, value in where.items()}
        return Family(CRYB_API, "queue_jobs_total", _C, "Jobs that entered a state", Count(flow, by, where=chosen))

    came, done = _came(queue), ended(queue)
    yield jobs("_state", came)
    yield jobs("_active", done)
    yield jobs("_end", done, _end="completed")
    yield jobs("_end", done, _end="failed")
    yield jobs("_retry", done, _end="failed")
    yield Family(
        CRYB_API,
        "queue_job_errors_total",
        _C,
        "Attempts that failed",
        Count(done, same("queue", "error_type"), where={"_end": ("failed",)}),
    )
    depth = "Jobs in a queue, by state"
    for state in ("waiting", "active", "delayed"):
        level = Level(f"queue.{queue}.{state}", (here, constant("state", state)), noise=0.1, whole=True)
        yield gauge("queue_depth", depth, level)
    for state, kept in _KEPT.items():
        yield gauge("queue_depth", depth, Level("one", (here, constant("state", state)), scale=kept))
    yield gauge(
        "queue_workers",
        "Workers",
        Level("one", (here, constant("status", "active")), scale=float(QUEUES[queue].workers)),
    )
    yield gauge("queue_processing_rate", "Jobs done a second", Level(f"queue.{queue}.done", (here,), noise=0.05))
    yield gauge("queue_throughput", "Jobs done a minute", Level(f"queue.{queue}.done", (here,), scale=60.0, noise=0.05))
    yield gauge(
        "queue_processing_time_ms",
        "Mean time that a job takes",
        Level("one", (here,), scale=1000.0 * QUEUES[queue].seconds, noise=0.06),
    )
    yield gauge(
        "queue_error_rate_percent", "Attempts that fail", Level("one", (here,), scale=100.0 * FAILING, noise=0.2)
    )
    yield gauge("queue_lag_ms", "Age of the oldest waiting job", Level(f"queue.{queue}.lag_ms", (here,), noise=0.1))
    yield gauge(
        "queue_worker_utilization_percent",
        "Share of the workers' time in use",
        Level(f"queue.{queue}.busy_percent", (here,), noise=0.03, high=100.0),
    )
    yield gauge("queue_health_status", "1 where jobs are done as they come", Level(f"queue.{queue}.healthy", (here,)))


def _exporter(queue: str) -> Iterator[Family]:
    """bullmq-exporter: gauges of one queue."""
    here = (constant("queue", queue),)
    for state in ("waiting", "active", "delayed"):
        level = Level(f"queue.{queue}.{state}", here, noise=0.1, whole=True)
        yield Family(BULLMQ, f"bullmq_queue_jobs_{state}", _G, f"Jobs that are {state}", level)
    for state, kept in _KEPT.items():
        level = Level("one", here, scale=kept)
        yield Family(BULLMQ, f"bullmq_queue_jobs_{state}", _G, f"Jobs that are {state}", level)


FAMILIES: tuple[Family, ...] = (
    *(family for queue in QUEUES for family in _families(queue)),
    Family(
        CRYB_API,
        "queue_metrics_collection_duration_seconds",
        _H,
        "Time to look at the queues",
        Histogram(COLLECTIONS, {}),
        unit="seconds",
    ),
    Family(
        CRYB_API,
        "queue_metrics_collection_errors_total",
        _C,
        "Looks at the queues that failed",
        Count(COLLECTION_ERRORS, {}),
    ),
    *(family for queue in QUEUES for family in _exporter(queue)),
)
