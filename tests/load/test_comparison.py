"""Two runs against each other: luck is no change, and a change is no luck."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.load.comparison import ALL, Change, Compared, compare, cut
from simulator.wire.load_report import Measured, Outcome, Tally

NAMES = ("GET /api/v1/posts", "POST /api/v1/messages")


def run(seed: int, *, slower: float = 1.0, failing: float = 0.002, seconds: int = 120) -> list[Measured]:
    """Lognormal latencies, in seconds that are slower and faster as a whole, as real ones are."""
    draw = np.random.default_rng(seed)
    lines = []
    for second in range(1, seconds + 1):
        tallies = {}
        mood = float(np.exp(draw.normal(0, 0.15)))
        for name in NAMES:
            tally = Tally()
            for latency in draw.lognormal(np.log(0.03 * slower * mood), 0.5, size=draw.poisson(20)):
                tally.count(Outcome.FAILED if draw.random() < failing else Outcome.OK, latency)
            tallies[name] = tally
        lines.append(Measured(at_ms=second * 1000, users=10, cpu_ratio=0.1, tallies=tallies))
    return lines


def compared(first: list[Measured], second: list[Measured], from_ms: int = 0) -> dict[tuple[str, str], Compared]:
    found = compare(cut(first, from_ms=from_ms), cut(second, from_ms=from_ms))
    return {(one.name, one.figure): one for one in found}


def test_twins_are_the_same_nearly_always() -> None:
    wrong = [
        seed
        for seed in range(10)
        if any(one.change is not Change.SAME for one in compared(run(2 * seed), run(2 * seed + 1)).values())
    ]
    assert len(wrong) <= 2  # five in a hundred are allowed; the draws are fixed


@pytest.mark.parametrize(("slower", "change"), [(1.25, Change.WORSE), (0.8, Change.BETTER)])
def test_a_change_of_a_quarter_is_found(slower: float, change: Change) -> None:
    found = compared(run(1), run(2, slower=slower))
    for name in (ALL, *NAMES):
        for figure in ("p50", "p95"):
            assert found[name, figure].change is change, (name, figure)
    median = found[ALL, "p50"]
    assert median.low is not None
    assert median.high is not None
    assert median.low < 0.03 * (slower - 1) < median.high
    assert found[ALL, "error ratio"].change is Change.SAME


def test_more_errors_are_found() -> None:
    found = compared(run(1), run(2, failing=0.02))
    assert found[ALL, "error ratio"].change is Change.WORSE
    assert found[ALL, "p50"].change is Change.SAME


def test_the_warm_up_is_left_out() -> None:
    cold = run(3, slower=4.0, seconds=30)
    warm = [Measured(at_ms=30_000 + one.at_ms, users=1, cpu_ratio=0.1, tallies=one.tallies) for one in run(4)]
    assert compared(run(1), [*cold, *warm])[ALL, "p95"].change is Change.WORSE
    later = [Measured(at_ms=30_000 + one.at_ms, users=1, cpu_ratio=0.1, tallies=one.tallies) for one in run(1)]
    assert compared(later, [*cold, *warm], from_ms=30_000)[ALL, "p95"].change is Change.SAME


def test_little_is_not_compared() -> None:
    found = compared(run(1), run(2, slower=2.0, seconds=30))
    assert {one.change for one in found.values()} == {Change.UNKNOWN}
    few = compared(run(1, seconds=60), run(2, slower=2.0, seconds=60))
    assert few[ALL, "p99"].change is Change.WORSE
    thin = [
        Measured(at_ms=second * 1000, users=1, cpu_ratio=0.1, tallies={NAMES[0]: tally})
        for second in range(1, 61)
        for tally in [Tally()]
        if not tally.count(Outcome.OK, 0.02)
    ]
    assert compared(thin, thin)[ALL, "p99"].change is Change.UNKNOWN  # sixty requests say nothing of one in a hundred


def test_what_only_one_run_has_is_no_comparison() -> None:
    other = [
        Measured(at_ms=one.at_ms, users=1, cpu_ratio=0.1, tallies={NAMES[0]: one.tallies[NAMES[0]]}) for one in run(2)
    ]
    assert {name for name, _ in compared(run(1), other)} == {ALL, NAMES[0]}
