"""Fault edges are told once, when their true instants have come."""

from __future__ import annotations

from pathlib import Path

from simulator.profile.load import load_profile
from simulator.profile.manifest import Manifest
from simulator.rehearsal.live.watch import FaultEdges
from simulator.resources import shipped
from simulator.telemetry.observations import FaultEdge


def _manifest(path: Path) -> Manifest:
    profile = load_profile(path)
    return Manifest(
        run_id="r",
        mode="live",
        profile=profile,
        profile_path=str(path),
        seed=1,
        started_ms=1_000_000,
    )


def test_edges_come_in_order_and_once() -> None:
    manifest = _manifest(shipped("profiles") / "api-errors.yaml")
    (fault,) = manifest.profile.faults
    edges = FaultEdges(manifest)
    onset_ms, end_ms = 1_000_000 + fault.at, 1_000_000 + fault.end
    assert edges.first_onset_ms == onset_ms
    assert edges.due(onset_ms - 1) == []
    assert edges.due(onset_ms) == [FaultEdge(onset_ms, fault.id, fault.kind, "onset")]
    assert edges.first_onset_ms is None
    assert edges.due(onset_ms) == []
    assert edges.due(end_ms + 10_000) == [FaultEdge(end_ms, fault.id, fault.kind, "end")]
