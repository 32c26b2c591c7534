"""The books balance over random profiles, whatever breaks: what is counted twice is counted alike, counters never fall
but at a restart, values stay in their range, and shards, steps and processes see the same platform."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from simulator.catalog.families import Level
from simulator.catalog.faults import FAULT_KINDS, FaultKind, Parameter
from simulator.catalog.inventory import FAMILIES
from simulator.catalog.jobs import BY_NAME, CADVISOR
from simulator.catalog.routes import PATTERNS
from simulator.catalog.services import CONTAINERS
from simulator.errors import InputError
from simulator.profile.load import parse_profile
from simulator.profile.manifest import Manifest
from simulator.profile.presence import instances_of, restarts, scraped_instance
from simulator.streams.samples import ModelSamples
from simulator.streams.shards import Shard, ShardedSamples
from simulator.telemetry.samples import FamilyBlock, Labels, MetricType
from simulator.units import HOUR, MINUTE

LENGTH = 2 * HOUR
STEP = 15_000


def parameters(kind: FaultKind) -> st.SearchStrategy[dict[str, Any]]:
    """Some of a kind's parameters, between its defaults and the ends of their ranges."""

    def value(spec: Parameter) -> st.SearchStrategy[str | float]:
        part = st.floats(0, 1).map(lambda u: spec.minimum * (spec.maximum / max(spec.minimum, 1e-3)) ** u)
        if spec.unit == "duration":
            return part.map(lambda ms: f"{round(min(max(ms, spec.minimum), spec.maximum))}ms")
        return part.map(lambda number: min(max(number, spec.minimum), spec.maximum))

    return st.fixed_dictionaries({}, optional={spec.name: value(spec) for spec in kind.parameters})


@st.composite
def faults(draw: st.DrawFn, number: int) -> dict[str, Any]:
    kind = draw(st.sampled_from(FAULT_KINDS))
    at = draw(st.integers(0, LENGTH - 10 * MINUTE))
    length = draw(st.integers(MINUTE, LENGTH - at))
    found: dict[str, Any] = {
        "id": f"f{number}",
        "kind": kind.name,
        "at": f"{at}ms",
        "for": f"{length}ms",
        "intensity": draw(st.floats(0.01, 1)),
        "parameters": draw(parameters(kind)),
    }
    if not kind.own_rhythm and draw(st.booleans()):
        found |= draw(
            st.sampled_from([{"ramp": f"{length // 3}ms"}, {"shape": "pulses", "period": f"{length // 3}ms"}])
        )
    if "route" in kind.scopes and draw(st.booleans()):
        found["target"] = {"route": draw(st.sampled_from(sorted(PATTERNS)))}
    elif "region" in kind.scopes and draw(st.booleans()):
        found["target"] = {"region": "here"}
    elif "instance" in kind.scopes and draw(st.booleans()):
        found["target"] = {"instance": f"{kind.service}-1"}
    return found


@st.composite
def runs(draw: st.DrawFn) -> Manifest:
    """A run of two hours of a tiny platform with up to four faults."""
    document = {
        "name": "random",
        "description": "drawn",
        "start": draw(st.sampled_from(["2026-01-07T20:00:00", "2026-03-29T00:30:00", "2026-12-25T09:12:33"])),
        "duration": f"{LENGTH}ms",
        "platform": {
            "size": "tiny",
            "instances": {"api": draw(st.integers(1, 3))},
            "regions": {"here": draw(st.floats(0.1, 9)), "there": 1},
            **draw(st.fixed_dictionaries({}, optional={"routes": st.integers(1, 12)})),
        },
        "traffic": {
            "peak": f"{draw(st.sampled_from([1, 20, 700]))}/s",
            "shape": draw(st.sampled_from(["flat", "daily", "evening", "office"])),
            "growth": draw(st.sampled_from([0.0, 0.5, -0.9])),
            "time_zone": draw(st.sampled_from(["UTC", "Europe/Berlin"])),
        },
        "faults": [draw(faults(number)) for number in range(draw(st.integers(0, 4)))],
    }
    try:
        profile = parse_profile(json.dumps(document), file="random.yaml")
    except InputError:
        assume(False)  # two of its faults exclude each other
    return Manifest(
        run_id="r",
        mode="virtual",
        profile=profile,
        profile_path="random.yaml",
        seed=draw(st.integers(0, 2**60)),
        started_ms=profile.start_ms,
    )


SEVERAL = settings(
    max_examples=6,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # shrinking takes minutes
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)


def times(run: Manifest, step: int = STEP) -> np.ndarray:
    return run.started_ms + np.arange(0, LENGTH, step, dtype=np.int64)


def targets(source: ModelSamples) -> list[tuple[str, str]]:
    return [(job, instance) for job in source.jobs() for instance in source.instances(job)]


