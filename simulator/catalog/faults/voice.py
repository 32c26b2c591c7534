"""Faults of voice and video."""

from __future__ import annotations

from simulator.catalog.faults.kinds import FaultKind

KINDS: tuple[FaultKind, ...] = ()
