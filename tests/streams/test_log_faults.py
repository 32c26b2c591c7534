"""What a fault of logging touches, and nothing else."""

from __future__ import annotations

from tests.streams.runs import fault
from tests.streams.touched import touched


def test_a_log_flood_is_written_to_disk() -> None:
    flood = fault("log_flood", "5m", "55m", intensity=0.5, parameters={"factor": 200})
    names = (
        "disk_written_bytes_total",
        "disk_writes_completed_total",
        "disk_write_time_seconds_total",
        "disk_io_time_seconds_total",
        "disk_io_time_weighted_seconds_total",
        "pressure_io_stalled_seconds_total",
        "pressure_io_waiting_seconds_total",
        "vmstat_pgpgout",
    )
    assert touched(flood) == {f"node-exporter/node_{name}" for name in names}
