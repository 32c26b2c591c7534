"""How many series a platform exports: what the size says, times the instances."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.catalog.families import rows
from simulator.catalog.http import REQUESTS, routes_shown
from simulator.catalog.sizes import WHOLE, Extent, Size
from simulator.streams.samples import ModelSamples
from simulator.telemetry.interval import Interval
from simulator.units import MINUTE
from tests.streams.risen import Risen
from tests.streams.runs import START, run_of

NOW = np.array([int(START.timestamp() * 1000) + MINUTE], dtype=np.int64)


def series(source: ModelSamples, job: str, instance: str) -> int:
    """Series that a scrape of one target a minute into the run finds."""
    blocks = source.blocks(job, instance, NOW)
    return sum(int(np.count_nonzero(~np.isnan(block.values))) for block in blocks)


def exported(size: str) -> int:
    source = ModelSamples(run_of(size=size))
    return sum(series(source, job, instance) for job in source.jobs() for instance in source.instances(job))


@pytest.mark.parametrize(("size", "low", "high"), [("tiny", 1_700, 2_300), ("default", 5_000, 10_000)])
def test_a_size_says_how_many_series_there_are(size: str, low: int, high: int) -> None:
    assert low <= exported(size) <= high


@settings(deadline=None, max_examples=20)
@given(st.integers(1, 60), st.sampled_from(Size))
def test_a_profile_says_how_many_routes_there_are_and_no_request_is_lost(routes: int, size: Size) -> None:
    """The busiest ones, those of more routes first; pages looked at take in what is not told apart."""
    found = list(rows(REQUESTS.dimensions, Extent(size, routes)))
    names = tuple(dict.fromkeys(labels["route"] for labels, _ in found))
    assert len(names) == min(routes, len(routes_shown(WHOLE)))
    assert set(names) <= set(routes_shown(Extent(size, routes + 1)))
    assert sum(share for _, share in found) == pytest.approx(1.0)
    done = {
        (labels["method"], labels["route"], labels["code"]): share
        for labels, share in rows(REQUESTS.dimensions)
        if labels["method"] != "GET"
    }
    for labels, share in found:
        if labels["method"] != "GET":
            assert share == done[labels["method"], labels["route"], labels["code"]]


def test_more_routes_are_more_series_and_as_many_requests() -> None:
    few, many = (run_of(size="default", routes=routes) for routes in (4, 42))
    of_few, of_many = (series(ModelSamples(run), "cryb-api", "api-1") for run in (few, many))
    assert of_few < 0.5 * of_many
    hour = Interval(few.started_ms, few.ends_ms)
    risen = [Risen(run, hour) for run in (few, many)]
    for run in risen:
        assert run.by("http_requests_total", "route") == run.by("http_request_duration_seconds", "route")
    handled = [run.total("http_requests_total") for run in risen]
    assert handled[0] == pytest.approx(handled[1], rel=0.02)


def test_instances_make_millions_of_them() -> None:
    source = ModelSamples(run_of(size="large", api=500))
    instances = source.instances("cryb-api")
    assert len(instances) == 500
    assert series(source, "cryb-api", instances[-1]) * len(instances) > 3_000_000
