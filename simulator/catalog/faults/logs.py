"""Faults of logging."""

from __future__ import annotations

from simulator.catalog.faults.kinds import FaultKind

KINDS: tuple[FaultKind, ...] = ()
