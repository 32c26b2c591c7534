"""What a fault of logging touches, and nothing else."""

from __future__ import annotations

from tests.streams.runs import fault
from tests.streams.touched import touched


def test_a_log_flood_is_written_to_disk() -> None:
    flood = fault("log_flood", "5m", "55m", intensity=0.5, parameters={"factor": 200})
    disk = ("written_bytes", "writes_completed", "io_time_seconds", "io_time_weighted_seconds")
    assert touched(flood) == {f"node-exporter/node_disk_{name}_total" for name in disk}
