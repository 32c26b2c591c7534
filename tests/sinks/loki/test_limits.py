"""What a server says about itself, and what that has against lines to come."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.clock import parse_rfc3339
from simulator.sinks.loki.limits import KIBI, MEBI, Limits, parse_size, read_limits
from simulator.telemetry.interval import Interval
from simulator.telemetry.samples import Labels, labels_of
from simulator.units import DAY, HOUR, MINUTE
from tests.sinks.loki.lines import STREAMS

NOW = parse_rfc3339("2026-02-10T00:00:00Z")
TOLD = """\
target: all
auth_enabled: false
ingester:
  max_chunk_age: 4h0m0s
schema_config:
  configs:
  - from: "2026-01-20"
    store: tsdb
  - from: 2026-02-01
limits_config:
  ingestion_rate_mb: 64
  ingestion_burst_size_mb: 128
  max_line_size: 256KB
  max_label_names_per_series: 30
  reject_old_samples: true
  reject_old_samples_max_age: 1w
  creation_grace_period: 10m
  max_global_streams_per_user: 10000
  per_stream_rate_limit: 3MB
  per_stream_rate_limit_burst: 15MB
"""
STREAM: tuple[Labels, ...] = (STREAMS[0],)


def test_what_a_server_tells() -> None:
    assert read_limits(TOLD) == Limits(
        line_bytes=256 * KIBI,
        rate_bytes=64 * MEBI,
        burst_bytes=128 * MEBI,
        stream_rate_bytes=3 * MEBI,
        stream_burst_bytes=15 * MEBI,
        label_names=30,
        streams=10_000,
        oldest_ms=168 * HOUR,
        newest_ms=10 * MINUTE,
        window_ms=2 * HOUR,
        index_from_ms=parse_rfc3339("2026-01-20T00:00:00Z"),
        known=True,
    )
    assert read_limits(TOLD.replace("samples: true", "samples: false")).oldest_ms == 0


@pytest.mark.parametrize("text", ["", "a: [", "[]", "limits_config: 3", "404 page not found"])
def test_without_a_word_of_limits_they_are_the_documented_ones(text: str) -> None:
    assert read_limits(text) == Limits()
    assert not Limits().known


@pytest.mark.parametrize("value", ["[]", "soon", "{}"])
def test_a_limit_that_cannot_be_read_is_the_documented_one(value: str) -> None:
    told = read_limits(f"limits_config:\n  max_line_size: {value}\n  reject_old_samples_max_age: {value}\n")
    assert told == Limits(known=True)


@given(st.integers(0, 10**9), st.sampled_from(["", "B", "KB", "kb", "MB", "MiB", "GB"]))
def test_sizes_are_powers_of_1024(number: int, unit: str) -> None:
    power = {"": 0, "b": 0, "k": 1, "m": 2, "g": 3}[unit[:1].lower()]
    assert parse_size(f"{number}{unit}") == number * 1024**power


@pytest.mark.parametrize("text", ["", "MB", "-1", "3 apples", "1e6"])
def test_other_texts_are_no_sizes(text: str) -> None:
    with pytest.raises(ValueError, match="write one like"):
        parse_size(text)


def problems(limits: Limits, days: float, streams: tuple[Labels, ...] = STREAM) -> str:
    return "\n".join(limits.problems(streams, Interval(NOW - round(days * DAY), NOW), NOW))


def test_a_past_that_reaches_too_far_back_is_told_with_what_to_set() -> None:
    told = read_limits(TOLD)
    assert problems(told, 6.9) == ""
    assert problems(told, 8) == (
        "the first lines are of 2026-02-02T00:00:00.000Z, and it takes none older than 1w; set "
        "limits_config.reject_old_samples_max_age: 193h (or reject_old_samples: false)"
    )
    all_ages = replace(told, oldest_ms=0)
    assert problems(all_ages, 20) == ""
    assert "schema_config.configs[0].from: 2026-01-11 or earlier" in problems(all_ages, 30)


def test_of_a_server_that_did_not_tell_nothing_is_said_about_time() -> None:
    assert problems(Limits(), 60) == ""


def test_a_future_that_is_too_far() -> None:
    span = Interval(NOW, NOW + HOUR)
    assert "creation_grace_period" in replace(Limits(), known=True).problems(STREAM, span, NOW)[0]


def test_streams_and_labels() -> None:
    many = tuple(labels_of({"service": str(n)}) for n in range(4))
    wide = (labels_of({f"l{n}": "x" for n in range(4)}),)
    limits = replace(Limits(), streams=3, label_names=3, label_name_length=5, label_value_length=8)
    assert problems(limits, 1, many[:3]) == "label service… is longer than limits_config.max_label_name_length"
    assert "4 streams, limits_config.max_global_streams_per_user is 3" in problems(limits, 1, many)
    assert problems(limits, 1, wide) == "4 labels a stream, limits_config.max_label_names_per_series is 3"
    assert "a value of label l is longer" in problems(limits, 1, ((("l", "x" * 9),),))
