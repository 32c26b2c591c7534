"""Expositions are read for their families: as our own encoder writes them, and as real exporters do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.catalog.exposed import ExposedFamily
from simulator.telemetry.samples import FamilyBlock, MetricType, Series, labels_of
from simulator.wire.exposition import encode_families
from simulator.wire.exposition_text import read_exposition

REAL = """\
# HELP go_gc_duration_seconds A summary of pauses.
# TYPE go_gc_duration_seconds summary
go_gc_duration_seconds{quantile="0"} 3.8e-05
go_gc_duration_seconds_sum 0.1
go_gc_duration_seconds_count 12
# a plain comment
# HELP nginx_connections_accepted Accepted
# TYPE nginx_connections_accepted counter
nginx_connections_accepted 17
# TYPE empty_total counter

# TYPE d_seconds histogram
d_seconds_bucket{route="/a",le="0.5"} 1
d_seconds_bucket{route="/a",le="+Inf"} 2
d_seconds_sum{route="/a"} 1.25
d_seconds_count{route="/a"} 2
untyped{ a = "x, \\"y\\" = {z}", } NaN 1395066363000
requests_count 5
"""


def by_name(text: str) -> dict[str, ExposedFamily]:
    return {family.name: family for family in read_exposition(text, "j")}


def test_what_a_real_exporter_writes() -> None:
    found = by_name(REAL)
    assert set(found) == {
        "go_gc_duration_seconds",
        "nginx_connections_accepted",
        "empty_total",
        "d_seconds",
        "untyped",
        "requests_count",
    }
    assert found["go_gc_duration_seconds"].type is MetricType.SUMMARY
    assert found["go_gc_duration_seconds"].labels == ()
    assert found["nginx_connections_accepted"].type is MetricType.COUNTER
    assert found["empty_total"].labels is None
    assert found["d_seconds"].labels == ("route",)
    assert found["d_seconds"].bounds == (0.5,)
    assert found["untyped"].type is None
    assert found["untyped"].values == {"a": ('x, "y" = {z}',)}
    assert found["requests_count"].sample == 5


@pytest.mark.parametrize("line", ["<html>", 'x{a="b} 1', "x", "x{a=b} 1", "x 1 2 3", "x one"])
def test_what_is_no_exposition_is_told_with_its_line(line: str) -> None:
    with pytest.raises(ValueError, match="line 2 is not of an exposition"):
        read_exposition(f"good 1\n{line}\n", "j")


NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=12)


@given(NAMES, st.dictionaries(NAMES, TEXTS, max_size=3), st.sampled_from([MetricType.COUNTER, MetricType.GAUGE]))
def test_what_we_write_we_read(name: str, labels: dict[str, str], kind: MetricType) -> None:
    series = (Series(name, labels_of(labels)),)
    times = np.zeros(1, dtype=np.int64)
    block = FamilyBlock(name, kind, "some\nhelp \\ here", series, times, np.array([[2.5]]))
    (found,) = read_exposition(encode_families([block], 0).decode(), "j")
    assert (found.name, found.type, found.help, found.sample) == (name, kind, "some\nhelp \\ here", 2.5)
    there = {label: (value,) for label, value in labels.items() if value}  # an empty label is none
    assert found.labels == tuple(sorted(there))
    assert found.values == there
