"""No request goes out before its bytes are due: in all, and for each stream."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.clock import ManualClock
from simulator.sinks.loki.batches import Batcher
from simulator.sinks.loki.limits import Limits
from simulator.sinks.loki.pace import Pace
from tests.sinks.loki.lines import BEGIN_MS, STREAMS, batch_of

LIMITS = replace(
    Limits(), known=True, rate_bytes=1_000.0, burst_bytes=2_000.0, stream_rate_bytes=400.0, stream_burst_bytes=800.0
)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 500), st.integers(0, 3_000)), min_size=1, max_size=30))
def test_what_a_server_would_count_never_exceeds_its_limits(requests: list[tuple[int, int, int]]) -> None:
    """Requests of one line: (stream, bytes, milliseconds since the one before). Two token buckets check them."""
    clock = ManualClock()
    pace, batcher = Pace(len(STREAMS), LIMITS, clock), Batcher(len(STREAMS), LIMITS)
    tokens, stream_tokens, at = 2_000.0, dict.fromkeys(range(4), 800.0), 0.0
    for number, (stream, size, later) in enumerate(requests):
        clock.advance(later)
        (parcel,) = batcher.cut(batch_of([(BEGIN_MS + number, stream, b"x" * size)]))
        clock.sleep(pace.take(parcel) + 0.001)  # a ManualClock has whole milliseconds
        now = clock.monotonic()
        tokens = min(2_000.0, tokens + (now - at) * 1_000.0)
        stream_tokens = {one: min(800.0, left + (now - at) * 400.0) for one, left in stream_tokens.items()}
        at = now
        assert tokens >= size
        assert stream_tokens[stream] >= size
        tokens -= size
        stream_tokens[stream] -= size


@pytest.mark.parametrize(
    ("known", "cap", "expected"),
    [
        (True, None, 1_000.0),
        (True, 100.0, 100.0),
        (True, 5_000.0, 1_000.0),  # the server said that it takes no more
        (False, 5_000.0, 5_000.0),  # it said nothing, and its owner knows better than the documentation
    ],
)
def test_the_users_cap_and_the_servers(known: bool, cap: float | None, expected: float) -> None:
    limits = replace(LIMITS, known=known, stream_rate_bytes=1e9, stream_burst_bytes=1e9)
    pace, batcher = Pace(len(STREAMS), limits, ManualClock(), cap), Batcher(len(STREAMS), limits)
    waits = [
        pace.take(parcel)
        for number in range(200)
        for parcel in batcher.cut(batch_of([(BEGIN_MS + number, 0, b"x" * 1_000)]))
    ]
    assert 1_000 / (waits[-1] - waits[-2]) == pytest.approx(expected)
