"""The laws of the draws, against the textbook's; fixed seeds, so these tests either hold or do not."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from simulator.compiled import kernel
from simulator.model import draws
from simulator.model.keys import key

DRAWS = 200_000


@kernel
def _bits(stream, count):  # type: ignore[no-untyped-def]
    out = np.empty(count, dtype=np.uint64)
    for index in range(count):
        out[index] = draws.bits(stream, np.uint64(index))
    return out


@kernel
def _binomials(n, p, stream, count):  # type: ignore[no-untyped-def]
    out = np.empty(count, dtype=np.int64)
    for index in range(count):
        out[index] = draws.binomial(n, p, draws.bits(stream, np.uint64(index)))
    return out


@kernel
def _poissons(mean, stream, count):  # type: ignore[no-untyped-def]
    out = np.empty(count, dtype=np.int64)
    for index in range(count):
        out[index] = draws.poisson(mean, draws.bits(stream, np.uint64(index)))
    return out


def distance(sample: np.ndarray, mass: dict[int, float]) -> float:
    """Largest distance between the sample's distribution function and that of the law (Kolmogorov-Smirnov)."""
    values, counts = np.unique(sample, return_counts=True)
    seen = dict(zip(values.tolist(), (counts / len(sample)).tolist(), strict=True))
    worst = mine = theirs = 0.0
    for k in range(min(min(mass), int(values[0])), max(max(mass), int(values[-1])) + 1):
        mine += seen.get(k, 0.0)
        theirs += mass.get(k, 0.0)
        worst = max(worst, abs(mine - theirs))
    return worst


@pytest.mark.parametrize("mean", [0.01, 0.7, 5.0, 11.9, 12.1, 40.0, 900.0])
def test_poisson(mean: float) -> None:
    top = int(mean + 12 * math.sqrt(mean) + 12)
    mass = {k: math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) for k in range(top)}
    assert distance(_poissons(mean, key(1, "poisson"), DRAWS), mass) < 1.95 / math.sqrt(DRAWS)  # 0.1 % level


@pytest.mark.parametrize("n", [1, 7, 40, 300, 5000])
@pytest.mark.parametrize("p", [0.003, 0.2, 0.5, 0.77, 0.999])
def test_binomial(n: int, p: float) -> None:
    mass = {
        k: math.exp(
            math.lgamma(n + 1)
            - math.lgamma(k + 1)
            - math.lgamma(n - k + 1)
            + k * math.log(p)
            + (n - k) * math.log(1 - p)
        )
        for k in range(n + 1)
    }
    assert distance(_binomials(n, p, key(1, "binomial"), DRAWS), mass) < 1.95 / math.sqrt(DRAWS)


def test_every_bit_is_a_fair_coin_and_neighbouring_streams_share_none() -> None:
    one, other = _bits(key(1, "a"), DRAWS), _bits(np.uint64(key(1, "a") + np.uint64(1)), DRAWS)
    bound = 5 * 0.5 / math.sqrt(DRAWS)
    for words in (one, one ^ other, one[1:] ^ one[:-1]):
        for place in range(64):
            ones = float(((words >> np.uint64(place)) & np.uint64(1)).mean())
            assert abs(ones - 0.5) < bound, place


def test_a_uniform_number_is_neither_0_nor_1() -> None:
    for random in (0, 2**63, 2**64 - 1):
        u = draws.uniform(np.uint64(random))
        assert 0.0 < u < 1.0
        assert 0.0 < 1.0 - u < 1.0


@example(0, 49, 0.75, 0.875)
@example(2**64 - 1, 49, 0.125, 0.25)
@example(2**64 - 1, 159, 0.0754, 0.0756)
@example(131071, 184, 0.934, 0.936)
@settings(deadline=None)  # the first call compiles
@given(st.integers(0, 2**64 - 1), st.integers(0, 3000), st.floats(0, 1), st.floats(0, 1))
def test_a_likelier_event_is_never_counted_less_often(random: int, n: int, p: float, q: float) -> None:
    low, high = sorted((p, q))
    few, many = (draws.binomial(n, chance, np.uint64(random)) for chance in (low, high))
    assert 0 <= few <= n
    # the two methods meet at INVERSION_BELOW, where the normal one may be one lower
    assert few <= many + 1


@settings(deadline=None)  # the first call compiles
@given(st.integers(0, 2**64 - 1), st.integers(0, 400), st.data())
def test_nested_events_are_events(random: int, whole: int, data: st.DataObject) -> None:
    chosen = data.draw(st.integers(0, whole))
    seen = [draws.nested(part, whole, chosen, np.uint64(random)) for part in range(whole + 1)]
    assert seen[0] == 0
    assert seen[-1] == chosen
    assert set(np.diff(seen)) <= {0, 1}


@settings(deadline=None)  # the first call compiles
@given(st.integers(0, 2**64 - 1), st.integers(0, 10**13), st.floats(0, 1))
def test_an_amount_without_chance_is_split_exactly(random: int, n: int, p: float) -> None:
    assert draws.share(n, p, 0.0, np.uint64(random)) == pytest.approx(n * p, abs=0.51 + n * 1e-15)
