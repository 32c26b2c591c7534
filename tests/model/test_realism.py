"""The model against what was measured on real systems: docs/realism.md says by whom, and what the bounds are.

Bounds were written down before the model was measured. Each figure also has a twin without the property, white noise of
the same mean and variance or its like, which must fall outside of the bounds: so a test that cannot fail is noticed.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from simulator.catalog.content import POSTS
from simulator.catalog.http import DURATION_BOUNDS, REQUESTS
from tests.model import measures
from tests.model.worlds import world

BOUNDS: dict[str, tuple[float, float]] = {
    "daily autocorrelation": (0.7, 0.98),
    "Hurst exponent": (0.7, 0.95),
    "index of dispersion, 1 min": (3.0, 300.0),
    "index of dispersion, 64 min over 1 min": (4.0, 64.0),
    "Zipf exponent, communities": (0.6, 1.2),
    "Zipf exponent, routes": (0.6, 1.2),
    "p99 over p50": (3.0, 30.0),
}
DAYS = 28
SEEDS = (1, 2)


def holds(figure: str, value: float) -> bool:
    low, high = BOUNDS[figure]
    return low <= value <= high


def white(values: np.ndarray, seed: int) -> np.ndarray:
    """Independent normal numbers of the same mean and variance."""
    return np.random.default_rng(seed).normal(values.mean(), values.std(), len(values))


@pytest.fixture(scope="module")
def steady() -> dict[int, np.ndarray]:
    """Requests of each minute where neither day nor week move them."""
    return {seed: measures.per_minute(world(traffic={"shape": "flat"}, seed=seed), DAYS) for seed in SEEDS}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_day_is_like_the_day_before(seed: int) -> None:
    hourly = measures.means_of_blocks(measures.per_minute(world(seed=seed), DAYS), 60)
    assert holds("daily autocorrelation", measures.autocorrelation(hourly, 24))
    assert not holds("daily autocorrelation", measures.autocorrelation(white(hourly, seed), 24))


@pytest.mark.parametrize("seed", SEEDS)
def test_traffic_remembers(seed: int, steady: dict[int, np.ndarray]) -> None:
    assert holds("Hurst exponent", measures.hurst_exponent(steady[seed]))
    assert not holds("Hurst exponent", measures.hurst_exponent(white(steady[seed], seed)))


@pytest.mark.parametrize("seed", SEEDS)
def test_traffic_is_bursty_at_every_scale(seed: int, steady: dict[int, np.ndarray]) -> None:
    counts = steady[seed]
    poisson = np.random.default_rng(seed).poisson(counts.mean(), len(counts)).astype(float)
    noise = white(counts, seed)
    short, rise = "index of dispersion, 1 min", "index of dispersion, 64 min over 1 min"
    assert holds(short, measures.dispersion(counts, 1))
    assert holds(rise, measures.dispersion(counts, 64) / measures.dispersion(counts, 1))
    assert not holds(short, measures.dispersion(poisson, 1))
    assert not holds(rise, measures.dispersion(noise, 64) / measures.dispersion(noise, 1))


def test_few_communities_and_routes_have_most_of_it() -> None:
    platform = world()
    posts = measures.communities(measures.by_label(platform, POSTS, "community", DAYS))
    routes = np.array(list(measures.by_label(platform, REQUESTS, "route", DAYS).values()))
    for figure, counts in (("Zipf exponent, communities", posts), ("Zipf exponent, routes", routes)):
        even = np.random.default_rng(1).multinomial(int(counts.sum()), np.full(len(counts), 1 / len(counts)))
        assert holds(figure, measures.zipf_exponent(counts)), figure
        assert not holds(figure, measures.zipf_exponent(even.astype(float))), figure


def test_some_requests_take_much_longer_than_most() -> None:
    counts = measures.durations(world(), 1)
    median = measures.quantile(counts, 0.5)
    normal = np.random.default_rng(1).normal(median, median / 4, 100_000)
    twin = np.histogram(normal, bins=[-np.inf, *DURATION_BOUNDS, np.inf])[0].astype(float)
    assert holds("p99 over p50", measures.tail(counts))
    assert not holds("p99 over p50", measures.tail(twin))


def test_the_page_states_these_bounds() -> None:
    page = (Path(__file__).parents[2] / "docs" / "realism.md").read_text("utf-8")
    rows = re.findall(r"^\| ([^|]+?) \|.*\| ([\d.]+) to ([\d.]+) \|", page, re.MULTILINE)
    assert {name: (float(low), float(high)) for name, low, high in rows} == BOUNDS
