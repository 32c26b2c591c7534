"""Forms as browsers and clients send them, read part by part; what is no form is refused."""

from __future__ import annotations

from email.parser import BytesParser
from email.policy import HTTP

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.api.multipart import NotMultipartError, Part, read_multipart

NAMES = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=12)
CONTENTS = st.binary(max_size=200) | st.sampled_from([b"", b"\r\n", b"--", b"\r\n--x", b"--x--\r\n", b"\r\n\r\n"])


@given(st.lists(st.tuples(NAMES, NAMES, CONTENTS), min_size=1, max_size=4))
def test_what_a_client_wrote_is_what_is_read(files: list[tuple[str, str, bytes]]):
    fields = [(name, (f"{stem}.bin", content, "application/x-thing")) for name, stem, content in files]
    request = httpx.Request("POST", "http://api/", files=fields)
    parts = read_multipart(request.headers["content-type"], request.read())
    assert parts == tuple(
        Part(name, filename, content_type, content) for name, (filename, content, content_type) in fields
    )


@given(st.lists(st.text(st.characters(codec="ascii", categories=["L", "P"]), max_size=30), min_size=1, max_size=4))
def test_the_standard_library_reads_the_same(values: list[str]):
    request = httpx.Request("POST", "http://api/", files=[("field", (None, value)) for value in values])
    body, kind = request.read(), request.headers["content-type"]
    message = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body)
    theirs = [part.get_payload(decode=True) for part in message.iter_parts()]  # type: ignore[attr-defined]
    assert [part.content for part in read_multipart(kind, body)] == theirs
    assert [part.filename for part in read_multipart(kind, body)] == [None] * len(values)


FORM = "multipart/form-data; boundary=xx"
HEAD = b'Content-Disposition: form-data; name="a"\r\n\r\n'


@pytest.mark.parametrize(
    ("kind", "body", "words"),
    [
        ("application/json", b"{}", "is not multipart"),
        ("multipart/form-data", b"--xx--", "with a boundary"),
        ("", b"", "is not multipart"),
        (FORM, b"", "does not end"),
        (FORM, b"--xx\r\n" + HEAD + b"cut off", "does not end"),
        (FORM, b"--xx\r\n\r\nno headers\r\n--xx--", "no headers"),
        (FORM, b"--xx\r\nContent-Disposition: form-data\r\n\r\nx\r\n--xx--", "no name"),
        (FORM, b"--xx\r\nContent-Type: text/plain\r\n\r\nx\r\n--xx--", "not form-data"),
        (FORM, b"--xx\r\nContent-Disposition: form-data\r\n--xx--", "no end of its headers"),
        (FORM, b"--xxy\r\n" + HEAD + b"x\r\n--xx--", "does not stand alone"),
    ],
)
def test_what_is_no_form_is_refused(kind: str, body: bytes, words: str):
    with pytest.raises(NotMultipartError, match=words):
        read_multipart(kind, body)
