"""What breaks outside of the catalogue: metrics of a team's own, as an overlay has them."""

from __future__ import annotations

from simulator.catalog.faults.kinds import FaultKind

KINDS: tuple[FaultKind, ...] = (
    FaultKind(
        name="custom",
        summary="something of the team's own breaks: what an overlay binds to the fault's id (`during`) reacts to it",
        service="api",
        intensity="not used: the overlay says what is shown meanwhile",
        scopes=(),
        effects=("the overlay's families show what they have under `during`", "nothing of the platform changes"),
        live="the emitter shows the same; the API does not break",
    ),
)
"""The kind for faults that only an overlay knows."""
