"""What a fault kind is."""

from __future__ import annotations

from dataclasses import dataclass


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
    """One way to break. `scopes` are the target fields that may narrow it.

    `service` is what breaks; with `service` among the scopes it may be any of `services`, and that one unless given.
    `restarts`: the instance's processes begin anew, so two such faults cannot overlap on one. `own_rhythm`: when it
    acts follows from its parameters, so it takes neither pulses nor a ramp. `route`: the one route that it is about.
    """

    name: str
    summary: str
    service: str
    intensity: str
    scopes: tuple[str, ...]
    effects: tuple[str, ...]
    live: str
    parameters: tuple[Parameter, ...] = ()
    services: tuple[str, ...] = ()
    restarts: bool = False
    own_rhythm: bool = False
    route: str = ""
