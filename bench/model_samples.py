"""Model to samples: how many a second on one core, at a 15 s interval, over everything that the catalogue has.

    python bench/model_samples.py [--hours 6]

The baseline, measured in the same run, is what one writes first: for each series a numpy call over all its instants.
It makes samples of the same laws as the model's calm hours: counts are Poisson draws around the series' own mean rate
times the same curve over the day, added up; of a histogram each bucket is drawn, then buckets are added up to `le`,
`_sum` and `_count`; a gauge is its own level with a relative noise. It has no causes, no faults, no restarts, no
agreement between families and no access to an instant without those before it: all of that is the model's surplus.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count

import numpy as np
from numpy.typing import NDArray

from simulator.profile.manifest import Manifest
from simulator.profile.schema import Profile
from simulator.streams.samples import ModelSamples
from simulator.telemetry.samples import MetricType, Series
from simulator.units import DAY, HOUR, SECOND

Floats = NDArray[np.float64]

STEP_MS = 15 * SECOND
REQUESTS = "http_requests_total"
SLICE_MS = 4 * HOUR  # what backfill asks for at once: 8 million samples, so that memory stays bounded


def manifest() -> Manifest:
    profile = Profile.model_validate(
        {
            "name": "bench",
            "description": "The default platform",
            "start": datetime(2026, 1, 5, 12, tzinfo=UTC),
            "duration": "1d",
            "history": "30d",
        }
    )
    return Manifest(
        run_id="bench",
        mode="virtual",
        profile=profile,
        profile_path="bench.yaml",
        seed=1,
        started_ms=profile.start_ms,
    )


def model(source: ModelSamples, start: int, end: int) -> int:
    """Samples of every job and instance, slice by slice."""
    samples = 0
    for low in range(start, end, SLICE_MS):
        times = np.arange(low, min(low + SLICE_MS, end), STEP_MS, dtype=np.int64)
        for job in source.jobs():
            for instance in source.instances(job):
                samples += sum(block.values.size for block in source.blocks(job, instance, times))
    return samples


@dataclass(frozen=True)
class Plan:
    """What the baseline draws: counts an interval of each counter, of each histogram's buckets, and levels."""

    counters: list[float]
    histograms: list[list[float]]
    levels: list[float]
    curve: Floats  # over the intervals, 1 on average

    @property
    def series(self) -> int:
        return len(self.counters) + sum(len(buckets) + 2 for buckets in self.histograms) + len(self.levels)


def plan(source: ModelSamples, start: int, end: int) -> Plan:
    """The model's own mean rates and levels, looked up at both ends."""
    counters, histograms, levels = [], [], []
    intervals = (end - start) // STEP_MS
    for job in source.jobs():
        for instance in source.instances(job):
            for block in source.blocks(job, instance, np.array([start, end], dtype=np.int64)):
                values = np.nan_to_num(block.values)
                rises = np.maximum(values[1] - values[0], 0.0) / intervals
                if block.type is MetricType.HISTOGRAM:
                    histograms += _buckets(block.series, rises)
                elif block.type is MetricType.COUNTER:
                    counters += rises.tolist()
                else:
                    levels += values[1].tolist()
    (block,) = ModelSamples(manifest(), only=frozenset({REQUESTS})).blocks(
        "cryb-api", "api-1", np.arange(start, end + 1, STEP_MS, dtype=np.int64)
    )
    curve = np.diff(block.values.sum(axis=1))
    hours = curve.reshape(-1, HOUR // STEP_MS).mean(axis=1) / curve.mean()
    return Plan(counters, histograms, levels, np.repeat(hours, HOUR // STEP_MS))


def _buckets(series: Sequence[Series], rises: Floats) -> list[list[float]]:
    """Counts an interval of each bucket alone, for each histogram of a family."""
    found: list[list[float]] = []
    below, first = 0.0, True
    for one, rise in zip(series, rises.tolist(), strict=True):
        if not one.name.endswith("_bucket"):
            continue
        if first:
            found.append([])
        found[-1].append(max(rise - (0.0 if first else below), 0.0))
        below, first = rise, dict(one.labels)["le"] == "+Inf"
    return found


def naive(what: Plan) -> int:
    """One numpy call per series, and one per bucket; each with a generator of its own, or no shard could be drawn."""
    samples, times = 0, len(what.curve)
    generators = (np.random.default_rng(number) for number in count())
    for rate in what.counters:
        samples += len(np.cumsum(next(generators).poisson(rate * what.curve)).astype(np.float64))
    for level in what.levels:
        samples += len(level * (1.0 + 0.05 * next(generators).normal(size=times)))
    for buckets in what.histograms:
        below, total = np.zeros(times), np.zeros(times)
        for number, rate in enumerate(buckets):
            events = np.cumsum(next(generators).poisson(rate * what.curve)).astype(np.float64)
            below = below + events
            total = total + events * (number + 0.5)
            samples += len(below)
        samples += len(total) + len(below.copy())
    return samples


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=int, default=6)
    hours = parser.parse_args().hours
    run = manifest()
    start = run.started_ms - DAY
    source = ModelSamples(run)

    began = time.process_time()
    model(source, start, start + STEP_MS)
    first = time.process_time() - began  # compiles where the cache is empty, then draws 45 days of totals

    end = start + hours * HOUR
    began, used = time.perf_counter(), time.process_time()
    samples = model(source, start + STEP_MS, end)
    took, cpu = time.perf_counter() - began, time.process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # of the model; the baseline's plan needs more

    what = plan(source, start, end)

    began, used = time.perf_counter(), time.process_time()
    plain = naive(what)
    plain_cpu = time.process_time() - used

    ours, theirs = samples / cpu, plain / plain_cpu
    print(f"series                    {what.series}")
    print(f"first instant             {first:.2f} s CPU")
    print(
        f"model                     {samples / 1e6:.1f} M samples, {cpu:.2f} s CPU ({took:.2f} s), {ours / 1e6:.1f} M/s"
    )
    print(f"naive numpy per series    {plain / 1e6:.1f} M samples, {plain_cpu:.2f} s CPU, {theirs / 1e6:.1f} M/s")
    print(f"ratio                     {ours / theirs:.2f}")
    print(f"peak memory               {peak:.0f} MiB")


if __name__ == "__main__":
    main()
