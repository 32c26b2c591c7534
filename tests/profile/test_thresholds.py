"""The notation of thresholds on load."""

from __future__ import annotations

import contextlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.profile.load_names import SCENARIOS
from simulator.profile.schema import Scenario
from simulator.profile.thresholds import OPERATORS, Measure, Threshold, parse_threshold


@pytest.mark.parametrize(
    ("text", "subject", "measure", "limit", "quantile"),
    [
        ("http p95 < 300ms", "http", Measure.LATENCY, 0.3, 0.95),
        ("GET /api/v1/posts p99.9 <= 1s500ms", "GET /api/v1/posts", Measure.LATENCY, 1.5, 0.999),
        ("max<2s", "", Measure.LATENCY, 2.0, 1.0),
        ("  POST   /api/v1/posts/:id   max  <  1s ", "POST /api/v1/posts/:id", Measure.LATENCY, 1.0, 1.0),
        ("error ratio < 1 %", "", Measure.ERRORS, 0.01, None),
        ("GET * error ratio < 0.01", "GET *", Measure.ERRORS, 0.01, None),
        ("rate limited ratio = 0", "", Measure.RATE_LIMITED, 0.0, None),
        ("http rate limited ratio < 1%", "http", Measure.RATE_LIMITED, 0.01, None),
        ("arrivals dropped == 0", "", Measure.DROPPED, 0.0, None),
        ("deliver p99 < 500ms", "deliver", Measure.LATENCY, 0.5, 0.99),
        ("mos p5 > 3.6", "mos", Measure.LATENCY, 3.6, 0.05),
        ("VOICE mos p5 > 3.6", "VOICE mos", Measure.LATENCY, 3.6, 0.05),
        ("loss p95 < 2 %", "loss", Measure.LATENCY, 0.02, 0.95),
    ],
)
def test_notation(text: str, subject: str, measure: Measure, limit: float, quantile: float | None) -> None:
    threshold = parse_threshold(text)
    assert (threshold.subject, threshold.measure) == (subject, measure)
    assert threshold.limit == pytest.approx(limit)
    assert threshold.quantile == (None if quantile is None else pytest.approx(quantile))
    assert parse_threshold(threshold.text) == threshold


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("p95 300ms", "is not a threshold; write one like `http p95 < 300ms`"),
        ("", "is not a threshold"),
        ("p95 < 300", "'300' has no unit; write 300s or 300m"),
        ("eror ratio < 1%", "'eror ratio' is nothing that is measured; did you mean 'error ratio'?"),
        ("http p100 < 1s", "p100 is no quantile"),
        ("http p0 < 1s", "p0 is no quantile"),
        ("GET / arrivals dropped = 0", "leave 'GET /' out"),
        ("error ratio < 5", "'5' is more than all"),
        ("error ratio < five", "'five' is not a share such as 1 % or 0.01"),
        ("arrivals dropped = 0 %", "'0 %' is not a count such as 0"),
        ("mos p5 > 3.6s", "'3.6s' is no mean opinion score"),
        ("mos p5 > 9", "'9' is no mean opinion score; 1 is bad, 5 the best"),
        ("loss p95 < 200ms", "'200ms' is not a share"),
    ],
)
def test_mistakes(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        parse_threshold(text)


def test_names_are_covered_by_pattern() -> None:
    assert parse_threshold("GET * max < 1s").covers("GET /api/v1/posts")
    assert not parse_threshold("GET * max < 1s").covers("POST /api/v1/posts")
    assert parse_threshold("http max < 1s").covers("POST /api/v1/posts")


@pytest.mark.parametrize(
    ("subject", "covered"),
    [
        ("", {"GET /api/v1/posts", "SIO connect", "SIO emit message:send", "VOICE join"}),
        ("http", {"GET /api/v1/posts"}),
        ("socketio", {"SIO connect", "SIO emit message:send"}),
        ("voice", {"VOICE join"}),
        ("deliver", {"SIO deliver"}),
        ("mos", {"VOICE mos"}),
        ("SIO *", {"SIO connect", "SIO emit message:send", "SIO deliver"}),
    ],
)
def test_what_is_seen_is_no_request_and_scenarios_are_told_apart(subject: str, covered: set[str]) -> None:
    names = ("GET /api/v1/posts", "SIO connect", "SIO emit message:send", "SIO deliver", "VOICE join", "VOICE mos")
    threshold = parse_threshold(f"{subject} error ratio < 1 %")
    assert {name for name in names if threshold.covers(name)} == covered


def test_scenarios_are_called_as_in_the_schema() -> None:
    assert set(SCENARIOS) == set(Scenario)


@pytest.mark.parametrize(("text", "fewest"), [("p50", 20), ("p95", 200), ("p5", 200), ("p99.9", 10_000), ("max", 1)])
def test_how_many_samples_a_quantile_needs(text: str, fewest: int) -> None:
    assert parse_threshold(f"{text} < 1s").fewest_samples == fewest


@given(st.sampled_from(sorted(OPERATORS)), st.integers(0, 100), st.integers(0, 100))
def test_operators(sign: str, limit: int, observed: int) -> None:
    threshold: Threshold = parse_threshold(f"arrivals dropped {sign} {limit}")
    expected = {"<": observed < limit, "<=": observed <= limit, "=": observed == limit}
    expected |= {">": observed > limit, ">=": observed >= limit}
    assert threshold.holds(observed) is expected[sign]


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(ValueError):
        threshold = parse_threshold(text)
        assert parse_threshold(threshold.text) == threshold
