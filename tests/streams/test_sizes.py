"""How many series a platform exports: what the size says, times the instances."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.streams.samples import ModelSamples
from simulator.units import MINUTE
from tests.streams.runs import START, run_of

NOW = np.array([int(START.timestamp() * 1000) + MINUTE], dtype=np.int64)


def series(source: ModelSamples, job: str, instance: str) -> int:
    """Series that a scrape of one target a minute into the run finds."""
    blocks = source.blocks(job, instance, NOW)
    return sum(int(np.count_nonzero(~np.isnan(block.values))) for block in blocks)


def exported(size: str) -> int:
    source = ModelSamples(run_of(size=size))
    return sum(series(source, job, instance) for job in source.jobs() for instance in source.instances(job))


@pytest.mark.parametrize(("size", "low", "high"), [("tiny", 1_700, 2_300), ("default", 5_000, 10_000)])
def test_a_size_says_how_many_series_there_are(size: str, low: int, high: int) -> None:
    assert low <= exported(size) <= high


def test_instances_make_millions_of_them() -> None:
    source = ModelSamples(run_of(size="large", api=500))
    instances = source.instances("cryb-api")
    assert len(instances) == 500
    assert series(source, "cryb-api", instances[-1]) * len(instances) > 3_000_000
