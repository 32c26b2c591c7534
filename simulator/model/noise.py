"""Noise with long memory, at any instant alone.

A sum of octaves: octave k is a walk between independent normal numbers, one each 2^k minutes. Its size falls with
2^(k (H - 1)), so that the whole behaves like fractional Gaussian noise with Hurst exponent H over the octaves' range
(variance of means over m minutes ~ m^(2H - 2); Leland, Taqqu, Willinger and Wilson, "On the self-similar nature of
Ethernet traffic", IEEE/ACM Transactions on Networking 2 (1994), 1-15).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import kernel
from simulator.model.draws import bits, normal
from simulator.model.grid import CELL_MS, Times

Floats = NDArray[np.float64]
_OCTAVE_BITS = np.uint64(48)


@kernel
def _noise(key: np.uint64, grid_ms: Times, first: int, last: int, decay: float) -> Floats:
    out = np.zeros(len(grid_ms))
    size = 1.0
    power = 0.0
    for octave in range(first, last):
        period = CELL_MS << octave
        weight = size
        power += size * size * (2.0 / 3.0)  # variance of a straight line between two independent normals, on average
        before = 0.0
        after = 0.0
        known = -1
        for at in range(len(grid_ms)):
            knot = grid_ms[at] // period
            if knot != known:
                tag = np.uint64(octave) << _OCTAVE_BITS
                before = normal(bits(key, tag | np.uint64(knot)))
                after = normal(bits(key, tag | np.uint64(knot + 1)))
                known = knot
            part = (grid_ms[at] - knot * period) / period
            out[at] += weight * (before + (after - before) * part)
        size *= decay
    scale = 1.0 / np.sqrt(power)
    for at in range(len(grid_ms)):
        out[at] *= scale
    return out


def long_memory(key: np.uint64, grid_ms: Times, hurst: float = 0.85, first: int = 0, last: int = 13) -> Floats:
    """Noise of mean 0 and variance 1 at each instant; octaves from 2^first to 2^(last - 1) minutes."""
    return _noise(key, grid_ms, first, last, 2.0 ** (hurst - 1.0))
