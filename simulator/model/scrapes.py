"""Which scrapes get an answer: the instance has to be there, its target too, and the scrape must not be lost."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.catalog.jobs import Job
from simulator.compiled import kernel
from simulator.model.draws import bits, uniform
from simulator.model.grid import Times
from simulator.model.keys import key
from simulator.model.moment import World
from simulator.profile.activity import level, service_of
from simulator.profile.presence import Truth, is_down, is_flapping, scraped_instance
from simulator.units import SECOND

SLOT_MS: Final = 5 * SECOND
"""Scrapes of one target within this time share their fate: the shortest interval of the platform's jobs."""


def answered(world: World, job: Job, target: str, grid_ms: Times) -> Truth:
    """Whether a scrape of a job's target at each instant gets an answer."""
    profile, elapsed = world.profile, grid_ms - world.start
    instance = scraped_instance(job.service, target)
    up = ~(is_down(profile, instance, elapsed) | is_flapping(profile, instance, elapsed))
    for fault in profile.faults:
        if fault.kind != "scrape_gap" or service_of(fault) != job.service:
            continue
        if fault.target.instance in (None, instance):
            stream = key(world.seed, "scrape", fault.id, job.name, target)
            up &= _luck(stream, grid_ms // SLOT_MS) >= level(fault, elapsed)
    return up


@kernel
def _luck(stream: np.uint64, slots: Times) -> NDArray[np.float64]:
    out = np.empty(len(slots))
    for at in range(len(slots)):
        out[at] = uniform(bits(stream, np.uint64(slots[at])))
    return out
