"""Reading a `multipart/form-data` body (RFC 7578, framed by RFC 2046): the parts as they were sent, nothing decoded.

The whole body is in memory already; parts are found by their delimiter, so a large file costs one search. The standard
library's `email` reads multipart, too, but as text, line by line.
"""

from __future__ import annotations

from dataclasses import dataclass
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import HTTP

_OUTSIDE = b"\r\n"


class NotMultipartError(ValueError):
    """The body is not what its content type says."""


@dataclass(frozen=True)
class Part:
    """One field of a form; a file where `filename` is set."""

    name: str
    filename: str | None
    content_type: str
    content: bytes


def read_multipart(content_type: str, body: bytes) -> tuple[Part, ...]:
    """The parts of a body, in order. Raises NotMultipartError."""
    head = EmailMessage(HTTP)
    head["Content-Type"] = content_type
    boundary = head.get_boundary()
    if head.get_content_type() != "multipart/form-data" or not boundary:
        raise NotMultipartError("Content-Type is not multipart/form-data with a boundary")
    delimiter = b"--" + boundary.encode("latin-1")
    # a delimiter begins its line, so the body's own first line counts as if a line had ended before it
    pieces = (_OUTSIDE + body).split(_OUTSIDE + delimiter)
    if len(pieces) < 2 or not pieces[-1].startswith(b"--"):
        raise NotMultipartError("the body does not end with its boundary")
    return tuple(_part(piece) for piece in pieces[1:-1])


def _part(piece: bytes) -> Part:
    line, found, rest = piece.partition(_OUTSIDE)
    if not found or line.strip(b" \t"):
        raise NotMultipartError("a boundary does not stand alone in its line")
    if rest.startswith(_OUTSIDE):
        raise NotMultipartError("a part has no headers")
    headers, found, content = rest.partition(_OUTSIDE * 2)
    if not found:
        raise NotMultipartError("a part has no end of its headers")
    message = BytesParser(policy=HTTP).parsebytes(headers + _OUTSIDE * 2, headersonly=True)
    if message.get_content_disposition() != "form-data":
        raise NotMultipartError("a part is not form-data")
    name = message.get_param("name", header="content-disposition")
    if not isinstance(name, str):
        raise NotMultipartError("a part has no name")
    return Part(name, message.get_filename(), message.get_content_type(), content)
