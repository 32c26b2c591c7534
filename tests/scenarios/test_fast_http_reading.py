"""How responses are read: whatever was sent is found again, however it was cut."""

from __future__ import annotations

import importlib.util
import itertools
from dataclasses import dataclass
from typing import Any

import pytest
from geventhttpclient.response import HTTPConnectionClosed, HTTPParseError
from hypothesis import given
from hypothesis import strategies as st

from simulator.resources import shipped


def load() -> Any:
    """The module alone: its package imports Locust, which patches sockets."""
    path = shipped("scenarios") / "_fast_http" / "_reading.py"
    spec = importlib.util.spec_from_file_location("reading", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


reading = load()

TOKENS = st.text("abcdefghijklmnopqrstuvwxyzABC-0123456789", min_size=1, max_size=12).map(str.encode)
VALUES = st.text("abc,;=/ \t\"'é\xff", max_size=20).map(lambda text: text.strip(" \t").encode("latin-1"))
FRAMING = (b"content-length", b"transfer-encoding", b"connection", b"upgrade", b"proxy-connection")
FIELDS = st.lists(
    st.tuples(TOKENS.map(lambda name: b"X" + name).filter(lambda name: name.lower() not in FRAMING), VALUES), max_size=6
)
STATUSES = st.integers(200, 599).filter(lambda status: status not in (204, 304))


@dataclass(frozen=True)
class Sent:
    """A response as it goes over the wire, and what it means."""

    method: str
    status: int
    fields: list[tuple[bytes, bytes]]
    body: bytes
    wire: bytes
    until_end: bool  # of the connection
    reusable: bool


@st.composite
def responses(draw: st.DrawFn) -> Sent:
    method = draw(st.sampled_from(("GET", "POST", "HEAD")))
    status, fields = draw(STATUSES), draw(FIELDS)
    pieces = draw(st.lists(st.binary(min_size=1, max_size=40), max_size=5))
    body = b"".join(pieces)
    how = draw(st.sampled_from(("length", "chunked", "until the end", "bodiless")))
    payload = body
    if how == "length":
        fields = [*fields, (b"Content-Length", b"%d" % len(body))]
    elif how == "chunked":
        fields = [*fields, (b"Transfer-Encoding", b"chunked")]
        trailers = b"".join(b"%s: %s\r\n" % line for line in draw(FIELDS))
        payload = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n" + trailers + b"\r\n"
    elif how == "bodiless":
        status = draw(st.sampled_from((204, 304)))
        body = payload = b""
    if method == "HEAD":
        body = payload = b""
    interim = b"".join(
        b"HTTP/1.1 %d Wait\r\nX-Early: 1\r\n\r\n" % code
        for code in draw(st.lists(st.sampled_from((100, 102, 103)), max_size=2))
    )
    head = b"HTTP/1.1 %d Some Words\r\n" % status + b"".join(b"%s: %s\r\n" % line for line in fields) + b"\r\n"
    return Sent(
        method,
        status,
        fields,
        body,
        interim + head + payload,
        how == "until the end" and method != "HEAD",
        how != "until the end",
    )


def cut(wire: bytes, cuts: list[int]) -> list[bytes]:
    """The same bytes in pieces."""
    places = sorted({place % (len(wire) + 1) for place in cuts} | {0, len(wire)})
    return [wire[start:end] for start, end in itertools.pairwise(places)]


CUTS = st.lists(st.integers(0, 2_000), max_size=12)


@given(st.lists(st.tuples(responses(), CUTS), min_size=1, max_size=3))
def test_what_was_sent_is_read_however_it_was_cut(sent: list[tuple[Sent, list[int]]]) -> None:
    reader = reading.ResponseReader()
    for response, cuts in sent:
        reader.expect(response.method)
        for piece in cut(response.wire, cuts):
            assert not reader.complete or response.method == "HEAD"
            reader.feed(memoryview(piece))
        if response.until_end:
            assert not reader.complete
            reader.end()
        assert reader.complete
        assert (reader.status, reader.body()) == (response.status, response.body)
        assert reading.fields_of(reader.head) == response.fields
        assert reader.reusable == response.reusable
        if response.until_end:
            break


@given(responses(), st.integers(0, 2_000), CUTS)
def test_a_response_that_was_cut_short_is_never_taken_for_whole(sent: Sent, length: int, cuts: list[int]) -> None:
    length %= len(sent.wire)
    reader = reading.ResponseReader()
    reader.expect(sent.method)
    for piece in cut(sent.wire[:length], cuts):
        reader.feed(piece)
    if reader.complete:
        assert sent.method == "HEAD"  # nothing but trailing bytes can be missing
        return
    try:
        reader.end()
    except HTTPConnectionClosed:
        assert length == 0
    except HTTPParseError:
        assert length > 0
    else:
        assert sent.until_end
        assert sent.body.startswith(reader.body())
    assert not reader.reusable


@given(st.lists(st.binary(max_size=60), max_size=5), st.sampled_from(("GET", "HEAD")), st.booleans())
def test_nonsense_is_told_as_what_it_is(pieces: list[bytes], method: str, http: bool) -> None:
    reader = reading.ResponseReader()
    reader.expect(method)
    try:
        for piece in ([b"HTTP/1.1 200 OK\r\n"] if http else []) + pieces:
            reader.feed(piece)
        reader.end()
    except HTTPParseError:
        assert not reader.complete or method == "GET"
    reader.expect("GET")  # and the next response is read as if nothing had been
    reader.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    assert reader.complete
    assert (reader.status, reader.body()) == (200, b"ok")


@pytest.mark.parametrize("surplus", [b"x", b"HTTP/1.1 ", b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nb"])
@pytest.mark.parametrize("apart", [False, True])
def test_what_nobody_asked_for_ends_the_connection_s_use(surplus: bytes, apart: bool) -> None:
    reader = reading.ResponseReader()
    wire = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na"
    try:
        for piece in (wire, surplus) if apart else (wire + surplus,):
            reader.feed(piece)
    except HTTPParseError:
        pass
    assert (reader.status, reader.body()) == (200, b"a")
    assert reader.complete
    assert not reader.reusable
