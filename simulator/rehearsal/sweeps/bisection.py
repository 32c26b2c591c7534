"""Which doses to try next: first spread over the whole range, then halving what is not known of each alert.

Doses are halved on a scale of ratios: what matters is whether an alert needs twice as much, not 0.1 more.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

EXACT: Final = 1.1
"""A trip point is known when the next smaller dose is less than a tenth smaller."""


@dataclass(frozen=True)
class Bracket:
    """An alert fires at `fires`, the smallest dose that was tried and does; `silent` is the next smaller one."""

    silent: float
    fires: float

    @property
    def is_exact(self) -> bool:
        """Whether there is nothing left to find out."""
        return self.silent > 0 and self.fires / self.silent <= EXACT


def spread(lowest: float, highest: float, count: int) -> tuple[float, ...]:
    """So many doses, at equal ratios, both ends among them; the highest alone where there is room for one."""
    if count < 2 or lowest >= highest:
        return (highest,)
    return tuple(rounded(lowest * (highest / lowest) ** (place / (count - 1))) for place in range(count))


def with_own(doses: Sequence[float], own: float, count: int) -> tuple[float, ...]:
    """The doses and the profile's own: beside them where there is room and none is as near as makes no difference."""
    if any(max(dose, own) / min(dose, own) <= EXACT for dose in doses) or len(doses) >= count:
        return tuple(doses)
    return (*doses, own)


def bracket_of(fired: Mapping[float, bool]) -> Bracket | None:
    """Where an alert trips, by the doses tried (0: without the fault); None where it never fired."""
    firing = [dose for dose, has_fired in fired.items() if has_fired]
    if not firing:
        return None
    smallest = min(firing)
    return Bracket(max((dose for dose in fired if dose < smallest), default=0.0), smallest)


def next_doses(brackets: Iterable[Bracket], tried: Collection[float], lowest: float, count: int) -> tuple[float, ...]:
    """At most so many doses that tell most about these brackets, widest first; fewer where little is left to know."""
    wanted: dict[float, float] = {}
    for bracket in brackets:
        silent = max(bracket.silent, lowest)
        if bracket.fires <= silent or Bracket(silent, bracket.fires).is_exact:
            continue
        middle = rounded(math.sqrt(silent * bracket.fires))
        if middle not in tried:
            wanted[middle] = max(wanted.get(middle, 0.0), bracket.fires / silent)
    return tuple(sorted(wanted, key=lambda dose: -wanted[dose])[:count])


def rounded(dose: float) -> float:
    """Three digits: a dose that people can write into a profile."""
    return float(f"{dose:.3g}")
