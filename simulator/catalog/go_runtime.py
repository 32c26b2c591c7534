"""What every program written in Go exposes of itself through Prometheus's client: its process and its runtime."""

from __future__ import annotations

from simulator.catalog.families import Family, Flow, Level, constant, factors
from simulator.catalog.jobs import (
    ALERTMANAGER,
    CADVISOR,
    ELASTICSEARCH,
    GRAFANA,
    LIVEKIT,
    NGINX,
    NODE,
    POSTGRES,
    PROMETHEUS,
    REDIS,
)
from simulator.catalog.standing import Declaring, summary

_MIB = 1024.0**2
_MEMORY_MIB = {
    ALERTMANAGER: 38,
    CADVISOR: 95,
    ELASTICSEARCH: 17,
    GRAFANA: 120,
    LIVEKIT: 150,
    NGINX: 14,
    NODE: 19,
    POSTGRES: 21,
    PROMETHEUS: 420,
    REDIS: 16,
}
"""Resident memory of each job's program, about."""

_PAUSES = {"0.0": 0.5, "0.25": 0.8, "0.5": 1.0, "0.75": 1.6, "1.0": 9.0}


def _of(job: str, memory: float) -> tuple[Family, ...]:
    go = Declaring(job)
    return (
        go.level("go_info", "Information about the Go environment.", 1.0, constant("version", "go1.20.6")),
        go.level("go_goroutines", "Number of goroutines that currently exist.", 12 + memory / 3, noise=0.02),
        go.level("go_threads", "Number of OS threads created.", 9.0),
        *summary(
            job,
            "go_gc_duration_seconds",
            "A summary of the pause duration of garbage collection cycles.",
            Level("one", (factors("quantile", _PAUSES),), scale=6e-5, noise=0.1),
            Flow(f"{job}.collections", "standing.slowly"),
            {"": 9e-5},
            not_tiny=True,
        ),
        go.level(
            "go_memstats_alloc_bytes", "Number of bytes allocated and still in use.", 0.4 * memory * _MIB, noise=0.1
        ),
        go.level(
            "go_memstats_heap_alloc_bytes",
            "Number of heap bytes allocated and still in use.",
            0.4 * memory * _MIB,
            noise=0.1,
        ),
        go.level(
            "go_memstats_heap_inuse_bytes", "Number of heap bytes that are in use.", 0.5 * memory * _MIB, noise=0.08
        ),
        go.level("go_memstats_heap_objects", "Number of allocated objects.", 2400 * memory, noise=0.1),
        go.level(
            "go_memstats_next_gc_bytes",
            "Number of heap bytes when next garbage collection will take place.",
            0.7 * memory * _MIB,
            noise=0.03,
        ),
        go.level("go_memstats_sys_bytes", "Number of bytes obtained from system.", 0.9 * memory * _MIB),
        go.counter(
            "go_memstats_alloc_bytes_total",
            "Total number of bytes allocated, even if freed.",
            ("standing.evenly", 0.002 * memory * _MIB),
        ),
        go.counter(
            "process_cpu_seconds_total",
            "Total user and system CPU time spent in seconds.",
            ("standing.evenly", 0.0001 * memory),
        ),
        go.level("process_open_fds", "Number of open file descriptors.", 9 + memory / 8, noise=0.02),
        go.level("process_max_fds", "Maximum number of open file descriptors.", 1048576.0),
        go.level("process_resident_memory_bytes", "Resident memory size in bytes.", memory * _MIB, noise=0.02),
        go.level("process_virtual_memory_bytes", "Virtual memory size in bytes.", 720 * _MIB + 3 * memory * _MIB),
        go.shown(
            "process_start_time_seconds",
            "Start time of the process since unix epoch in seconds.",
            "instance.started_seconds",
        ),
    )


FAMILIES: tuple[Family, ...] = tuple(
    family for job, memory in _MEMORY_MIB.items() for family in _of(job, float(memory))
)
