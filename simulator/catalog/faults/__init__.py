"""How the platform can break: the fault kinds, as data.

A fault acts on a cause (capacity, latency, loss, reachability), never on a metric by name. `effects` says what
follows, first-order effects first; `live` says what the reference API or the emitter does about it in a live run.
Intensity is always a share in (0, 1]; what it is a share of is said in `intensity`.
"""

from __future__ import annotations

from simulator.catalog.faults import custom, database, http, infrastructure, logs, people, realtime, voice
from simulator.catalog.faults.kinds import FaultKind, Parameter
from simulator.units import SECOND

__all__ = ["BY_NAME", "FAULT_KINDS", "SHORTEST_PULSE_MS", "FaultKind", "Parameter"]

FAULT_KINDS: tuple[FaultKind, ...] = (
    *http.KINDS,
    *infrastructure.KINDS,
    *database.KINDS,
    *realtime.KINDS,
    *voice.KINDS,
    *people.KINDS,
    *logs.KINDS,
    *custom.KINDS,
)

BY_NAME: dict[str, FaultKind] = {kind.name: kind for kind in FAULT_KINDS}
SHORTEST_PULSE_MS = 5 * SECOND
