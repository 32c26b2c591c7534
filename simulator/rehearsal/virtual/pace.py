"""How fast a replay through Alertmanager goes, and when on the wall it begins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, gcd
from typing import Final

from simulator.telemetry.interval import Interval
from simulator.units import SECOND

REPLAY_SECONDS: Final = 10.0
"""How long a replay should take where the timers allow it."""

LONGEST_SECONDS: Final = 60.0
"""How long one takes at most that nobody asked for: where timers would need more, they are not all in proportion."""


@dataclass(frozen=True)
class Pace:
    """`factor` times as fast as time. `fastest`: the most at which every timer is in proportion."""

    factor: float
    fastest: float

    @property
    def is_in_proportion(self) -> bool:
        """Whether no timer had to be longer than the factor says."""
        return self.factor <= self.fastest


def chosen_pace(span: Interval, fastest: float, jumps_ms: Sequence[int] = (), wished: float | None = None) -> Pace:
    """The pace for a span. `jumps_ms`: the simulated instants at which a time interval begins or ends, rising.

    A wished factor (1: real time) is taken as it is. Else the replay takes about ten seconds, longer where the timers
    ask for it, up to a minute. Where that allows it, all jumps come at whole seconds of the wall (see `start_on_wall`).
    """
    seconds = span.length_ms / SECOND
    if wished is not None:
        return Pace(max(wished, 1.0), fastest)
    factor = max(min(seconds / REPLAY_SECONDS, fastest), seconds / LONGEST_SECONDS, 1.0)
    gap_ms = gcd(*(later - earlier for earlier, later in pairwise(jumps_ms)))
    if gap_ms:
        even = gap_ms / SECOND / ceil(gap_ms / SECOND / factor)
        if even >= max(seconds / LONGEST_SECONDS, 1.0):
            factor = even
    return Pace(factor, fastest)


def start_on_wall(earliest_ms: int, start_ms: int, jumps_ms: Sequence[int], factor: float) -> int:
    """The first instant of the wall, not before `earliest_ms`, that lets the first jump fall on a whole second."""
    if not jumps_ms:
        return earliest_ms
    first_ms = round((jumps_ms[0] - start_ms) / factor)
    return earliest_ms + (-(earliest_ms + first_ms)) % SECOND