def check_histogram(block: FamilyBlock) -> dict[Labels, np.ndarray]:
    """Buckets rise and end in the count; the sum is one that they allow. Returns the count of each label set."""
    buckets: dict[Labels, list[np.ndarray]] = defaultdict(list)
    bounds: dict[Labels, list[float]] = defaultdict(list)
    sums: dict[Labels, np.ndarray] = {}
    counts: dict[Labels, np.ndarray] = {}
    for number, series in enumerate(block.series):
        labels = tuple(label for label in series.labels if label[0] != "le")
        if series.name.endswith("_bucket"):
            buckets[labels].append(block.values[:, number])
            bounds[labels].append(float(dict(series.labels)["le"]))
        elif series.name.endswith("_sum"):
            sums[labels] = block.values[:, number]
        elif series.name.endswith("_count"):
            counts[labels] = block.values[:, number]
    for labels, ladder in buckets.items():
        rising = np.array(ladder)
        assert (np.diff(rising, axis=0)[:, ~np.isnan(rising[0])] >= 0).all(), (block.name, labels)
        assert np.array_equal(rising[-1], counts[labels], equal_nan=True), (block.name, labels)
        inside = np.diff(rising, axis=0, prepend=0.0)
        least = (np.array([0.0, *bounds[labels][:-1]])[:, None] * inside).sum(axis=0)
        edges = np.array([*bounds[labels][:-1], np.finfo(float).max / 1e12])
        most = (edges[:, None] * inside).sum(axis=0)
        there = ~np.isnan(least)
        assert (sums[labels][there] >= least[there] * (1 - 1e-9)).all(), (block.name, labels)
        assert (sums[labels][there] <= most[there] * (1 + 1e-9)).all(), (block.name, labels)
    return counts


def beginnings(run: Manifest, job: str, instance: str) -> np.ndarray:
    """When a target's counters may begin anew: with its instance, or, where it counts containers, with any of them."""
    names = [scraped_instance(BY_NAME[job].service, instance)]
    if job == CADVISOR:
        names += [name for service in CONTAINERS for name in instances_of(run.profile, service)]
    return np.array(sorted({at for name in names for at in restarts(run.profile, name)}), dtype=np.int64)


def check_counters(block: FamilyBlock, passed: np.ndarray) -> None:
    """Whole or not, they rise; `passed` says how many restarts lie before each instant."""
    for number, series in enumerate(block.series):
        there = ~np.isnan(block.values[:, number])
        value, since = block.values[there, number], passed[there]
        assert ((np.diff(value) >= 0) | (np.diff(since) > 0)).all(), series
        assert (value >= 0).all(), series


RANGES = {
    (family.job, family.name): (family.view.low, family.view.high)
    for family in FAMILIES
    if isinstance(family.view, Level)
}

PAIRS = (
    ("http_requests_total", "http_request_duration_seconds"),
    ("cryb_db_queries_total", "cryb_db_query_duration_seconds"),
    ("cryb_user_sessions_total", "cryb_user_session_duration_seconds"),
    ("cryb_voice_calls_total", "cryb_voice_call_duration_seconds"),
    ("cryb_search_queries_total", "cryb_search_duration_seconds"),
)
"""Counters and the histograms of the same events, with the same labels."""


@SEVERAL
@given(runs())
def test_the_books_balance(run: Manifest) -> None:
    source = ModelSamples(run)
    for job, instance in targets(source):
        blocks = {block.name: block for block in source.blocks(job, instance, times(run))}
        passed = np.searchsorted(beginnings(run, job, instance), times(run) - run.started_ms, side="right")
        counts = {}
        for block in blocks.values():
            if block.type in (MetricType.COUNTER, MetricType.HISTOGRAM):
                check_counters(block, passed)
            if block.type is MetricType.HISTOGRAM:
                counts[block.name] = check_histogram(block)
            low, high = RANGES.get((job, block.name), (-np.inf, np.inf))
            own = [series.name == block.name or block.type is not MetricType.SUMMARY for series in block.series]
            values = block.values[:, own]  # the range is that of a summary's quantiles, not of its sum and count
            there = values[~np.isnan(values)]
            assert np.isfinite(there).all(), block.name
            assert ((there >= low) & (there <= high)).all(), block.name
        for counter, histogram in PAIRS if job == "cryb-api" else ():
            for number, series in enumerate(blocks[counter].series):
                assert np.array_equal(blocks[counter].values[:, number], counts[histogram][series.labels]), counter


EXPOSING = sorted({family.job for family in FAMILIES})


def columns(source: ModelSamples | ShardedSamples, job: str, instance: str, at: np.ndarray) -> dict[object, np.ndarray]:
    return {
        series: block.values[:, number]
        for block in source.blocks(job, instance, at)
        for number, series in enumerate(block.series)
    }


@settings(SEVERAL, max_examples=4)
@given(runs(), st.integers(2, 4), st.integers(1, 119), st.sets(st.sampled_from(EXPOSING), min_size=3, max_size=4))
def test_shards_steps_and_single_instants_agree(run: Manifest, parts: int, minute: int, jobs: set[str]) -> None:
    whole = ModelSamples(run)
    other = ModelSamples(run)
    shards = [ShardedSamples(other, Shard(number, parts)) for number in range(1, parts + 1)]
    third = ModelSamples(run)
    coarse = times(run, 10 * MINUTE)
    alone = run.started_ms + np.array([minute * MINUTE], dtype=np.int64)
    for job, instance in targets(whole):
        if job not in jobs:
            continue
        fine = columns(whole, job, instance, times(run))
        at_once = columns(third, job, instance, alone)
        together: dict[object, np.ndarray] = {}
        for shard in shards:
            if instance in shard.instances(job):
                mine = columns(shard, job, instance, coarse)
                assert not together.keys() & mine.keys()
                together |= mine
        assert together.keys() == fine.keys() == at_once.keys()
        for series, values in fine.items():
            assert np.array_equal(values[:: 10 * MINUTE // STEP], together[series], equal_nan=True), series
            assert np.array_equal(values[minute * MINUTE // STEP], at_once[series][0], equal_nan=True), series
