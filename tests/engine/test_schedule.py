"""When groups are evaluated. That 2.42 does it so is shown in test_against_live_prometheus.py."""

from __future__ import annotations

import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from simulator.engine.schedule import Grid, production_grid
from simulator.telemetry.interval import Interval


@given(
    interval=st.integers(1, 100_000),
    offset=st.integers(0, 99_999),
    start=st.integers(0, 10**12),
    length=st.integers(0, 10_000),
)
def test_instants_are_those_of_the_grid_within_the_span(interval: int, offset: int, start: int, length: int) -> None:
    offset %= interval
    span = Interval(start, start + length)
    instants = Grid(interval, offset).instants(span).tolist()
    assert all(at in span and at % interval == offset for at in instants)
    assert len(instants) == (start + length - 1 - offset) // interval - (start - 1 - offset) // interval


@pytest.mark.parametrize(
    ("version", "hashed"),
    [
        ("2.42.0", b"file\xff/etc/rules.yml\xffname\xffapi\xff"),
        ("v2.43.1", b"file\xff/etc/rules.yml\xffname\xffapi\xff"),
        ("2.44.0", b"\x04file\x0e/etc/rules.yml\x04name\x03api"),
        ("3.5.0", b"\x04file\x0e/etc/rules.yml\x04name\x03api"),
    ],
)
def test_labels_are_hashed_as_a_version_stores_them(version: str, hashed: bytes) -> None:
    grid = production_grid("/etc/rules.yml", "api", 15_000, version)
    assert grid.offset_ms == xxhash.xxh64_intdigest(hashed) % 15_000_000_000 // 1_000_000


@pytest.mark.parametrize(
    ("version", "length", "size"),
    [
        ("2.53.0", 127, b"\x7f"),
        ("2.53.0", 300, b"\xac\x02"),
        ("3.5.0", 254, b"\xfe"),
        ("3.5.0", 300, b"\xff\x2c\x01\x00"),
    ],
)
def test_long_names_are_measured_as_a_version_measures_them(version: str, length: int, size: bytes) -> None:
    hashed = b"\x04file" + size + b"x" * length + b"\x04name\x01g"
    expected = xxhash.xxh64_intdigest(hashed) % 1_000_000_000 // 1_000_000
    assert production_grid("x" * length, "g", 1000, version).offset_ms == expected


def test_a_version_without_a_minor_is_the_newest_of_its_major() -> None:
    name = "x" * 300
    assert production_grid(name, "g", 1000, "3") == production_grid(name, "g", 1000, "3.9.1")
    assert production_grid(name, "g", 1000, "2") == production_grid(name, "g", 1000, "2.55.0")


def test_what_is_no_version_is_refused() -> None:
    with pytest.raises(ValueError, match="'latest' is not a version of Prometheus"):
        production_grid("f", "g", 1000, "latest")
