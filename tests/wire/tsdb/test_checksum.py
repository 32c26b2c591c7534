"""CRC-32C: the worked numbers of RFC 3720, and any bytes against the definition."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.wire.tsdb.checksum import crc32c
from tests.wire.tsdb import reader


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (bytes(32), "8a9136aa"),
        (bytes([0xFF] * 32), "62a8ab43"),
        (bytes(range(32)), "46dd794e"),
        (bytes(range(31, -1, -1)), "113fdb5c"),
        (b"123456789", "e3069283"),
        (b"", "00000000"),
    ],
)
def test_worked_numbers(data: bytes, expected: str) -> None:
    assert crc32c(data).hex() == expected


@settings(deadline=None)
@given(data=st.binary(max_size=100))
def test_any_bytes(data: bytes) -> None:
    assert int.from_bytes(crc32c(data), "big") == reader.crc32c(data)
