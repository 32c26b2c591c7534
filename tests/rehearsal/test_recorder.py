"""What is told is on disk before it is shown, and nothing is told once judging has begun."""

from __future__ import annotations

from pathlib import Path

from simulator.rehearsal.recorder import Recorder
from simulator.telemetry.journal import decode
from simulator.telemetry.observations import Note, Observation


def test_each_observation_is_on_disk_before_it_is_shown(tmp_path: Path) -> None:
    timeline = tmp_path / "timeline.jsonl"
    on_disk: list[Observation] = []

    def listener(_: Observation) -> None:
        on_disk[:] = [decode(line) for line in timeline.read_text().splitlines()]

    told = [Note(1, "first"), Note(2, "second", ("a", "b"))]
    with Recorder(timeline, listener) as recorder:
        recorder.extend(told)
        assert on_disk == told
        assert recorder.journal == tuple(told)
    recorder.add(Note(3, "too late"))
    assert recorder.journal == tuple(told)
