"""How strong faults are that change how often something happens: rates that they add, factors that they multiply by."""

from __future__ import annotations

import numpy as np

from simulator.model.moment import Floats, Moment
from simulator.profile.activity import parameter


def added_rate(m: Moment, kind: str, name: str = "rate", per_seconds: float = 1.0) -> Floats:
    """Events a second that the faults of a kind add together: a parameter says how many per so many seconds."""
    total = np.zeros(len(m))
    for fault, strength in m.faults(kind):
        total = total + strength * (parameter(fault, name) / per_seconds)
    return total


def excess(m: Moment, kind: str, name: str = "factor") -> Floats:
    """What the faults of a kind add to something, as a share of it: a parameter says what it becomes a multiple of."""
    total = np.zeros(len(m))
    for fault, strength in m.faults(kind):
        total = total + strength * (parameter(fault, name) - 1.0)
    return total
