"""True error ratios are those of the platform's books, as its own counters show them."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.profile.load import load_profile
from simulator.profile.manifest import Manifest
from simulator.rehearsal.figures.truth import MOST_INSTANTS, true_ratios
from simulator.resources import shipped
from simulator.streams.samples import ModelSamples
from simulator.telemetry.series import ReportSeries
from simulator.units import HOUR, MINUTE, SECOND


def manifest_of(name: str) -> Manifest:
    profile = load_profile(shipped("profiles") / f"{name}.yaml")
    return Manifest(
        run_id="r",
        mode="virtual",
        profile=profile,
        profile_path=name,
        seed=profile.seed,
        started_ms=profile.start_ms,
    )


MANIFEST = manifest_of("api-errors")
TIMES = tuple(range(MANIFEST.started_ms + SECOND, MANIFEST.ends_ms, 15 * SECOND))


def ratio(window_ms: int, times_ms: tuple[int, ...] = TIMES) -> ReportSeries:
    """A burn-rate comparison's value."""
    return ReportSeries("Burn", "r", (), 0.0144, ">", times_ms, (0.0,) * len(times_ms), "", window_ms, 0.001)


@pytest.mark.slow
def test_they_are_what_the_counters_grew_by() -> None:
    found = true_ratios(MANIFEST, [ratio(5 * MINUTE), ratio(MINUTE)])
    assert [(one.window_ms, one.true, one.times_ms) for one in found] == [
        (MINUTE, True, TIMES),
        (5 * MINUTE, True, TIMES),
    ]
    samples = ModelSamples(MANIFEST)
    for one in found:
        total, failed = np.zeros(len(TIMES)), np.zeros(len(TIMES))
        for instance in samples.instances("cryb-api"):
            for sign, at in ((1, np.array(TIMES)), (-1, np.array(TIMES) - one.window_ms)):
                (block,) = [b for b in samples.blocks("cryb-api", instance, at) if b.name == "http_requests_total"]
                failing = np.array([dict(series.labels)["code"].startswith("5") for series in block.series])
                total += sign * block.values.sum(axis=1)
                failed += sign * block.values[:, failing].sum(axis=1)
        np.testing.assert_array_equal(one.values, failed / total)
        assert max(one.values) > 0.05, "the profile's fault shows"


@pytest.mark.slow
def test_a_long_run_is_thinned_and_nothing_is_made_up_where_nothing_was_measured() -> None:
    many = tuple(range(MANIFEST.started_ms, MANIFEST.started_ms + HOUR, SECOND))
    (one,) = true_ratios(MANIFEST, [ratio(MINUTE, many)])
    assert MOST_INSTANTS / 2 < len(one.times_ms) <= MOST_INSTANTS
    assert true_ratios(MANIFEST, [ratio(MINUTE, ())]) == ()
    assert true_ratios(MANIFEST, []) == ()
