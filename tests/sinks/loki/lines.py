"""Batches of lines by hypothesis, and what a Loki would hold after taking them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from hypothesis import strategies as st

from simulator.telemetry.logs import LogBatch
from simulator.telemetry.samples import Labels, labels_of

STREAMS: Sequence[Labels] = tuple(
    labels_of({"service": service, "level": level})
    for service in ("api", "auth")
    for level in ("error", "warn", "info")
)
BEGIN_MS = 1_767_614_400_000

Line = tuple[int, int, bytes]
"""(milliseconds, stream, text)."""


def batch_of(lines: Sequence[Line]) -> LogBatch:
    """A batch of lines that are in the order of time."""
    text = b"".join(line + b"\n" for _, _, line in lines)
    ends = np.cumsum([len(line) + 1 for _, _, line in lines], dtype=np.int64)
    return LogBatch(
        tuple(STREAMS),
        np.array([at for at, _, _ in lines], dtype=np.int64),
        np.array([stream for _, stream, _ in lines], dtype=np.int64),
        ends,
        text,
    )


@st.composite
def batches(draw: st.DrawFn, *, longest_line: int = 40, span_ms: int = 5_000) -> list[list[Line]]:
    """Lines in the order of time, many of them at the same millisecond and alike, cut anywhere into batches."""
    line = st.tuples(
        st.integers(0, span_ms).map(lambda ms: BEGIN_MS + ms),
        st.integers(0, len(STREAMS) - 1),
        st.integers(0, longest_line).map(lambda length: b"x" * length),
    )
    lines = sorted(draw(st.lists(line, max_size=60)), key=lambda one: one[0])
    cuts = sorted(draw(st.lists(st.integers(0, len(lines)), max_size=3)))
    edges = [0, *cuts, len(lines)]
    return [lines[first:last] for first, last in pairwise(edges)]


def held_of(parts: Sequence[Sequence[Line]]) -> dict[Labels, list[bytes]]:
    """The lines of each stream, oldest first."""
    held: dict[Labels, list[bytes]] = {}
    for part in parts:
        for _, stream, text in part:
            held.setdefault(STREAMS[stream], []).append(text)
    return held
