"""Faults of what people do: attacks, churn, payments, and how much traffic there is."""

from __future__ import annotations

from simulator.catalog.faults.kinds import FaultKind

KINDS: tuple[FaultKind, ...] = ()
