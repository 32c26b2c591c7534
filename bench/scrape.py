"""One scrape of 100,000 series: the model's values at an instant, and their text.

    python bench/scrape.py [--series 100000]

All series are of the API, on as many instances as it takes. The baseline, measured in the same run, is what exporters
in Python use: `prometheus_client.generate_latest` over the same samples, built beforehand; only its rendering is timed.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import numpy as np
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from simulator.profile.manifest import Manifest
from simulator.profile.schema import Profile
from simulator.streams.samples import ModelSamples
from simulator.telemetry.samples import FamilyBlock
from simulator.units import SECOND
from simulator.wire.exposition import encode_families

JOB = "cryb-api"
ROUNDS = 3


class Built(Collector):
    """The same samples as the objects that prometheus_client renders."""

    def __init__(self, blocks: Sequence[FamilyBlock]) -> None:
        self._metrics = []
        for block in blocks:
            metric = Metric(block.name, block.help, block.type.value)
            for series, value in zip(block.series, block.values[0].tolist(), strict=True):
                metric.add_sample(series.name, dict(series.labels), value)
            self._metrics.append(metric)

    def collect(self) -> Iterator[Metric]:
        yield from self._metrics


def manifest(instances: int) -> Manifest:
    profile = Profile.model_validate(
        {
            "name": "bench",
            "description": "A large platform",
            "start": datetime(2026, 1, 5, 12, tzinfo=UTC),
            "duration": "1h",
            "platform": {"size": "large", "instances": {"api": instances}},
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=100_000)
    wanted = parser.parse_args().series
    run = manifest(50)
    source = ModelSamples(run)
    computed, rendered, length, series = [], [], 0, 0
    chosen: list[str] = []
    blocks: list[FamilyBlock] = []
    for number in range(-1, ROUNDS):  # the first draws the totals of the days before
        at = np.array([run.started_ms + (number + 1) * 15 * SECOND], dtype=np.int64)
        blocks = []
        began = time.process_time()
        for instance in chosen or source.instances(JOB):
            blocks += source.blocks(JOB, instance, at)
            if not chosen and sum(len(block.series) for block in blocks) >= wanted:
                chosen = list(source.instances(JOB)[: source.instances(JOB).index(instance) + 1])
                break
        computed.append(time.process_time() - began)
        series = sum(len(block.series) for block in blocks)
        began = time.process_time()
        length = len(encode_families(blocks, 0))
        rendered.append(time.process_time() - began)
    registry = CollectorRegistry()
    registry.register(Built(blocks))
    began = time.process_time()
    generate_latest(registry)
    theirs = time.process_time() - began
    ours = min(rendered[1:])
    print(f"series                     {series} of {len(chosen)} instances, {length / 1e6:.1f} MB of text")
    print(f"values of an instant       {min(computed[1:]):.2f} s CPU (the first: {computed[0]:.2f} s)")
    print(f"text                       {ours:.2f} s CPU (the first: {rendered[0]:.2f} s)")
    print(f"prometheus_client's text   {theirs:.2f} s CPU")
    print(f"ratio                      {theirs / ours:.1f}")


if __name__ == "__main__":
    main()
