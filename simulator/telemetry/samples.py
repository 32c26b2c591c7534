"""Samples of metric families: what a scrape returns and what a block holds.

Names as in the Prometheus data model (https://prometheus.io/docs/concepts/data_model/).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Labels = tuple[tuple[str, str], ...]
"""A label set without the metric name, sorted by label name."""


class MetricType(StrEnum):
    """The types of the text exposition format 0.0.4."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
    SUMMARY = "summary"
    UNTYPED = "untyped"


def labels_of(mapping: Mapping[str, str]) -> Labels:
    """The sorted label set of a mapping."""
    return tuple(sorted(mapping.items()))


@dataclass(frozen=True)
class Series:
    """One series of a family: the sample's full name (`x_bucket`, not `x`) and its labels (`le` included)."""

    name: str
    labels: Labels


@dataclass(frozen=True)
class FamilyBlock:
    """All samples of one family over some instants.

    `values[t, s]` is the sample of `series[s]` at `times_ms[t]`; NaN where the series has no sample then.
    Series of a histogram come in exposition order: buckets by rising `le`, then `_sum`, then `_count`.
    """

    name: str
    type: MetricType
    help: str
    series: tuple[Series, ...]
    times_ms: NDArray[np.int64]  # shape (T,), rising
    values: NDArray[np.float64]  # shape (T, S)

    def __post_init__(self) -> None:
        if self.values.shape != (len(self.times_ms), len(self.series)):
            raise ValueError(
                f"{self.name}: values have shape {self.values.shape}, "
                f"not {len(self.times_ms)} instants × {len(self.series)} series"
            )


class SampleSource(Protocol):
    """Where samples come from: the model's view through the catalogue.

    `instance` is the logical instance of the job's service (`api-1`, `postgres-1`, …), as
    `instances(job)` lists them. A source is pure: the same question gives the same bits.
    """

    def jobs(self) -> tuple[str, ...]:
        """The scrape jobs that this source can answer for."""
        ...

    def instances(self, job: str) -> tuple[str, ...]:
        """The logical instances behind a job, in a fixed order."""
        ...

    def is_up(self, job: str, instance: str, at_ms: int) -> bool:
        """False while the target refuses its scrape."""
        ...

    def blocks(self, job: str, instance: str, times_ms: NDArray[np.int64]) -> tuple[FamilyBlock, ...]:
        """Every family that the job exposes for this instance, at these wall instants, sorted by name."""
        ...
