"""Faults of the database and the cache."""

from __future__ import annotations

from simulator.catalog.faults.kinds import FaultKind, Parameter
from simulator.units import MINUTE

KINDS: tuple[FaultKind, ...] = (
    FaultKind(
        name="database_slow",
        summary="the database answers slowly, and so does everything that waits for it",
        service="postgres",
        intensity="share of queries that are delayed",
        scopes=(),
        effects=(
            "query duration rises",
            "connections in use rise",
            "slow queries rise",
            "request duration rises on routes that query",
        ),
        live="routes of the API that touch the database wait for it; database metrics show the slow queries",
        parameters=(Parameter("delay", "duration", 1500, 1, 10 * MINUTE, "median of the delay added to a query"),),
    ),
)
