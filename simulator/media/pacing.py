"""How late packets leave: of each session, and of all packets that this process sends."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import inlined, kernel
from simulator.media.packets import Number

LATENESS_BINS: Final = 64
"""Bins of how late packets left: four to an octave of microseconds, the last one for 46 ms and more."""
LATE_MS: Final = 10.0
"""Half a frame: what leaves later than that left late."""


class Lateness(NamedTuple):
    """Histograms by session, the greatest of each in ms (until somebody sets it back), how many were late; and of all
    packets the histogram, the greatest and how many were late."""

    bins: NDArray[np.int64]
    latest: NDArray[np.float64]
    late: NDArray[np.int64]
    all_bins: NDArray[np.int64]
    all_latest: NDArray[np.float64]
    all_late: NDArray[np.int64]


def no_lateness(sessions: int) -> Lateness:
    """Nothing has left yet; room for so many sessions."""
    return Lateness(
        np.zeros((sessions, LATENESS_BINS), np.int64),
        np.zeros(sessions),
        np.zeros(sessions, np.int64),
        np.zeros(LATENESS_BINS, np.int64),
        np.zeros(1),
        np.zeros(1, np.int64),
    )


@inlined
def lateness_bin(microseconds: float) -> Number:
    """Bin b has what is up to 2^(b/4) µs."""
    if microseconds <= 1.0:
        return 0
    return min(np.int64(math.ceil(4.0 * math.log2(microseconds))), LATENESS_BINS - 1)


@kernel
def note_lateness(
    senders: NDArray[np.int64], count: Number, due_ns: Number, before_ns: Number, after_ns: Number, lateness: Lateness
) -> None:
    """How late the `count` packets of one system call left, each at its part of the call."""
    each = (after_ns - before_ns) / max(count, 1)
    for at in range(count):
        microseconds = (before_ns + each * (at + 1) - due_ns) / 1000.0
        milliseconds = microseconds / 1000.0
        late = milliseconds > LATE_MS
        here = lateness_bin(microseconds)
        place = senders[at]
        lateness.bins[place, here] += 1
        lateness.latest[place] = max(lateness.latest[place], milliseconds)
        lateness.late[place] += late
        lateness.all_bins[here] += 1
        lateness.all_latest[0] = max(lateness.all_latest[0], milliseconds)
        lateness.all_late[0] += late


def lateness_quantile_ms(histogram: NDArray[np.int64], packets: int, quantile: float) -> float | None:
    """The upper end of the bin that has the quantile of so many packets, in ms."""
    if not packets:
        return None
    place = int(np.searchsorted(np.cumsum(histogram), quantile * packets))
    return float(2.0 ** (min(place, LATENESS_BINS - 1) / 4) / 1000)
