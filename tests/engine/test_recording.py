"""Recorded samples: the same, whether from one vector or from a range of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.engine.groups import RecordingRule
from simulator.engine.ranges import Ranged
from simulator.engine.recording import recorded_range, recorded_vector
from simulator.engine.server import RangeResult
from simulator.engine.state import RuleError, Vector

RULE = RecordingRule("r", "x", (("a", ""), ("kind", "recorded")))


@given(
    present=st.lists(st.lists(st.booleans(), min_size=5, max_size=5), min_size=1, max_size=4), limit=st.integers(0, 2)
)
def test_a_range_is_its_vectors(present: list[list[bool]], limit: int) -> None:
    there = np.array(present, dtype=np.bool_)
    labels = tuple((("__name__", "x"), ("a", str(row)), ("b", str(row // 2))) for row in range(len(present)))
    result = RangeResult(labels, there, np.arange(there.size, dtype=np.float64).reshape(there.shape))
    recorded = recorded_range(RULE, Ranged(result, {}), limit)
    for column in range(5):
        expected, error = _recorded(result.at(column), limit)
        assert recorded.errors.get(column, "") == error
        assert sorted(recorded.result.at(column)) == sorted(expected)


def _recorded(vector: Vector, limit: int) -> tuple[Vector, str]:
    try:
        return recorded_vector(RULE, vector, limit), ""
    except RuleError as error:
        return [], str(error)


def test_the_rules_labels_replace_and_remove() -> None:
    ((labels, value),) = recorded_vector(RULE, [((("__name__", "x"), ("a", "1"), ("b", "2")), 3.0)])
    assert labels == (("__name__", "r"), ("b", "2"), ("kind", "recorded"))
    assert value == 3.0


def test_no_two_samples_with_the_same_labels() -> None:
    with pytest.raises(RuleError, match="same labelset after applying rule labels"):
        recorded_vector(RULE, [((("a", "1"),), 1.0), ((("a", "2"),), 1.0)])
