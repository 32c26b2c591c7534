"""How long things take: distributions of durations (and of sizes, losses, shortfalls), their shares of buckets.

A spread is a mixture of a lognormal body and a heavy Pareto tail, times a stretch that follows utilization; of a share
of events that a fault delays, the duration is lognormal around the median plus the delay. Response times of web servers
have such bodies and tails (P. Barford and M. Crovella, "Generating representative web workloads", SIGMETRICS 1998).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from simulator.compiled import inlined, kernel
from simulator.model.elementary import exp, log, normal_cdf
from simulator.model.moment import Floats, Moment

LATE_SIGMA: Final = 0.5
"""Shape of delays, as the reference API draws them."""


@dataclass(frozen=True)
class Spread:
    """`median` seconds on an idle platform and `sigma` of the logarithm; a share `tail` begins at `tail_from` medians
    and falls with exponent `alpha`. `stretch` names the signal that multiplies all of it; `late` pairs of signals: the
    share of events that are delayed, and the median of their delay in seconds. `none` is the share of events that are
    0; stretched, it shrinks as the chance of no event does of a Poisson law whose mean is stretched alike."""

    median: float
    sigma: float
    stretch: str
    late: tuple[tuple[str, str], ...] = ()
    tail: float = 0.004
    tail_from: float = 6.0
    alpha: float = 1.6
    none: float = 0.0


_HTTP = ("http.late_share", "http.late_seconds")
_DB = ("db.late_share", "db.late_seconds")

SPREADS: Final[dict[str, Spread]] = {
    "http.memory": Spread(0.0015, 0.6, "api.stretch", (_HTTP,)),
    "http.read": Spread(0.011, 0.7, "api.stretch_on_database", (_HTTP, _DB)),
    "http.write": Spread(0.016, 0.65, "api.stretch_on_database", (_HTTP, _DB)),
    "http.search": Spread(0.045, 0.75, "api.stretch_on_database", (_HTTP, _DB)),
    "http.upload": Spread(0.16, 0.9, "api.stretch", (_HTTP, _DB)),
    "http.password": Spread(0.085, 0.3, "api.stretch", (_HTTP, _DB)),
    "db.query": Spread(0.0028, 0.95, "db.stretch", (_DB,)),
}
"""Every spread by name; areas add theirs where their signals are (`register`)."""


def register(spreads: Mapping[str, Spread]) -> None:
    """Add an area's spreads. Raises ValueError for a name that is taken."""
    for name, spread in spreads.items():
        if name in SPREADS:
            raise ValueError(f"there is a spread {name!r} already")
        SPREADS[name] = spread


@inlined
def _below(x: float, median: float, sigma: float, tail: float, tail_from: float, alpha: float) -> float:
    if x <= 0.0:
        return 0.0
    body = normal_cdf(log(x / median) / sigma)
    far = x / (median * tail_from)
    heavy = 1.0 - exp(-alpha * log(far)) if far > 1.0 else 0.0
    return (1.0 - tail) * body + tail * heavy


@kernel
def lognormal_shares(bounds: Floats, median: float, sigma: float) -> Floats:
    """The share of a lognormal law below each bound."""
    out = np.empty(len(bounds))
    for at in range(len(bounds)):
        out[at] = normal_cdf(log(bounds[at] / median) / sigma)
    return out


@kernel
def _shares_below(x: Floats, median: float, sigma: float, tail: float, tail_from: float, alpha: float) -> Floats:
    out = np.empty(len(x))
    for at in range(len(x)):
        out[at] = _below(x[at], median, sigma, tail, tail_from, alpha)
    return out


@kernel
def _cumulative(
    bounds: Floats,
    median: float,
    sigma: float,
    tail: float,
    tail_from: float,
    alpha: float,
    stretch: Floats,
    late_share: Floats,
    late_median: Floats,
    late_sigma: float,
    none: float,
) -> Floats:
    times = len(stretch)
    out = np.ones((times, len(bounds) + 1))
    for at in range(times):
        for bucket in range(len(bounds)):
            x = bounds[bucket]
            known = at > 0 and stretch[at] == stretch[at - 1] and late_share[at] == 0.0 and late_share[at - 1] == 0.0
            if known:
                out[at, bucket] = out[at - 1, bucket]
                continue
            share = _below(x, median * stretch[at], sigma, tail, tail_from, alpha)
            if none > 0.0:
                zero = exp(stretch[at] * log(none))
                share = zero + (1.0 - zero) * share
            if late_share[at] > 0.0:
                late = normal_cdf(log(x / (median * stretch[at] + late_median[at])) / late_sigma) if x > 0.0 else 0.0
                share = (1.0 - late_share[at]) * share + late_share[at] * min(late, share)
            out[at, bucket] = share
    return out


def cumulative_shares(name: str, bounds: tuple[float, ...], moment: Moment) -> Floats:
    """The share of events that take at most each bound, and 1 for all: shape (T, buckets)."""
    spread = SPREADS[name]
    spared = np.ones(len(moment))
    weighted = np.zeros(len(moment))
    total = np.zeros(len(moment))
    for share_signal, seconds_signal in spread.late:
        share = moment[share_signal]
        spared = spared * (1.0 - share)
        weighted = weighted + share * moment[seconds_signal]
        total = total + share
    late_seconds = np.divide(weighted, total, out=np.zeros(len(moment)), where=total > 0)
    return _cumulative(
        np.array(bounds),
        spread.median,
        spread.sigma,
        spread.tail,
        spread.tail_from,
        spread.alpha,
        moment[spread.stretch],
        1.0 - spared,
        late_seconds,
        LATE_SIGMA,
        spread.none,
    )


def shares_below(name: str, seconds: Floats) -> Floats:
    """The share of the undisturbed spread that takes at most so long."""
    spread = SPREADS[name]
    return _shares_below(seconds, spread.median, spread.sigma, spread.tail, spread.tail_from, spread.alpha)


def bucket_edges(name: str, bounds: tuple[float, ...]) -> tuple[float, ...]:
    """Where buckets begin and end, in seconds: the shortest duration there is, the bounds, the longest."""
    shortest = min(bounds[0], SPREADS[name].median) or min(bounds[1], SPREADS[name].median)  # a bound of 0 holds zeros
    return (shortest / 50.0, *(bound or shortest / 50.0 for bound in bounds), bounds[-1] * 3.0)


def bucket_means(name: str, bounds: tuple[float, ...]) -> Floats:
    """A typical duration inside each bucket, for `_sum`: the mean of the undisturbed spread within it."""
    spread = SPREADS[name]
    edges = bucket_edges(name, bounds)
    means = np.empty(len(bounds) + 1)
    for bucket in range(len(means)):
        # 24 slices of equal ratio, weighted by their share; where the spread has nothing, by equal weights
        cuts = edges[bucket] * (edges[bucket + 1] / edges[bucket]) ** (np.arange(25) / 24.0)
        below = _shares_below(cuts, spread.median, spread.sigma, spread.tail, spread.tail_from, spread.alpha)
        weights = np.diff(below)
        middles = np.sqrt(cuts[1:] * cuts[:-1])
        if weights.sum() <= 1e-12:
            weights = np.ones(len(middles))
        means[bucket] = round(float((weights * middles).sum() / weights.sum()), 7)
    if bounds[0] == 0:
        means[0] = 0.0
    return means
