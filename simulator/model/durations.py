"""How long a single event took, once it is known in which latency bucket it lies.

A flow counts its events by bucket. Inside a bucket the undisturbed spread says how likely each duration is; a table of
quantiles per bucket holds that law, a draw reads it at a uniform number, and a quantile over many events (the truth
that observers are compared with) reads the same table backwards. So the durations of log lines, the true quantiles
and the buckets that Prometheus sees all tell of the same events. Durations are whole microseconds.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import kernel
from simulator.model.aspects import aspect_key
from simulator.model.draws import bits, uniform
from simulator.model.spreads import bucket_edges, shares_below

Floats = NDArray[np.float64]

SLICES: Final = 64
_FINE: Final = 512  # points of equal ratio at which a bucket's law is looked at
_ASPECT: Final = aspect_key("duration")


@lru_cache(maxsize=256)
def bucket_quantiles(spread: str, bounds: tuple[float, ...]) -> Floats:
    """Seconds at each 64th of the law inside each bucket, shape (buckets, 65); the ends are the bucket's bounds.

    Where the spread has nothing, durations are spread evenly over the logarithm.
    """
    edges = bucket_edges(spread, bounds)
    table = np.empty((len(bounds) + 1, SLICES + 1))
    parts = np.arange(SLICES + 1) / SLICES
    for bucket in range(len(table)):
        low, high = edges[bucket], edges[bucket + 1]
        cuts = low * (high / low) ** (np.arange(_FINE + 1) / _FINE)
        below = shares_below(spread, cuts)
        inside = below[-1] - below[0]
        if inside > 1e-9:
            table[bucket] = np.interp(parts, (below - below[0]) / inside, cuts)
        else:
            table[bucket] = low * (high / low) ** parts
        table[bucket, 0], table[bucket, -1] = low, high
    return table


def draw_durations(
    quantiles: Floats, spread: NDArray[np.int64], bucket: NDArray[np.int64], random: NDArray[np.uint64]
) -> NDArray[np.int64]:
    """Microseconds that each event took: above its bucket's lower bound and not above its upper one.

    `quantiles` stacks the tables of all spreads, (spreads, buckets, 65); `random` are the events' own bits.
    """
    return _draw(quantiles, spread, bucket, random, _ASPECT)


@kernel
def _draw(
    quantiles: Floats,
    spread: NDArray[np.int64],
    bucket: NDArray[np.int64],
    random: NDArray[np.uint64],
    aspect: np.uint64,
) -> NDArray[np.int64]:
    out = np.empty(len(random), dtype=np.int64)
    slices = quantiles.shape[2] - 1
    for event in range(len(random)):
        place = uniform(bits(random[event], aspect)) * slices
        part = int(place)
        table = quantiles[spread[event], bucket[event]]
        seconds = table[part] + (table[part + 1] - table[part]) * (place - part)
        low = int(table[0] * 1e6 + 0.5)
        high = int(table[slices] * 1e6 + 0.5)
        out[event] = min(max(int(seconds * 1e6 + 0.5), low + 1), high)
    return out
