"""Long runs: what was computed for one slice of time goes when the next is asked for, without the collector's help."""

from __future__ import annotations

import gc
import resource
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from simulator.model.moment import Moment
from simulator.streams.samples import ModelSamples
from simulator.units import HOUR, MINUTE, SECOND
from tests.streams.runs import START, fault, run_of

RUN = int(START.timestamp() * 1000)


def compute(source: ModelSamples, start: int, length: int) -> None:
    """Everything that a slice of time holds, job by job."""
    times = np.arange(start, start + length, 15 * SECOND, dtype=np.int64)
    for job in source.jobs():
        for instance in source.instances(job):
            source.blocks(job, instance, times)


@pytest.fixture
def uncollected() -> Iterator[None]:
    """What was there before is nobody's garbage; what comes is not collected."""
    gc.collect()
    gc.freeze()
    gc.disable()
    yield
    gc.set_debug(0)
    gc.garbage.clear()
    gc.enable()
    gc.unfreeze()


def test_moments_do_not_hold_each_other_in_circles(uncollected: None) -> None:
    faults = (
        fault("latency", "5m"),
        fault("queue_backlog", "10m"),
        fault("outage", "25m", "2m"),
        fault("deploy", "40m"),
    )
    source = ModelSamples(run_of(*faults, api=2))
    for start in range(RUN, RUN + HOUR, 20 * MINUTE):
        compute(source, start, 20 * MINUTE)
    gc.set_debug(gc.DEBUG_SAVEALL)
    gc.collect()
    found = {type(one) for one in gc.garbage}
    assert not found & {Moment, np.ndarray}


def resident() -> int:
    """Bytes of memory that this process holds now."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * resource.getpagesize()


def test_memory_does_not_grow_with_the_length_of_a_run(uncollected: None) -> None:
    source = ModelSamples(run_of())
    first = RUN - 48 * HOUR
    for number in range(6):  # what is kept for good, and what is kept of the latest slices
        compute(source, first + number * 2 * HOUR, 2 * HOUR)
    before = resident()
    for number in range(6, 24):
        compute(source, first + number * 2 * HOUR, 2 * HOUR)
    one_slice = 2_000 * 480 * 8
    assert resident() - before < 6 * one_slice  # 18 slices more
