"""Intensities of flows in time: what `CountTree` splits by, without faults."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

import numpy as np

from simulator.model.counts import Floats
from simulator.model.grid import CELL_MS, CELLS_PER_HOUR, HOURS_PER_DAY
from simulator.model.moment import Moment, World
from simulator.model.spreads import cumulative_shares
from simulator.units import HOUR

_POINTS: Final = 4  # instants at which an hour is looked at for its total
_KEPT: Final = 2


class Undisturbed:
    """Moments without faults, as one instance sees them, kept for all its flows."""

    def __init__(self, world: World, instance: str) -> None:
        self._world = world
        self._instance = instance
        self._hours: OrderedDict[tuple[int, int], Moment] = OrderedDict()
        self._days: OrderedDict[int, Moment] = OrderedDict()

    def hours(self, first: int, count: int) -> Moment:
        """Four instants of each hour."""
        known = (first, count)
        if known not in self._hours:
            at = first * HOUR + (np.arange(count * _POINTS, dtype=np.int64) * 2 + 1) * (HOUR // (2 * _POINTS))
            self._hours[known] = self._moment(at)
            while len(self._hours) > _KEPT:
                self._hours.popitem(last=False)
        return self._hours[known]

    def cells(self, day: int) -> Moment:
        """The middles of a day's cells."""
        if day not in self._days:
            count = HOURS_PER_DAY * CELLS_PER_HOUR
            at = (day * count + np.arange(count, dtype=np.int64)) * CELL_MS + CELL_MS // 2
            self._days[day] = self._moment(at)
            while len(self._days) > _KEPT:
                self._days.popitem(last=False)
        return self._days[day]

    def _moment(self, grid_ms: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Moment:
        return Moment(self._world, grid_ms, instance=self._instance, disturbed=False)


class FlowShapes:
    """Implements `counts.Shapes` for one flow: a signal, and for each of its spreads the buckets' shares of it.

    Shape `spread × buckets + bucket` is the rate of events of that spread in that bucket.
    """

    def __init__(
        self, moments: Undisturbed, signal: str, share: str, spreads: tuple[str, ...], bounds: tuple[float, ...]
    ) -> None:
        """`share` names the signal of the part that the instance gets; empty: all of it."""
        self._moments = moments
        self._signal = signal
        self._share = share
        self._spreads = spreads
        self._bounds = bounds
        self._day: tuple[int, Floats] | None = None

    def per_hour(self, first_hour: int, hours: int) -> Floats:
        rates = self._rates(self._moments.hours(first_hour, hours))
        points = rates.reshape(len(rates), hours, _POINTS)
        total = points[:, :, 0] + points[:, :, 1] + points[:, :, 2] + points[:, :, 3]
        return np.ascontiguousarray(total * (HOUR / 1000 / _POINTS))

    def per_cell(self, first_cell: int, cells: int) -> Floats:
        day, within = divmod(first_cell, HOURS_PER_DAY * CELLS_PER_HOUR)
        if self._day is None or self._day[0] != day:
            self._day = (day, self._rates(self._moments.cells(day)))
        return np.ascontiguousarray(self._day[1][:, within : within + cells])

    def _rates(self, moment: Moment) -> Floats:
        """Events per second by shape, (S, T)."""
        rate = moment[self._signal] * moment[self._share] if self._share else moment[self._signal]
        if not self._bounds:
            return rate[None, :]
        parts = []
        for name in self._spreads:
            inside = np.diff(cumulative_shares(name, self._bounds, moment), axis=1, prepend=0.0)
            parts.append(inside.T * rate[None, :])
        return np.concatenate(parts)
