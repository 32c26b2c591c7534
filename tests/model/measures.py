"""What makes traffic look like traffic, measured: the five figures of docs/realism.md, and data to measure them on.

`bench/realism.py` draws with the same functions what the tests hold to bounds.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.catalog.content import TOPICS
from simulator.catalog.families import Flow
from simulator.catalog.http import DURATION_BOUNDS, REQUESTS
from simulator.catalog.jobs import BY_NAME, CRYB_API
from simulator.model.flows import Disturbed, FlowCounts
from simulator.model.moment import World
from simulator.model.shapes import Undisturbed
from simulator.units import DAY, MINUTE

Floats = NDArray[np.float64]

BLOCKS = (4, 8, 16, 32, 64, 128, 256)
"""Minutes over which the variance of means is looked at: above the noise of counting, below the length of a day."""


# -- the figures ----------------------------------------------------------------------------------------------------


def autocorrelation(values: Floats, lag: int) -> float:
    """The sample's autocorrelation at a lag (Box and Jenkins, Time Series Analysis, 1970, section 2.1.5)."""
    away = values - values.mean()
    return float((away[lag:] * away[:-lag]).sum() / (away * away).sum())


def means_of_blocks(values: Floats, size: int) -> Floats:
    """Means of blocks that follow each other."""
    whole = values[: len(values) // size * size]
    return np.asarray(whole.reshape(-1, size).mean(axis=1))


def variances_of_means(values: Floats) -> Floats:
    """Variance of the means of blocks, for each size in BLOCKS."""
    return np.array([means_of_blocks(values, size).var() for size in BLOCKS])


def hurst_exponent(values: Floats) -> float:
    """By the variance-time plot: variances of means fall with the size of blocks to the power 2H - 2 (Leland and others
    1994, section 3.1; their "aggregated variance")."""
    slope = np.polyfit(np.log(BLOCKS), np.log(variances_of_means(values)), 1)[0]
    return float(1.0 + slope / 2.0)


def dispersion(counts: Floats, size: int) -> float:
    """Index of dispersion for counts over windows of so many steps: variance over mean, 1 for a Poisson process
    (Gusella 1991, section II)."""
    sums = means_of_blocks(counts, size) * size
    return float(sums.var() / sums.mean())


def zipf_exponent(counts: Floats, ranks: int = 20) -> float:
    """Minus the slope of log frequency over log rank, over the most frequent ones (as Breslau and others 1999 fit)."""
    ordered = np.sort(counts)[::-1][:ranks]
    return float(-np.polyfit(np.log(np.arange(1, len(ordered) + 1)), np.log(ordered), 1)[0])


def quantile(counts: Floats, q: float) -> float:
    """A quantile of durations by DURATION_BOUNDS, on a line within its bucket, as `histogram_quantile` has it."""
    below = np.concatenate(([0.0], np.cumsum(counts)[:-1])) / counts.sum()
    edges = np.array([0.0, *DURATION_BOUNDS])
    return float(np.interp(q, below, edges))


def tail(counts: Floats) -> float:
    """The 99th percentile over the median."""
    return quantile(counts, 0.99) / quantile(counts, 0.5)


# -- data -----------------------------------------------------------------------------------------------------------


def flow_counts(of: World, flow: Flow) -> FlowCounts:
    return FlowCounts(flow, CRYB_API, BY_NAME[CRYB_API].share, Undisturbed(of, "api-1"), Disturbed(of, "api-1"))


def per_minute(of: World, days: int) -> Floats:
    """HTTP requests of each minute, all routes and codes together, from the run's start on."""
    counted = flow_counts(of, REQUESTS)
    found = []
    for day in range(days):
        instants = of.start + day * DAY + np.arange(0, DAY + MINUTE, MINUTE, dtype=np.int64)
        found.append(np.diff(counted.at(instants).sum(axis=0)))
    return np.concatenate(found).astype(np.float64)


def durations(of: World, days: int) -> Floats:
    """HTTP requests by the bucket of their duration."""
    counted = flow_counts(of, REQUESTS)
    grown = np.diff(counted.at(of.start + np.array([0, days * DAY], dtype=np.int64)), axis=1)
    return np.asarray(grown.reshape(-1, counted.buckets).sum(axis=0), dtype=np.float64)


def by_label(of: World, flow: Flow, label: str, days: int) -> dict[str, float]:
    """Events of a flow by one of its labels."""
    counted = flow_counts(of, flow)
    grown = np.diff(counted.at(of.start + np.array([0, days * DAY], dtype=np.int64)), axis=1)
    found: dict[str, float] = {}
    for labels, count in zip(counted.labels, grown.reshape(len(counted.labels), -1).sum(axis=1), strict=True):
        found[labels[label]] = found.get(labels[label], 0.0) + float(count)
    return found


def communities(found: dict[str, float]) -> Floats:
    """Those that have a name of their own, without the rest."""
    return np.array([found[topic] for topic in TOPICS])
