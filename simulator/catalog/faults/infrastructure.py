"""Faults of instances, hosts, certificates, and of the scrape itself."""

from __future__ import annotations

from simulator.catalog.faults.kinds import FaultKind

KINDS: tuple[FaultKind, ...] = (
    FaultKind(
        name="outage",
        summary="the API's port closes",
        service="api",
        intensity="share of the targeted instances that are down (with one instance, any intensity is all of it)",
        scopes=("instance",),
        effects=("up falls to 0", "requests stop", "connections drop", "messages fail"),
        live="the API closes its listening port and its connections; the emitter refuses its scrape",
    ),
)
