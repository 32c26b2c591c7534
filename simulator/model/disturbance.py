"""When faults act: the segments in which anything may be different from the undisturbed platform."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np

from simulator.model.grid import CELL_MS, Times
from simulator.model.moment import World
from simulator.profile.presence import absences
from simulator.profile.schema import Fault, FaultShape

AFTERMATH_MS: Final[dict[str, int]] = {}
"""How long after its end a kind of fault can still show in counts (a queue that drains); 0 where not named."""


def first_onset(world: World) -> int | None:
    """Grid time of the first onset; None where nothing ever breaks."""
    return min((world.start + fault.at for fault in world.profile.faults), default=None)


def segments(world: World, start: int, end: int) -> Times:
    """Segments that begin in `[start, end)` of grid time: (S, 2) starts and ends, rising, within a cell each.

    They cover every span in which a fault acts or lingers, and are cut wherever one begins, ends, or pulses, and where
    an instance goes or comes back.
    """
    spans = []
    cuts: set[int] = set()
    for fault in world.profile.faults:
        onset = world.start + fault.at
        over = world.start + fault.end
        after = over + AFTERMATH_MS.get(fault.kind, 0)
        spans.append((onset, after))
        cuts.update((onset, over, after))
        if fault.shape is FaultShape.PULSES:
            cuts.update(_pulses(fault, onset, max(start - CELL_MS, onset), min(end + CELL_MS, over)))
        cuts.update(world.start + edge for absence in absences(world.profile, fault) for edge in absence)
    pieces: list[tuple[int, int]] = []
    for low, high in _united(spans):
        # whole segments only: one that began before `start` belongs to the one who asked for that time
        first = max(low, (start // CELL_MS - 1) * CELL_MS)
        last = min(high, (end // CELL_MS + 2) * CELL_MS)
        if first >= last:
            continue
        grid = range((first // CELL_MS + 1) * CELL_MS, last, CELL_MS)
        edges = sorted({first, last, *grid, *(cut for cut in cuts if first < cut < last)})
        pieces.extend(pair for pair in pairwise(edges) if start <= pair[0] < end)
    return np.array(sorted(pieces), dtype=np.int64).reshape(-1, 2)


def _united(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    united: list[tuple[int, int]] = []
    for low, high in sorted(spans):
        if united and low <= united[-1][1]:
            united[-1] = (united[-1][0], max(united[-1][1], high))
        else:
            united.append((low, high))
    return united


def _pulses(fault: Fault, onset: int, start: int, end: int) -> list[int]:
    """Where the pulses of a fault begin and end within a span."""
    on = int(np.ceil(fault.period * fault.duty))  # the first millisecond that is off
    first = max(0, (start - onset) // fault.period)
    last = max(0, (end - onset) // fault.period)
    return [onset + number * fault.period + part for number in range(first, last + 1) for part in (0, on)]
