"""The sum of a summary is one that the quantiles beside it allow (of a histogram's, `test_conservation` says it)."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from simulator.profile.manifest import Manifest
from simulator.streams.samples import ModelSamples
from simulator.units import MINUTE
from tests.streams.runs import fault, run_of

QUALITY = "cryb_api_response_quality"


def quality(run: Manifest, *elapsed_ms: int) -> tuple[np.ndarray, np.ndarray, dict[float, np.ndarray]]:
    """Sum, count and quantiles of the quality of answers at some instants."""
    times = run.started_ms + np.array(elapsed_ms, dtype=np.int64)
    (block,) = ModelSamples(run, only=frozenset({QUALITY})).blocks("cryb-api", "api-1", times)
    columns = {
        (series.name, dict(series.labels).get("quantile", "")): block.values[:, number]
        for number, series in enumerate(block.series)
    }
    quantiles = {float(part): values for (_, part), values in columns.items() if part}
    return columns[QUALITY + "_sum", ""], columns[QUALITY + "_count", ""], quantiles


@pytest.mark.parametrize(
    "faults",
    [
        (),
        (fault("http_errors", "0s", "1h", intensity=0.3),),
        (fault("http_errors", "0s", "1h", intensity=1.0),),
        (fault("http_errors", "0s", "1h", intensity=0.2), fault("latency", "0s", "1h", intensity=0.5)),
    ],
    ids=["calm", "errors", "nothing but errors", "errors and late"],
)
def test_the_mean_quality_of_answers_is_one_that_their_quantiles_allow(faults: tuple[dict[str, object], ...]) -> None:
    total, count, quantiles = quality(run_of(*faults, peak="200/s"), 10 * MINUTE, 50 * MINUTE)
    mean = (total[1] - total[0]) / (count[1] - count[0])
    corners = [(0.0, 0.0), *((part, float(values[0])) for part, values in sorted(quantiles.items())), (1.0, 1.0)]
    least = sum((high - low) * worse for (low, worse), (high, _) in pairwise(corners))
    most = sum((high - low) * better for (low, _), (high, better) in pairwise(corners))
    assert least - 0.01 <= mean <= most + 0.01
    assert list(quantiles.values()) == sorted(quantiles.values(), key=lambda values: float(values[0]))


def test_the_quality_of_answers_falls_with_those_that_fail() -> None:
    half = quality(run_of(fault("http_errors", "0s", "1h", intensity=0.5), peak="200/s"), 10 * MINUTE, 50 * MINUTE)
    calm = quality(run_of(peak="200/s"), 10 * MINUTE, 50 * MINUTE)
    means = [(total[1] - total[0]) / (count[1] - count[0]) for total, count, _ in (half, calm)]
    assert means[0] == pytest.approx(0.5 * means[1], rel=0.02)
    assert np.array_equal(half[1], calm[1])
