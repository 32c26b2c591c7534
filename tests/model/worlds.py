"""Platforms to ask: a profile from a few words, its signals and the counts of its flows."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

import simulator.model.signals  # noqa: F401  # registers the signals
from simulator.catalog.families import Flow
from simulator.catalog.jobs import BY_NAME, CRYB_API
from simulator.model.flows import Disturbed, FlowCounts
from simulator.model.moment import Moment, World
from simulator.model.shapes import Undisturbed
from simulator.profile.schema import Profile
from simulator.units import MINUTE

START = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)  # a Monday


def profile(*faults: dict[str, object], duration: str = "30d", **parts: object) -> Profile:
    """A profile of default size."""
    given = {"name": "x", "description": "x", "start": START, "duration": duration, "faults": list(faults), **parts}
    return Profile.model_validate(given)


def world(*faults: dict[str, object], seed: int = 1, **parts: object) -> World:
    return World(profile(*faults, **parts), seed)  # type: ignore[arg-type]  # what is wrong is pydantic's to say


def every(minutes: int, first_day: float, last_day: float, of: World) -> np.ndarray:
    """Instants of grid time from one day of the run to another."""
    day = 24 * 60 * MINUTE
    return of.start + np.arange(round(first_day * day), round(last_day * day), minutes * MINUTE, dtype=np.int64)


def signals(of: World, times: np.ndarray, *names: str) -> list[np.ndarray]:
    """Signals as the first API instance sees them."""
    moment = Moment(of, times, instance="api-1")
    return [moment[name] for name in names]


def counts(flow: Flow, of: World, times: np.ndarray, **where: tuple[str, ...]) -> np.ndarray:
    """How many events of a flow, of rows with these labels, the first API instance has counted before each instant."""
    counted = FlowCounts(flow, CRYB_API, BY_NAME[CRYB_API].share, Undisturbed(of, "api-1"), Disturbed(of, "api-1"))
    found = counted.at(times).reshape(len(counted.labels), counted.buckets, len(times)).sum(axis=1)
    rows = [
        number for number, row in enumerate(counted.labels) if all(row[name] in those for name, those in where.items())
    ]
    return np.asarray(found[rows].sum(axis=0))
