"""The header lines of a request as bytes, put together once for each set of headers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from geventhttpclient.client import HTTPClient
from geventhttpclient.header import Headers
from locust.contrib.fasthttp import _construct_basic_auth_str

_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_ENCODINGS = "gzip, deflate, br"
_FRAMING = ("expect", "transfer-encoding")
_MOST_BLOCKS = 32

Auth = tuple[str | bytes, str | bytes]


# what a request carries, by its Content-Type where the caller gives none
NOTHING = ""
JSON = "application/json"
FORM = "application/x-www-form-urlencoded; charset=utf-8"
TEXT = "text/plain; charset=utf-8"
BYTES = "application/octet-stream"


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Header lines, each with its end, the names among them in lower case, and the same as a mapping.

    `framed` ones ask for another way to send the body than its length and then all of it.
    """

    lines: bytes
    names: frozenset[str]
    headers: Headers
    framed: bool


class HeaderBlocks:
    """Blocks of one user, whose headers are mostly the same from request to request."""

    def __init__(self, defaults: Mapping[str, str] | None, auth: str | None) -> None:
        """`defaults` are sent with every request, as is `auth`, an Authorization header."""
        self.plain = _plain_block(tuple((defaults or {}).items()), auth)
        """That of a request without body and headers of its own."""
        self._auth = auth
        self._blocks: dict[Any, Block] = {}

    def of(self, body: str, headers: Mapping[str, Any] | None, auth: Auth | None) -> Block:
        """The defaults with these headers, which win, and the type of the body.

        Raises ValueError for a line that cannot be sent.
        """
        try:
            key = (body, auth, tuple(headers.items()) if headers else None)
            return self._blocks[key]
        except KeyError:
            block = self._blocks[key] = block_of(self._merged(body, headers, auth))
            if len(self._blocks) > _MOST_BLOCKS:
                self._blocks = {key: block}
            return block
        except TypeError:  # a header with several values is a list
            return block_of(self._merged(body, headers, auth))

    def _merged(self, body: str, headers: Mapping[str, Any] | None, auth: Auth | None) -> Headers:
        merged = self.plain.headers.copy()
        given = Headers(headers)
        merged.update(given)
        if auth:
            merged["Authorization"] = _construct_basic_auth_str(*auth)
        elif self._auth:
            merged["Authorization"] = self._auth
        if body == JSON and "Accept" not in given:
            merged["Accept"] = JSON
        if body and "Content-Type" not in (given if body == JSON else merged):
            merged["Content-Type"] = body
        return merged


@lru_cache(maxsize=1_000)
def _plain_block(defaults: tuple[tuple[str, str], ...], auth: str | None) -> Block:
    """What the users of a class have in common."""
    headers = HTTPClient.DEFAULT_HEADERS.copy()
    headers.update(dict(defaults))
    headers.setdefault("Accept-Encoding", _ENCODINGS)
    if auth:
        headers["Authorization"] = auth
    return block_of(headers)


def block_of(headers: Headers) -> Block:
    """A block of just these. Raises ValueError for a line that cannot be sent."""
    lines = []
    for name, value in headers.items():
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise ValueError(f"invalid header field name {name!r}")
        if not _VALUE.fullmatch(str(value)):
            raise ValueError(f"invalid value for header field {name!r}: {value!r}")
        lines.append(f"{name}: {value}\r\n")
    names = frozenset(map(str, headers))
    return Block("".join(lines).encode("latin-1"), names, headers, not names.isdisjoint(_FRAMING))
