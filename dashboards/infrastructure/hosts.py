"""Hosts, and the containers on them."""

from __future__ import annotations

from typing import Final

from dashboards.frame import Row, row
from dashboards.parts import RED, Query, lines
from dashboards.selectors import of, rate

_NODE, _CADVISOR = "node-exporter", "cadvisor"
_ROOT: Final = 'mountpoint="/"'
_IDLE: Final = 'mode="idle"'
_NAMED: Final = 'name!=""'


def cpu(by: str) -> str:
    """Share of the CPUs that is busy, of all or by a label."""
    grouped = f" by ({by})" if by else ""
    return f"1 - avg{grouped} (rate({of(_NODE, 'node_cpu_seconds_total', _IDLE)}[$__rate_interval]))"


def memory() -> str:
    """Share of each host's memory in use."""
    return f"1 - {of(_NODE, 'node_memory_MemAvailable_bytes')} / {of(_NODE, 'node_memory_MemTotal_bytes')}"


def disk() -> str:
    """Share of each root file system in use."""
    return f"1 - {of(_NODE, 'node_filesystem_avail_bytes', _ROOT)} / {of(_NODE, 'node_filesystem_size_bytes', _ROOT)}"


def hosts() -> Row:
    """What hosts have left."""
    network = 'device!="lo"'
    return row(
        "Hosts",
        lines(
            "CPU",
            "Share of each host's CPUs that is busy.",
            "percentunit",
            Query(cpu("instance"), "{{instance}}"),
            high=1.0,
            limits=((0.8, RED),),
        ),
        lines(
            "Memory",
            "Share of each host's memory in use.",
            "percentunit",
            Query(memory(), "{{instance}}"),
            high=1.0,
            limits=((0.85, RED),),
        ),
        lines(
            "Disk",
            "Share of the root file system in use, and what it will be in 24 hours if it grows as in the last six.",
            "percentunit",
            Query(disk(), "{{instance}}"),
            Query(
                f"1 - predict_linear({of(_NODE, 'node_filesystem_avail_bytes', _ROOT)}[6h], 86400) / "
                f"{of(_NODE, 'node_filesystem_size_bytes', _ROOT)}",
                "{{instance}} in 24 h",
            ),
            limits=((0.9, RED),),
        ),
        lines(
            "Load",
            "Processes that run or wait, over one and fifteen minutes.",
            "short",
            Query(of(_NODE, "node_load1"), "{{instance}} 1m"),
            Query(of(_NODE, "node_load15"), "{{instance}} 15m"),
        ),
        lines(
            "Network",
            "Bytes a second that came in and went out, loopback aside.",
            "Bps",
            Query(rate(of(_NODE, "node_network_receive_bytes_total", network), "instance"), "{{instance}} in"),
            Query(rate(of(_NODE, "node_network_transmit_bytes_total", network), "instance"), "{{instance}} out"),
        ),
        lines(
            "Disk in use",
            "Share of the time in which the disk was busy.",
            "percentunit",
            Query(f"rate({of(_NODE, 'node_disk_io_time_seconds_total')}[$__rate_interval])", "{{instance}} {{device}}"),
            high=1.0,
        ),
    )


def containers() -> Row:
    """What containers use."""
    return row(
        "Containers",
        lines(
            "CPU of containers",
            "CPUs that each container uses; the ten busiest.",
            "short",
            Query(f"topk(10, {rate(of(_CADVISOR, 'container_cpu_usage_seconds_total', _NAMED), 'name')})", "{{name}}"),
        ),
        lines(
            "Memory of containers",
            "Working set of each container; the ten largest.",
            "bytes",
            Query(
                f"topk(10, sum by (name) ({of(_CADVISOR, 'container_memory_working_set_bytes', _NAMED)}))",
                "{{name}}",
            ),
        ),
        lines(
            "Network of containers",
            "Bytes a second that containers received; the ten with most.",
            "Bps",
            Query(
                f"topk(10, {rate(of(_CADVISOR, 'container_network_receive_bytes_total', _NAMED), 'name')})",
                "{{name}}",
            ),
        ),
    )
