"""Functions of whole arrays for signals, elementwise and with the same bits everywhere (see `elementary`)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import kernel
from simulator.model.elementary import exp

Floats = NDArray[np.float64]


@kernel
def exp_of(x: Floats) -> Floats:
    """e to each value."""
    out = np.empty(len(x))
    for at in range(len(x)):
        out[at] = exp(x[at])
    return out


@kernel
def window_means(values: Floats, ends: NDArray[np.int64], width: int) -> Floats:
    """The mean of the `width` values before each end. Each is summed by itself, so that it depends on them alone."""
    out = np.empty(len(ends))
    for at in range(len(ends)):
        if at > 0 and ends[at] == ends[at - 1]:
            out[at] = out[at - 1]
            continue
        total = 0.0
        for place in range(ends[at] - width, ends[at]):
            total += values[place]
        out[at] = total / width
    return out
