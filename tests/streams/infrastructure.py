"""Runs of a platform of several instances, read series by series: what a fault of infrastructure changes, and where."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache, cached_property

import numpy as np

from simulator.profile.manifest import Manifest
from simulator.profile.schema import Profile
from simulator.streams.samples import ModelSamples
from simulator.telemetry.samples import Labels
from simulator.units import MINUTE

START = datetime(2026, 1, 5, 19, 0, tzinfo=UTC)
SEVERAL = {"api": 3, "node": 2, "postgres": 2, "redis": 2}
Given = Mapping[str, object]
Key = tuple[str, str, str, Labels]
"""Job, instance, sample name, labels."""


def run_of(
    *faults: Given, instances: Mapping[str, int] | None = None, duration: str = "3h", size: str = "tiny"
) -> Manifest:
    profile = Profile.model_validate(
        {
            "name": "x",
            "description": "x",
            "start": START,
            "duration": duration,
            "platform": {"size": size, "instances": dict(instances or {})},
            "faults": [{"id": f"f{number}", **fault} for number, fault in enumerate(faults)],
        }
    )
    return manifest_of(profile)


def manifest_of(profile: Profile) -> Manifest:
    return Manifest(
        run_id="r",
        mode="virtual",
        profile=profile,
        profile_path="x.yaml",
        seed=profile.seed,
        started_ms=profile.start_ms,
    )


class Seen:
    """A run as scraped every `step_ms`; what a scrape that got no answer would have shown is there all the same."""

    def __init__(self, run: Manifest, step_ms: int = MINUTE) -> None:
        self.run = run
        self.source = ModelSamples(run)
        self.elapsed = np.arange(0, run.profile.duration, step_ms, dtype=np.int64)
        self.times = self.elapsed + run.started_ms
        self._blocks: dict[tuple[str, str], dict[Key, np.ndarray]] = {}

    def of(self, job: str, instance: str) -> dict[Key, np.ndarray]:
        """Every series that one target exposes."""
        if (job, instance) not in self._blocks:
            self._blocks[job, instance] = {
                (job, instance, series.name, series.labels): block.values[:, column]
                for block in self.source.blocks(job, instance, self.times)
                for column, series in enumerate(block.series)
            }
        return self._blocks[job, instance]

    @cached_property
    def everything(self) -> dict[Key, np.ndarray]:
        return {
            key: values
            for job in self.source.jobs()
            for instance in self.source.instances(job)
            for key, values in self.of(job, instance).items()
        }

    def series(self, job: str, instance: str, sample: str, /, **labels: str) -> np.ndarray:
        """The sum of the series of a name that carry these labels; NaN where none of them has a sample."""
        found = [
            values
            for (_, _, name, of), values in self.of(job, instance).items()
            if name == sample and labels.items() <= dict(of).items()
        ]
        assert found, sample
        together = np.stack(found)
        absent = np.isnan(together).all(axis=0)
        return np.where(absent, np.nan, np.nansum(together, axis=0))

    def rate(self, job: str, instance: str, sample: str, start: int, end: int, /, **labels: str) -> float:
        """A counter's rise per second between two minutes of the run; it must not begin anew in between."""
        values = self.series(job, instance, sample, **labels)
        first, last = (int(np.searchsorted(self.elapsed, minute * MINUTE)) for minute in (start, end))
        assert values[last] >= values[first], sample
        return float((values[last] - values[first]) / ((end - start) * 60))

    def mean(self, job: str, instance: str, sample: str, start: int, end: int, /, **labels: str) -> float:
        """A gauge's mean over some minutes of the run."""
        values = self.series(job, instance, sample, **labels)
        inside = (self.elapsed >= start * MINUTE) & (self.elapsed < end * MINUTE)
        return float(np.nanmean(values[inside]))

    def answered(self, job: str, instance: str) -> np.ndarray:
        return self.source.answered(job, instance, self.times)


@cache
def calm() -> Seen:
    """The platform of several instances with nothing broken."""
    return Seen(run_of(instances=SEVERAL))


def differences(broken: Seen, whole: Seen) -> dict[Key, int]:
    """Series that differ from the run without the fault, and the first minute at which each does."""
    left, right = whole.everything, broken.everything
    nothing = np.full(len(whole.elapsed), np.nan)
    found = {}
    for key in left.keys() | right.keys():
        one, other = left.get(key, nothing), right.get(key, nothing)
        differs = (one != other) & ~(np.isnan(one) & np.isnan(other))
        if differs.any():
            found[key] = int(whole.elapsed[np.argmax(differs)] // MINUTE)
    return found
