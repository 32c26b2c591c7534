"""Faults of the API's requests."""

from __future__ import annotations

from simulator.catalog.faults.kinds import FaultKind, Parameter
from simulator.units import MINUTE

_DELAY = "median of the delay added to each affected request (lognormal around it)"

KINDS: tuple[FaultKind, ...] = (
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
)
