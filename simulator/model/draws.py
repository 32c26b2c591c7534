"""Random numbers by counter: a draw is a pure function of (key, index), so that any draw can be made alone.

`bits(key, index)` mixes the two into 64 bits; the laws below turn 64 bits into a count. Every law is the quantile
function at a uniform number: with the same bits a larger mean never gives a smaller count, so that two runs that differ
only in a fault's intensity differ as little as they can.

The mixer is mx3 (J. Maiga, "The mx3 mixer/PRNG", 2020) over a Weyl sequence, as in SplitMix64 (Steele, Lea and Flood,
OOPSLA 2014), with the key put in once more between its rounds so that no two keys walk along the same sequence.
"""

from __future__ import annotations

import math

import numpy as np

from simulator.compiled import inlined
from simulator.model.elementary import exp, normal_quantile

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MULTIPLIER = np.uint64(0xBEA225F9EB34556D)
_R32, _R29, _R12 = np.uint64(32), np.uint64(29), np.uint64(12)
_TO_UNIT = 2.0**-52
_NEGLIGIBLE = 1e-18  # below this a term no longer changes the sum it is added to
_RAREST = 1e-9  # counts rarer than this are not drawn: neither sums nor corrections tell them apart

INVERSION_BELOW = 12.0
"""Means up to this are drawn by exact inversion; above, by the normal quantile with Cornish and Fisher's correction."""

_TAIL = 1e-4
_TAIL_BELOW = 200.0
"""In the outer tails that correction no longer holds for means this small, so there inversion goes on."""


@inlined
def bits(key: np.uint64, index: np.uint64) -> np.uint64:
    """64 random bits: the `index`-th of the stream `key`."""
    x = key + index * _GOLDEN
    x ^= x >> _R32
    x *= _MULTIPLIER
    x ^= x >> _R29
    x += key
    x *= _MULTIPLIER
    x ^= x >> _R32
    x *= _MULTIPLIER
    x ^= x >> _R29
    return x


@inlined
def uniform(random: np.uint64) -> float:
    """A number in (0, 1), never 0 and never 1; nor is 1 less it, which is exact: 52 bits leave room for the half."""
    return (float(np.int64(random >> _R12)) + 0.5) * _TO_UNIT


@inlined
def normal(random: np.uint64) -> float:
    """A standard normal number."""
    return normal_quantile(uniform(random))


@inlined
def _is_inverted(mean: float, u: float) -> bool:
    """Whether a mean is drawn by inversion at this uniform number."""
    return mean <= INVERSION_BELOW or (mean <= _TAIL_BELOW and (u < _TAIL or u > 1.0 - _TAIL))


@inlined
def poisson(mean: float, random: np.uint64) -> int:
    """A Poisson count."""
    if mean <= 0.0:
        return 0
    u = min(max(uniform(random), _RAREST), 1.0 - _RAREST)
    if _is_inverted(mean, u):
        chance = exp(-mean)
        total = chance
        count = 0
        while u > total and (chance > _NEGLIGIBLE or count < mean):
            count += 1
            chance *= mean / count
            total += chance
        return count
    z = normal_quantile(u)
    root = math.sqrt(mean)
    # Cornish and Fisher's expansion for skewness 1/root and excess kurtosis 1/mean
    x = mean + root * z + (z * z - 1.0) / 6.0 - (z * z * z - z) / (72.0 * root)
    return max(0, math.floor(x + 0.5))


@inlined
def binomial(n: int, p: float, random: np.uint64) -> int:
    """How many of `n` events fall on the side that each takes with probability `p`."""
    if n <= 0 or p <= 0.0:
        return 0
    if p >= 1.0:
        return n
    u = min(max(uniform(random), _RAREST), 1.0 - _RAREST)
    mirrored = p > 0.5
    if mirrored:  # count the rarer side; 1 - u keeps the count rising with p
        p = 1.0 - p
        u = 1.0 - u
    q = 1.0 - p
    if _is_inverted(n * p, u):
        chance = 1.0
        factor = q
        left = n
        while left > 0:  # q to the n by squaring
            if left & 1:
                chance *= factor
            factor *= factor
            left >>= 1
        odds = p / q
        total = chance
        count = 0
        while u > total and count < n and (chance > _NEGLIGIBLE or count < n * p):
            chance *= odds * (n - count) / (count + 1)
            count += 1
            total += chance
    else:
        variance = n * p * q
        z = normal_quantile(u)
        x = n * p + math.sqrt(variance) * z + (q - p) * (z * z - 1.0) / 6.0
        count = min(n, max(0, math.floor(x + 0.5)))
    return n - count if mirrored else count


@inlined
def share(n: int, p: float, dispersion: float, random: np.uint64) -> int:
    """`binomial`, with `dispersion` times its variance.

    1 is a count of single events. 0 is an amount without chance (seconds of CPU time), split as exactly as integers
    allow. Above 1, events come in lumps of about that size (bytes of packets).
    """
    if dispersion == 1.0:
        return binomial(n, p, random)
    if n <= 0 or p <= 0.0:
        return 0
    if p >= 1.0:
        return n
    x = n * p
    if dispersion > 0.0:
        x += math.sqrt(dispersion * x * (1.0 - p)) * normal(random)
    return min(n, max(0, math.floor(x + 0.5)))


@inlined
def total(mean: float, dispersion: float, random: np.uint64) -> int:
    """`poisson`, with `dispersion` times its variance, as in `share`."""
    if dispersion == 1.0:
        return poisson(mean, random)
    x = mean
    if dispersion > 0.0:
        x += math.sqrt(dispersion * mean) * normal(random)
    return max(0, math.floor(x + 0.5))


@inlined
def nested(part: int, whole: int, chosen: int, random: np.uint64) -> int:
    """How many of the first `part` of `whole` events are among the `chosen`, spread evenly from a random phase.

    Never falls as `part` rises, never rises by more than `part` does, 0 at 0 and `chosen` at `whole`: so it picks a
    sub-process of single events out of a process of which only counts are known. (From 2^31 events on, which only
    amounts such as bytes reach, `part` is rounded down without a phase.)
    """
    if chosen <= 0 or part <= 0:
        return 0
    if chosen >= whole or part >= whole:
        return min(part, chosen)
    phase = int(uniform(random) * whole)
    if whole < 1 << 31:
        return (part * chosen + phase) // whole
    return min(chosen, math.floor(float(part) * (float(chosen) / float(whole))))
