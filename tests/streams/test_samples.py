"""The model's samples through the SampleSource protocol."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from simulator.profile.manifest import Manifest, profile_hash
from simulator.profile.schema import Profile
from simulator.streams.samples import ModelSamples
from simulator.telemetry.samples import MetricType
from simulator.units import MINUTE

START = datetime(2026, 1, 5, 19, 30, tzinfo=UTC)


def manifest(*faults: dict[str, object]) -> Manifest:
    profile = Profile.model_validate(
        {"name": "x", "description": "x", "start": START, "duration": "1h", "faults": list(faults)}
    )
    return Manifest(
        run_id="r",
        mode="emit",
        profile=profile,
        profile_sha256=profile_hash(profile),
        profile_path="x.yaml",
        seed=1,
        started_ms=profile.start_ms,
    )


SLOW = {"id": "slow", "kind": "database_slow", "at": "10m", "for": "10m"}
OUT = {"id": "out", "kind": "outage", "at": "30m", "for": "5m"}


def minutes(run: Manifest, first: int, last: int, step_seconds: int = 15) -> np.ndarray:
    return run.started_ms + np.arange(first * MINUTE, last * MINUTE, step_seconds * 1000, dtype=np.int64)


@pytest.mark.parametrize("job", ModelSamples(manifest()).jobs())
def test_counters_never_fall_and_two_steps_agree_where_they_meet(job: str) -> None:
    run = manifest(SLOW, OUT)
    source = ModelSamples(run)
    (instance, *_) = source.instances(job)
    fine = source.blocks(job, instance, minutes(run, 0, 60))
    coarse = source.blocks(job, instance, minutes(run, 0, 60, 60))
    for block, sparse in zip(fine, coarse, strict=True):
        assert np.array_equal(block.values[::4], sparse.values), block.name
        if block.type in (MetricType.COUNTER, MetricType.HISTOGRAM):
            assert (np.diff(block.values, axis=0) >= 0).all(), block.name


@pytest.mark.parametrize("job", ModelSamples(manifest()).jobs())
def test_nothing_before_an_onset_changes(job: str) -> None:
    calm, broken = manifest(), manifest(SLOW, OUT)
    (instance, *_) = ModelSamples(calm).instances(job)
    before = minutes(calm, 0, 10)
    left = ModelSamples(calm).blocks(job, instance, before)
    right = ModelSamples(broken).blocks(job, instance, before)
    for one, other in zip(left, right, strict=True):
        assert np.array_equal(one.values, other.values), one.name


def test_an_outage_refuses_the_scrape_of_its_instance() -> None:
    run = manifest(OUT)
    source = ModelSamples(run)
    assert source.is_up("cryb-api", "api-1", run.started_ms + 29 * MINUTE)
    assert not source.is_up("cryb-api", "api-1", run.started_ms + 30 * MINUTE)
    assert source.is_up("cryb-api", "api-1", run.started_ms + 35 * MINUTE)
