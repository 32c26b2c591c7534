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
    """One way to break. `scopes` are the target fields that may narrow it; `service` where the target is fixed."""

    name: str
    summary: str
    service: str
    intensity: str
    scopes: tuple[str, ...]
    effects: tuple[str, ...]
    live: str
    parameters: tuple[Parameter, ...] = ()
