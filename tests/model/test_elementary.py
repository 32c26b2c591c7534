"""Our elementary functions against the standard library's."""

from __future__ import annotations

import math
from statistics import NormalDist

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.model.elementary import exp, log, normal_cdf, normal_quantile


@settings(deadline=None)  # the first call compiles
@given(st.floats(-700, 700))
def test_exp(x: float) -> None:
    assert exp(x) == pytest.approx(math.exp(x), rel=1e-14)


@settings(deadline=None)  # the first call compiles
@given(st.floats(1e-300, 1e300))
def test_log(x: float) -> None:
    assert log(x) == pytest.approx(math.log(x), rel=1e-14, abs=1e-15)


@settings(deadline=None)  # the first call compiles
@given(st.floats(1e-16, 1 - 1e-16))
def test_normal_quantile(p: float) -> None:
    assert normal_quantile(p) == pytest.approx(NormalDist().inv_cdf(p), rel=3e-7, abs=3e-7)


@settings(deadline=None)  # the first call compiles
@given(st.floats(-30, 30))
def test_normal_cdf(x: float) -> None:
    assert normal_cdf(x) == pytest.approx(0.5 * math.erfc(-x / math.sqrt(2)), rel=1e-12, abs=1e-15)


def test_the_ends_do_not_overflow() -> None:
    assert exp(-1e6) == 0.0
    assert exp(1e6) == math.inf
    assert normal_cdf(-50.0) == 0.0
    assert normal_cdf(50.0) == 1.0
