"""The text format, read back by prometheus_client's own parser."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from simulator.telemetry.samples import FamilyBlock, MetricType, Series, labels_of
from simulator.wire.exposition import _PrefixCache, encode_families

NAMES = st.from_regex(r"[a-z_][a-z0-9_]{0,12}", fullmatch=True).filter(lambda name: not name.startswith("__"))
"""Of labels: what begins with two underscores is Prometheus's own."""
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=20)
VALUES = st.floats(width=64, allow_nan=False)


def block(
    name: str,
    rows: list[list[float]],
    series: list[Series],
    kind: MetricType = MetricType.GAUGE,
    text: str = "",
) -> FamilyBlock:
    times = np.arange(len(rows), dtype=np.int64) * 15_000
    return FamilyBlock(name, kind, text, tuple(series), times, np.array(rows, dtype=np.float64))


def read_back(data: bytes) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(data.decode())
        for sample in family.samples
    }


def test_a_counter_a_gauge_and_a_histogram_look_as_the_format_says() -> None:
    counter = block(
        "http_requests_total",
        [[3.0, 1e21]],
        [Series("http_requests_total", (("code", "200"),)), Series("http_requests_total", (("code", "500"),))],
        MetricType.COUNTER,
        "Requests\nby \\ code.",
    )
    histogram = block(
        "x_seconds",
        [[1.0, 2.0, 0.30000000000000004, 2.0]],
        [
            Series("x_seconds_bucket", (("le", "0.1"),)),
            Series("x_seconds_bucket", (("le", "+Inf"),)),
            Series("x_seconds_sum", ()),
            Series("x_seconds_count", ()),
        ],
        MetricType.HISTOGRAM,
    )
    gauge = block("g", [[math.inf, -math.inf, -0.5]], [Series("g", (("a", v),)) for v in ('q"', "b\\", "n\n")])

    assert encode_families([counter, histogram, gauge], 0).decode() == (
        "# HELP http_requests_total Requests\\nby \\\\ code.\n"
        "# TYPE http_requests_total counter\n"
        'http_requests_total{code="200"} 3\n'
        'http_requests_total{code="500"} 1e+21\n'
        "# TYPE x_seconds histogram\n"
        'x_seconds_bucket{le="0.1"} 1\n'
        'x_seconds_bucket{le="+Inf"} 2\n'
        "x_seconds_sum 0.30000000000000004\n"
        "x_seconds_count 2\n"
        "# TYPE g gauge\n"
        'g{a="q\\""} +Inf\n'
        'g{a="b\\\\"} -Inf\n'
        'g{a="n\\n"} -0.5\n'
    )


def test_a_series_without_a_sample_is_left_out_and_so_is_an_empty_family() -> None:
    half = block("a", [[1.0, math.nan]], [Series("a", (("i", "0"),)), Series("a", (("i", "1"),))])
    none = block("b", [[math.nan]], [Series("b", ())])
    assert encode_families([half, none], 0) == b'# TYPE a gauge\na{i="0"} 1\n'
    assert encode_families([], 0) == b""


def test_the_row_that_is_asked_for_is_the_one_encoded() -> None:
    two = block("a", [[1.0], [2.0]], [Series("a", ())])
    assert encode_families([two], 1).endswith(b"a 2\n")
    with pytest.raises(IndexError):
        encode_families([two], 2)


@given(
    label_sets=st.lists(st.dictionaries(NAMES, TEXTS, max_size=3), max_size=5),
    values=st.lists(VALUES, min_size=5, max_size=5),
    text=TEXTS,
)
def test_what_is_written_is_what_a_parser_reads(
    label_sets: list[dict[str, str]], values: list[float], text: str
) -> None:
    series = [Series("m", labels) for labels in {labels_of(one): None for one in label_sets}]
    data = encode_families([block("m", [values[: len(series)]], series, text=text)], 0)
    expected = {("m", frozenset(one.labels)): value for one, value in zip(series, values[: len(series)], strict=True)}
    assert read_back(data) == expected


def test_kept_texts_belong_to_the_tuple_and_are_bounded() -> None:
    cache = _PrefixCache(kept_series=3)
    first, second = (Series("a", ()), Series("b", ())), (Series("c", ()), Series("d", ()))
    texts = cache(first)
    assert cache(first) is texts
    assert cache(second) == ("c ", "d ")  # four series: the first tuple is dropped
    assert cache(first) is not texts
    assert cache(first) == texts


def test_a_scrape_of_a_hundred_thousand_series_takes_under_half_a_second() -> None:
    labels = [
        labels_of({"route": f"/api/v1/r{i % 100}", "code": str(i // 100), "method": "GET"}) for i in range(100_000)
    ]
    series = [Series("http_requests_total", one) for one in labels]
    rng = np.random.default_rng(1)
    big = block("http_requests_total", [list(rng.uniform(0, 1e6, len(series)))], series)
    encode_families([big], 0)
    began = time.process_time()
    encode_families([big], 0)
    assert time.process_time() - began < 0.5
