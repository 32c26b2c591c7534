"""Faults of logging."""

from __future__ import annotations

from simulator.catalog.faults.kinds import FaultKind, Parameter

KINDS: tuple[FaultKind, ...] = (
    FaultKind(
        name="log_flood",
        summary="the API writes many times its debug and warn lines, as after a forgotten log level",
        service="api",
        intensity="share of `factor` that the flood reaches",
        scopes=("instance",),
        effects=("debug and warn lines rise", "bytes written to disk rise"),
        live="the model's log lines show the flood; the API's own log stays as it is",
        parameters=(Parameter("factor", "factor", 50, 1, 10_000, "lines of the API's chatter over the usual"),),
    ),
)
