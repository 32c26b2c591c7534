"""Bursts: short crowds on top of the plan, at any instant alone.

Every quarter of an hour or so somebody links to the platform, a stream ends, a push message goes out: traffic rises
within a minute or two and ebbs away. Heights follow a Pareto law, as flash crowds of the web do (Jung, Krishnamurthy
and Rabinovich, "Flash crowds and denial of service attacks", WWW 2002), cut off where an operator would call it an
incident.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import kernel
from simulator.model.draws import bits, uniform
from simulator.model.elementary import exp, log
from simulator.model.grid import Times
from simulator.units import MINUTE

SLOT_MS: Final = 16 * MINUTE
CHANCE: Final = 0.25
"""Of a slot to have a burst."""
SHORTEST_MS, LONGEST_MS = 6 * MINUTE, 16 * MINUTE
LOWEST: Final = 0.05
HIGHEST: Final = 0.25
ALPHA: Final = 1.5
_RISE: Final = 0.25  # the part of a burst in which it grows

_MEAN_HEIGHT: Final = LOWEST + LOWEST / (ALPHA - 1.0) * (1.0 - (LOWEST / HIGHEST) ** (ALPHA - 1.0))
MEAN: Final = CHANCE * _MEAN_HEIGHT * 0.5 * (SHORTEST_MS + LONGEST_MS) / 2.0 / SLOT_MS
"""What bursts add on average, as a share of the plan."""


@kernel
def bursts(key: np.uint64, grid_ms: Times) -> NDArray[np.float64]:
    """What bursts add at each instant, as a share of the plan: 0 most of the time."""
    out = np.zeros(len(grid_ms))
    for at in range(len(grid_ms)):
        here = grid_ms[at] // SLOT_MS
        for slot in (here - 1, here):
            index = np.uint64(4 * slot)
            if uniform(bits(key, index)) >= CHANCE:
                continue
            begin = slot * SLOT_MS + uniform(bits(key, index + np.uint64(1))) * SLOT_MS
            length = SHORTEST_MS + uniform(bits(key, index + np.uint64(2))) * (LONGEST_MS - SHORTEST_MS)
            part = (grid_ms[at] - begin) / length
            if part <= 0.0 or part >= 1.0:
                continue
            height = min(HIGHEST, LOWEST * exp(-log(uniform(bits(key, index + np.uint64(3)))) / ALPHA))
            out[at] += height * (part / _RISE if part < _RISE else (1.0 - part) / (1.0 - _RISE))
    return out
