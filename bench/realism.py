"""Measures the model's realism and draws docs/realism/*.svg: the model in blue, its twin without the property in grey.

    python -m bench.realism

The figures printed go into docs/realism.md by hand; their bounds are held by tests/model/test_realism.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from simulator.catalog.content import POSTS
from simulator.catalog.http import DURATION_BOUNDS
from tests.model import measures
from tests.model.worlds import world

DAYS = 28
FOLDER = Path(__file__).parents[1] / "docs" / "realism"
WIDTH, HEIGHT, MARGIN = 520, 280, 52
BLUE, GREY = "#1f5fbf", "#9a9a9a"


@dataclass(frozen=True)
class Curve:
    """Points of one series; x and y as they are drawn, so logarithms where the axis has them."""

    name: str
    colour: str
    x: np.ndarray
    y: np.ndarray
    dots: bool = False


def svg(title: str, x_name: str, y_name: str, curves: Sequence[Curve]) -> str:
    """A chart with ticks at round numbers."""
    xs, ys = np.concatenate([c.x for c in curves]), np.concatenate([c.y for c in curves])
    low_x, high_x, low_y, high_y = xs.min(), xs.max(), ys.min(), ys.max()

    def across(x: float) -> float:
        return MARGIN + (x - low_x) / (high_x - low_x) * (WIDTH - MARGIN - 16)

    def up(y: float) -> float:
        return HEIGHT - MARGIN - (y - low_y) / (high_y - low_y) * (HEIGHT - MARGIN - 40)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="11">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/><text x="{MARGIN}" y="18" font-size="13">{title}</text>',
        f'<text x="{WIDTH / 2}" y="{HEIGHT - 12}" text-anchor="middle">{x_name}</text>',
        f'<text x="12" y="{HEIGHT / 2}" text-anchor="middle" transform="rotate(-90 12 {HEIGHT / 2})">{y_name}</text>',
    ]
    for tick in np.linspace(low_x, high_x, 5):
        parts.append(f'<text x="{across(tick):.1f}" y="{HEIGHT - MARGIN + 16}" text-anchor="middle">{tick:.3g}</text>')
    for tick in np.linspace(low_y, high_y, 5):
        parts.append(f'<text x="{MARGIN - 4}" y="{up(tick) + 4:.1f}" text-anchor="end">{tick:.3g}</text>')
        parts.append(f'<path d="M{MARGIN} {up(tick):.1f}H{WIDTH - 16}" stroke="#e4e4e4"/>')
    for number, curve in enumerate(curves):
        points = [(across(x), up(y)) for x, y in zip(curve.x, curve.y, strict=True)]
        if curve.dots:
            parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{curve.colour}"/>' for x, y in points]
        else:
            path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
            parts.append(f'<path d="M{path}" fill="none" stroke="{curve.colour}" stroke-width="1.6"/>')
        parts.append(f'<text x="{WIDTH - 150}" y="{34 + 14 * number}" fill="{curve.colour}">{curve.name}</text>')
    return "\n".join([*parts, "</svg>", ""])


def main() -> None:
    random = np.random.default_rng(1)
    hourly = measures.means_of_blocks(measures.per_minute(world(), DAYS), 60)
    noise = random.normal(hourly.mean(), hourly.std(), len(hourly))
    lags = np.arange(1, 8 * 24)
    daily = svg(
        "Autocorrelation of hourly requests",
        "lag, hours",
        "autocorrelation",
        [
            Curve("white noise", GREY, lags, np.array([measures.autocorrelation(noise, lag) for lag in lags])),
            Curve("model", BLUE, lags, np.array([measures.autocorrelation(hourly, lag) for lag in lags])),
        ],
    )
    steady = measures.per_minute(world(traffic={"shape": "flat"}), DAYS)
    white = random.normal(steady.mean(), steady.std(), len(steady))
    sizes = np.log10(measures.BLOCKS)
    memory = svg(
        "Variance of means of blocks",
        "log10 of the block's minutes",
        "log10 of variance over that of minutes",
        [
            Curve("white noise", GREY, sizes, np.log10(measures.variances_of_means(white) / white.var())),
            Curve("model", BLUE, sizes, np.log10(measures.variances_of_means(steady) / steady.var())),
        ],
    )
    poisson = random.poisson(steady.mean(), len(steady)).astype(float)
    windows = (1, 2, 4, 8, 16, 32, 64, 128)
    bursts = svg(
        "Index of dispersion for counts",
        "log10 of the window's minutes",
        "log10 of variance over mean",
        [
            Curve(name, colour, np.log10(windows), np.log10([measures.dispersion(counts, size) for size in windows]))
            for name, colour, counts in (("Poisson", GREY, poisson), ("model", BLUE, steady))
        ],
    )
    posts = np.sort(measures.communities(measures.by_label(world(), POSTS, "community", DAYS)))[::-1]
    even = np.sort(random.multinomial(int(posts.sum()), np.full(len(posts), 1 / len(posts))))[::-1]
    ranks = np.log10(np.arange(1, len(posts) + 1))
    popularity = svg(
        "Posts of communities by rank",
        "log10 of rank",
        "log10 of posts in 28 days",
        [
            Curve("even", GREY, ranks, np.log10(even), dots=True),
            Curve("model", BLUE, ranks, np.log10(posts), dots=True),
        ],
    )
    counts = measures.durations(world(), 1)
    median = measures.quantile(counts, 0.5)
    bounds = np.array(DURATION_BOUNDS)
    beyond = 1.0 - np.cumsum(counts)[:-1] / counts.sum()
    normal = np.array([(random.normal(median, median / 4, 1_000_000) > bound).mean() for bound in bounds])
    tails = svg(
        "Requests that take longer",
        "log10 of seconds",
        "log10 of their share",
        [
            Curve("normal", GREY, np.log10(bounds[normal > 1e-6]), np.log10(normal[normal > 1e-6])),
            Curve("model", BLUE, np.log10(bounds[beyond > 1e-7]), np.log10(beyond[beyond > 1e-7])),
        ],
    )
    FOLDER.mkdir(exist_ok=True)
    for name, drawn in (
        ("daily", daily),
        ("memory", memory),
        ("bursts", bursts),
        ("popularity", popularity),
        ("tail", tails),
    ):
        (FOLDER / f"{name}.svg").write_text(drawn, "utf-8")
    print(f"daily autocorrelation {measures.autocorrelation(hourly, 24):.2f}")
    print(f"Hurst exponent {measures.hurst_exponent(steady):.2f}")
    short = measures.dispersion(steady, 1)
    print(f"index of dispersion {short:.1f}, times {measures.dispersion(steady, 64) / short:.1f} over 64 min")
    print(f"Zipf exponent, communities {measures.zipf_exponent(posts):.2f}")
    print(f"p50 {median:.4f} s, p99 {measures.quantile(counts, 0.99):.3f} s, ratio {measures.tail(counts):.1f}")


if __name__ == "__main__":
    main()
