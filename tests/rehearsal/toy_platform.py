"""A platform small enough to be worked out by hand: a source of samples, pure as the model is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from simulator.profile.manifest import Manifest
from simulator.profile.schema import Profile
from simulator.telemetry.interval import Interval
from simulator.telemetry.samples import FamilyBlock, MetricType, Series

START = 1_767_657_600_000  # 2026-01-06T00:00:00Z
INTERVAL = 15_000
OUTAGE = Interval(START - 600_000, START - 300_000)


def manifest(seed: int = 1) -> Manifest:
    """A run that begins at START."""
    profile = Profile.model_validate(
        {"name": "toy", "description": "A toy", "start": datetime(2026, 1, 6, tzinfo=UTC), "duration": "1h"}
    )
    return Manifest(
        run_id="toy",
        mode="virtual",
        profile=profile,
        profile_path="toy.yaml",
        seed=seed,
        started_ms=START,
    )


@dataclass(frozen=True)
class Toy:
    """Job `web` with two instances and `db` with one; `down` is when web-1 refuses its scrapes.

    Each has `ticks_total` (seconds since the epoch, by `number`), `level{side="☃"}`, and `flicker`, which is there in
    every other minute.
    """

    series: int = 3
    down: Interval = OUTAGE

    def jobs(self) -> tuple[str, ...]:
        return ("db", "web")

    def instances(self, job: str) -> tuple[str, ...]:
        return ("web-1", "web-2") if job == "web" else ("db-1",)

    def is_up(self, job: str, instance: str, at_ms: int) -> bool:
        return instance != "web-1" or at_ms not in self.down

    def answered(self, job: str, instance: str, times_ms: NDArray[np.int64]) -> NDArray[np.bool_]:
        return np.array([self.is_up(job, instance, at) for at in times_ms.tolist()], dtype=np.bool_)

    def blocks(self, job: str, instance: str, times_ms: NDArray[np.int64]) -> tuple[FamilyBlock, ...]:
        seconds = times_ms / 1000
        flicker = np.where(times_ms // 60_000 % 2 == 0, seconds % 7, np.nan)
        ticks = tuple(Series("ticks_total", (("number", str(number)),)) for number in range(self.series))
        return (
            FamilyBlock("flicker", MetricType.GAUGE, "", (Series("flicker", ()),), times_ms, flicker[:, None]),
            FamilyBlock(
                "level", MetricType.GAUGE, "", (Series("level", (("side", "☃"),)),), times_ms, np.sin(seconds)[:, None]
            ),
            FamilyBlock(
                "ticks_total",
                MetricType.COUNTER,
                "",
                ticks,
                times_ms,
                np.stack([seconds * (number + 1) for number in range(self.series)], axis=1),
            ),
        )
