"""Queues: work that arrives, waits and is done, with a declared longest look-back.

The backlog is that of a queue with unlimited room and a known capacity, in Reich's form of Lindley's recursion
(E. Reich, "On the integrodifferential equation of Takács I", Annals of Mathematical Statistics 29 (1958), 563-570):

    backlog(t) = X(t) - min { X(s) : t - lookback <= s <= t },   X(t) = arrivals before t - capacity before t

A recursion needs its whole past; the minimum needs the look-back only, so any instant can be computed alone. Work that
has waited longer than the look-back is given up (a job that no worker took in time).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import kernel
from simulator.model.grid import CELL_MS
from simulator.model.moment import Floats, Moment

Counts = NDArray[np.int64]

_UNITS = 1e6
"""Fluid backlogs are summed in millionths of a job: whole numbers add up alike wherever a sum begins."""


@kernel
def backlog(arrivals: Counts, capacity: Counts, lookback: int) -> Counts:
    """Jobs waiting at the end of each cell from the `lookback`-th on, shape (C - lookback,).

    `arrivals` and `capacity` are jobs per cell for C cells, of which the first `lookback` only serve as the past.
    """
    cells = len(arrivals)
    net = np.zeros(cells + 1, dtype=np.int64)
    for cell in range(cells):
        net[cell + 1] = net[cell] + arrivals[cell] - capacity[cell]
    out = np.empty(cells - lookback, dtype=np.int64)
    least = np.empty(cells + 1, dtype=np.int64)  # a queue of indices whose `net` rises: the sliding minimum
    head = 0
    tail = 0
    for at in range(cells + 1):
        while tail > head and net[least[tail - 1]] >= net[at]:
            tail -= 1
        least[tail] = at
        tail += 1
        if least[head] < at - lookback:
            head += 1
        if at > lookback:
            out[at - lookback - 1] = net[at] - net[least[head]]
    return out


def fluid_backlog(m: Moment, arrivals: str, capacity: str, lookback_ms: int) -> Floats:
    """Jobs waiting at each instant, of two signals in jobs per second: what arrives, and what could be done."""
    if not len(m):
        return np.zeros(0)
    past, ends = m.past(lookback_ms)
    seconds = CELL_MS / 1000.0
    cells = lookback_ms // CELL_MS
    came = _whole(past[arrivals] * seconds)
    done = _whole(past[capacity] * seconds)
    # one cell more at the front, so that there is a backlog at the end of the last cell before the first instant
    nothing = np.zeros(1, dtype=np.int64)
    at_ends = backlog(np.concatenate((nothing, came)), np.concatenate((nothing, done)), cells)
    before = at_ends[ends - cells] / _UNITS
    return np.maximum(before + (m[arrivals] - m[capacity]) * ((m.grid_ms % CELL_MS) / 1000.0), 0.0)


def _whole(jobs: Floats) -> Counts:
    return np.floor(jobs * _UNITS + 0.5).astype(np.int64)
