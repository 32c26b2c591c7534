"""Go's varints: known bytes, and every number comes back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from simulator.wire.tsdb.varints import get_uvarint, get_varint, put_uvarint, put_varint, uvarint
from tests.wire.tsdb.reader import Cursor


@pytest.mark.parametrize(
    ("number", "expected"),
    [(0, "00"), (1, "01"), (127, "7f"), (128, "8001"), (300, "ac02"), (2**64 - 1, "ffffffffffffffffff01")],
)
def test_known_bytes(number: int, expected: str) -> None:
    assert uvarint(number).hex() == expected


@settings(deadline=None)
@given(number=st.integers(0, 2**64 - 1))
def test_kernel_and_bytes_agree(number: int) -> None:
    out = np.zeros(12, dtype=np.uint8)
    end = put_uvarint(out, 1, np.uint64(number))
    assert out[1:end].tobytes() == uvarint(number)
    assert Cursor(uvarint(number)).uvarint() == number
    assert get_uvarint(out, 1) == (number, end)


@settings(deadline=None)
@given(number=st.integers(-(2**63), 2**63 - 1))
@example(number=-(2**63))
@example(number=-1)
def test_signed_numbers_come_back(number: int) -> None:
    out = np.zeros(12, dtype=np.uint8)
    end = put_varint(out, 0, np.int64(number))
    assert Cursor(out[:end].tobytes()).varint() == number
    assert get_varint(out, 0) == (number, end)
