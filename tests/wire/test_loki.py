"""Pushes, read back by Google's protobuf, snappy and Python's JSON."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.telemetry.samples import Labels, labels_of
from simulator.wire.loki import FORMATS, PushLines, selector
from tests.wire.loki_reader import Streams, read_push, read_selector

_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
_NAMES = st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,10}", fullmatch=True)
_LABELS = st.dictionaries(_NAMES, _TEXTS, min_size=1, max_size=4).map(labels_of)
_NANOSECONDS = st.integers(10**18, 2**63 - 1) | st.integers(10**9, 9 * 10**9).map(lambda seconds: seconds * 10**9)
_LINES = _TEXTS.map(lambda text: text.encode())


@st.composite
def pushes(draw: st.DrawFn) -> tuple[list[Labels], list[tuple[int, int, bytes]]]:
    """Streams, and lines as (stream, nanoseconds, text) in the order of time."""
    streams = draw(st.lists(_LABELS, min_size=1, max_size=5, unique=True))
    line = st.tuples(st.integers(0, len(streams) - 1), _NANOSECONDS, _LINES)
    return streams, sorted(draw(st.lists(line, max_size=20)), key=lambda one: one[1])


def lines_of(lines: list[tuple[int, int, bytes]]) -> PushLines:
    """As a renderer leaves them: one buffer, a line feed after each."""
    text = b"".join(line + b"\n" for _, _, line in lines)
    length = np.array([len(line) for _, _, line in lines], dtype=np.int64)
    first = np.cumsum(length + 1) - length - 1
    stream = np.array([stream for stream, _, _ in lines], dtype=np.int64)
    at_ns = np.array([at for _, at, _ in lines], dtype=np.int64)
    return PushLines(stream, at_ns, first, length, np.frombuffer(text or b" ", dtype=np.uint8))


def expected(streams: list[Labels], lines: list[tuple[int, int, bytes]]) -> Streams:
    found: Streams = []
    for number, labels in enumerate(streams):
        own = [(at, line) for stream, at, line in lines if stream == number]
        if own:
            found.append((labels, own))
    return found


@pytest.mark.parametrize("form", FORMATS)
@given(pushes())
def test_what_is_written_is_read_again(form: str, push: tuple[list[Labels], list[tuple[int, int, bytes]]]) -> None:
    streams, lines = push
    written = FORMATS[form](streams)
    read = read_push(written.headers["Content-Type"], written.encode(lines_of(lines)))
    assert read == expected(streams, lines)


@given(_LABELS)
def test_label_sets_are_quoted_as_go_quotes_them(labels: Labels) -> None:
    assert read_selector(selector(labels)) == labels


def test_an_empty_push_has_no_streams() -> None:
    assert FORMATS["json"]([(("a", "b"),)]).encode(lines_of([])) == b'{"streams":[]}'


@pytest.mark.parametrize(("form", "at_ns"), [("protobuf", -1), ("json", 10**18 - 1)])
def test_times_that_cannot_be_written_are_not_written_wrong(form: str, at_ns: int) -> None:
    with pytest.raises(ValueError, match="before"):
        FORMATS[form]([(("a", "b"),)]).encode(lines_of([(0, at_ns, b"x")]))
