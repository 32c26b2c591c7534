"""Two load runs against each other: what changed beyond the noise. Pure.

Requests of one second are alike (a collection of garbage slows all of them), so the noise is that of spans, not of
requests: each run is cut into spans of five seconds, and the spans are drawn anew, with replacement, many times over
(block bootstrap; Künsch 1989, Annals of Statistics 17:1217). The spread of a figure over these draws is its standard
error. The difference of two runs over its standard error is held against a normal distribution, and as there are many
comparisons, Holm's procedure (1979, Scandinavian Journal of Statistics 6:65) keeps the chance that even one of them is
taken for a change by luck at five per cent.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.wire.load_report import Measured, Tally

SPAN_SECONDS: Final = 5
FEWEST_SPANS: Final = 10
CHANCE: Final = 0.05
"""Of taking any luck for a change, over all comparisons of two runs together."""

ALL: Final = "all requests"
QUANTILES: Final = (0.5, 0.95, 0.99)
_DRAWS: Final = 1_000
_SEED: Final = 20_260_105

Counts = NDArray[np.int64]
Figures = NDArray[np.float64]


class Change(StrEnum):
    """How one figure of the second run stands to the first's."""

    SAME = "same"
    BETTER = "better"
    WORSE = "worse"
    UNKNOWN = "too few"


@dataclass(frozen=True)
class Compared:
    """One figure of one request name. Seconds (latencies) or shares (errors); None where a run has too few for it.

    `low` and `high` bound the difference, second less first, with 95 % confidence (for this one figure by itself).
    """

    name: str
    figure: str  # p50, p95, p99, error ratio
    first: float | None
    second: float | None
    low: float | None
    high: float | None
    change: Change


@dataclass(frozen=True)
class Spans:
    """A run cut into spans: for each request name its tally in each span (0 where it did not occur)."""

    number: int
    tallies: Mapping[str, Mapping[int, Tally]]


def cut(lines: Sequence[Measured], *, from_ms: int) -> Spans:
    """Cut a run's lines into spans of five seconds. Lines up to `from_ms` (the warm-up) are left out."""
    kept = [line for line in lines if line.at_ms > from_ms]
    tallies: dict[str, dict[int, Tally]] = {}
    numbers = sorted({(line.at_ms - from_ms) // (SPAN_SECONDS * 1000) for line in kept})
    place = {number: index for index, number in enumerate(numbers)}
    for line in kept:
        span = place[(line.at_ms - from_ms) // (SPAN_SECONDS * 1000)]
        for name, tally in line.tallies.items():
            for key in (name, ALL):
                tallies.setdefault(key, {}).setdefault(span, Tally()).add(tally)
    return Spans(len(numbers), tallies)


def compare(first: Spans, second: Spans) -> tuple[Compared, ...]:
    """Every figure that both runs have, name by name, all requests first."""
    names = sorted(set(first.tallies) & set(second.tallies), key=lambda name: (name != ALL, name))
    draws = [np.random.Generator(np.random.Philox(_SEED + which)) for which in (0, 1)]
    found = []
    for name in names:
        sides = [
            _Side.of(spans.number, spans.tallies[name], draw)
            for spans, draw in zip((first, second), draws, strict=True)
        ]
        found += [_Difference.of(name, figure, *sides) for figure in _FIGURES]
    changed = _holm([one.chance for one in found])
    return tuple(one.compared(is_change) for one, is_change in zip(found, changed, strict=True))


_FIGURES: Final = (*(f"p{quantile * 100:g}" for quantile in QUANTILES), "error ratio")


@dataclass(frozen=True)
class _Side:
    """One run's figures of one name (by figure), and the same over the draws."""

    figures: Mapping[str, float | None]
    drawn: Mapping[str, Figures]

    @classmethod
    def of(cls, number: int, tallies: Mapping[int, Tally], draw: np.random.Generator) -> _Side:
        values, counts = _matrix(number, tallies)
        requests = np.array([tallies[span].requests if span in tallies else 0 for span in range(number)])
        failures = np.array([tallies[span].failures if span in tallies else 0 for span in range(number)])
        weights = np.vstack(
            [np.ones((1, number), np.int64), draw.multinomial(number, np.full(number, 1 / number), size=_DRAWS)]
        )
        drawn: dict[str, Figures] = {}
        cumulated = np.cumsum(weights @ counts, axis=1)
        for quantile, figure in zip(QUANTILES, _FIGURES, strict=False):
            drawn[figure] = _quantile(values, cumulated, quantile)
        with np.errstate(invalid="ignore"):
            drawn["error ratio"] = (weights @ failures) / (weights @ requests)
        enough = number >= FEWEST_SPANS
        timed = int(counts.sum())
        figures: dict[str, float | None] = {
            figure: float(drawn[figure][0]) if enough and timed >= 10 / (1 - quantile) else None
            for quantile, figure in zip(QUANTILES, _FIGURES, strict=False)
        }
        figures["error ratio"] = float(drawn["error ratio"][0]) if enough else None
        return cls(figures, drawn)


def _matrix(number: int, tallies: Mapping[int, Tally]) -> tuple[Figures, Counts]:
    """The latencies that occur (seconds, ascending), and how often each did in each span: shape (spans, latencies)."""
    recorded = {span: dict(tally.latency.recorded()) for span, tally in tallies.items()}
    values = np.array(sorted({value for counts in recorded.values() for value in counts}))
    place = {value: index for index, value in enumerate(values.tolist())}
    counts = np.zeros((number, len(values)), np.int64)
    for span, found in recorded.items():
        for value, count in found.items():
            counts[span, place[value]] = count
    return values, counts


def _quantile(values: Figures, cumulated: Counts, quantile: float) -> Figures:
    """The quantile of each draw; NaN where a draw has nothing."""
    if not len(values):
        return np.full(len(cumulated), np.nan)
    total = cumulated[:, -1]
    place = (cumulated >= np.maximum(np.ceil(quantile * total), 1)[:, None]).argmax(axis=1)
    return np.where(total > 0, values[place], np.nan)


@dataclass(frozen=True)
class _Difference:
    """One figure of both runs, and how likely chance alone makes them differ so much."""

    name: str
    figure: str
    first: float | None
    second: float | None
    error: float
    chance: float

    @classmethod
    def of(cls, name: str, figure: str, first: _Side, second: _Side) -> _Difference:
        one, other = first.figures[figure], second.figures[figure]
        if one is None or other is None:
            return cls(name, figure, one, other, math.nan, 1.0)
        error = math.hypot(np.nanstd(first.drawn[figure]), np.nanstd(second.drawn[figure]))
        if one == other:
            return cls(name, figure, one, other, error, 1.0)
        chance = math.erfc(abs(other - one) / error / math.sqrt(2)) if error else 0.0
        return cls(name, figure, one, other, error, chance)

    def compared(self, is_change: bool) -> Compared:
        if self.first is None or self.second is None:
            return Compared(self.name, self.figure, self.first, self.second, None, None, Change.UNKNOWN)
        difference = self.second - self.first
        change = Change.SAME
        if is_change:
            change = Change.WORSE if difference > 0 else Change.BETTER
        low, high = difference - 1.96 * self.error, difference + 1.96 * self.error
        return Compared(self.name, self.figure, self.first, self.second, low, high, change)


def _holm(chances: Sequence[float]) -> list[bool]:
    """Which of these are changes, such that the chance of a single false one is at most CHANCE."""
    found = [False] * len(chances)
    for rank, index in enumerate(sorted(range(len(chances)), key=chances.__getitem__)):
        if chances[index] > CHANCE / (len(chances) - rank):
            break
        found[index] = True
    return found
