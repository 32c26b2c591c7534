"""Model to samples: how many a second on one core, at a 15 s interval, over everything that the catalogue has.

    python bench/model_samples.py [--hours 6]

The baseline, measured in the same run, is what one writes first: for each series, numpy draws one Poisson count per
interval and adds them up (a gauge: one normal number). It has no causes, no random access and no consistency between
series; it is only the speed to beat.
"""

from __future__ import annotations

import argparse
import resource
import time
from datetime import UTC, datetime

import numpy as np

from simulator.profile.manifest import Manifest, profile_hash
from simulator.profile.schema import Profile
from simulator.streams.samples import ModelSamples
from simulator.units import DAY, HOUR, SECOND

STEP_MS = 15 * SECOND
SLICE_MS = 2 * HOUR  # what a consumer asks for at once, so that memory stays bounded


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
        profile_sha256=profile_hash(profile),
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


def naive(series: int, gauges: int, times: int) -> int:
    """One numpy call per series."""
    samples = 0
    for number in range(series):
        generator = np.random.default_rng(number)
        if number < gauges:
            values = 50.0 + generator.normal(size=times)
        else:
            values = np.cumsum(generator.poisson(1.5, size=times)).astype(np.float64)
        samples += len(values)
    return samples


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=int, default=6)
    hours = parser.parse_args().hours
    run = manifest()
    start = run.started_ms - DAY
    source = ModelSamples(run)

    began = time.perf_counter()
    model(source, start, start + STEP_MS)
    first = time.perf_counter() - began  # compiles where the cache is empty, then draws 45 days of totals

    blocks = [
        block
        for job in source.jobs()
        for instance in source.instances(job)
        for block in source.blocks(job, instance, np.array([start], dtype=np.int64))
    ]
    series = sum(len(block.series) for block in blocks)
    gauges = sum(len(block.series) for block in blocks if block.type == "gauge")

    began, used = time.perf_counter(), time.process_time()
    samples = model(source, start + STEP_MS, start + hours * HOUR)
    took, cpu = time.perf_counter() - began, time.process_time() - used

    began, used = time.perf_counter(), time.process_time()
    plain = naive(series, gauges, hours * HOUR // STEP_MS)
    plain_cpu = time.process_time() - used

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    ours, theirs = samples / cpu, plain / plain_cpu
    print(f"series                    {series}")
    print(f"first instant             {first:.2f} s")
    print(
        f"model                     {samples / 1e6:.1f} M samples, {cpu:.2f} s CPU ({took:.2f} s), {ours / 1e6:.1f} M/s"
    )
    print(f"naive numpy per series    {plain / 1e6:.1f} M samples, {plain_cpu:.2f} s CPU, {theirs / 1e6:.1f} M/s")
    print(f"ratio                     {ours / theirs:.2f}")
    print(f"peak memory               {peak:.0f} MiB")


if __name__ == "__main__":
    main()
