"""Series whose values an overlay wrote down, as they are at any instant."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.catalog.families import Family, Written
from simulator.model.moment import Moment
from simulator.telemetry.samples import MetricType, Series


class WrittenReader:
    """One written series. Ramps and pulses are not looked at: the notation itself says what a fault does to it."""

    def __init__(self, family: Family, view: Written) -> None:
        self.series = (Series(family.name, view.labels),)
        self._view = view
        self._adds = family.type is MetricType.COUNTER

    @property
    def refresh_ms(self) -> int:
        """Written values are looked up at the scrape itself."""
        return 0

    def read(self, moment: Moment) -> NDArray[np.float64]:
        """Values in shape (1, instants); NaN where there is no sample."""
        view = self._view
        elapsed = moment.elapsed_ms
        values = view.values.at(elapsed // view.step_ms)
        for fault in moment.profile.faults:
            during = view.during.get(fault.id, view.during.get(fault.kind))
            if during is None or not moment.concerns(fault):
                continue
            since = np.minimum(elapsed, fault.end - 1) - fault.at
            then = during.at(since // view.step_ms)
            if self._adds:
                values = np.where(since >= 0, values + then, values)
            else:
                values = np.where((since >= 0) & (elapsed < fault.end), then, values)
        return values[None, :]
