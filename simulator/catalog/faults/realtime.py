"""Faults of messaging, sockets, queues, notifications, uploads and search."""

from __future__ import annotations

from simulator.catalog.faults.kinds import FaultKind

KINDS: tuple[FaultKind, ...] = ()
