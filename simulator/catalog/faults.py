"""How the platform can break: the fault kinds, as data.

A fault acts on a cause (capacity, latency, loss, reachability), never on a metric by name. `effects` says what
follows, first-order effects first; `live` says what the reference API or the emitter does about it in a live run.
Intensity is always a share in (0, 1]; what it is a share of is said in `intensity`.
"""

from __future__ import annotations

from dataclasses import dataclass

from simulator.units import MINUTE, SECOND


@dataclass(frozen=True)
class Parameter:
    """One further field of a fault kind. `unit` is `duration` (ms inside) or `factor` (a plain number)."""

    name: str
    unit: str
    default: float
    minimum: float
    maximum: float
    meaning: str


@dataclass(frozen=True)
class FaultKind:
    """One way to break. `scopes` are the target fields that may narrow it; `service` where the target is fixed."""

    name: str
    summary: str
    service: str
    intensity: str
    scopes: tuple[str, ...]
    effects: tuple[str, ...]
    live: str
    parameters: tuple[Parameter, ...] = ()


_DELAY = "median of the delay added to each affected request (lognormal around it)"

FAULT_KINDS: tuple[FaultKind, ...] = (
    FaultKind(
        name="http_errors",
        summary="a share of the API's requests fails with 500",
        service="api",
        intensity="share of the affected routes' requests that fail",
        scopes=("route", "instance"),
        effects=("http 5xx ratio rises", "error log lines rise", "message failures rise", "engagement falls"),
        live="the API answers that share of requests with 500 INTERNAL_SERVER_ERROR",
    ),
    FaultKind(
        name="latency",
        summary="the API answers slowly",
        service="api",
        intensity="share of the affected routes' requests that are delayed",
        scopes=("route", "instance"),
        effects=("request duration rises", "requests in flight rise", "engagement falls"),
        live="the API sleeps before it answers",
        parameters=(Parameter("delay", "duration", 800, 1, 10 * MINUTE, _DELAY),),
    ),
    FaultKind(
        name="outage",
        summary="the API's port closes",
        service="api",
        intensity="share of the targeted instances that are down (with one instance, any intensity is all of it)",
        scopes=("instance",),
        effects=("up falls to 0", "requests stop", "connections drop", "messages fail"),
        live="the API closes its listening port and its connections; the emitter refuses its scrape",
    ),
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

BY_NAME: dict[str, FaultKind] = {kind.name: kind for kind in FAULT_KINDS}
SHORTEST_PULSE_MS = 5 * SECOND
