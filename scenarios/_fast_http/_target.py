"""Where a request goes and how its first lines read, worked out once for each URL."""

from __future__ import annotations

import re
from functools import lru_cache

from geventhttpclient.url import URL, ParamsDataType

_ABSOLUTE = re.compile(r"^https?://", re.IGNORECASE)
_METHOD = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_URI = re.compile(r"[!-~\x80-\xff]+")

Origin = tuple[str, str, int]  # scheme, host, port


class Target:
    """One URL. `origin` tells the connection, `head` the first two lines of a request."""

    __slots__ = ("_host", "_lines", "_uri", "origin", "url")

    def __init__(self, named: str, params: ParamsDataType | None = None) -> None:
        """A URL, and parameters for its query. Raises ValueError for what cannot be sent as HTTP/1.1."""
        self.url = named
        """As it was named: without `params`, by which a report would never end."""
        url = URL(named, params=params)
        host, port = url.host, url.port or 80
        self.origin: Origin = (url.scheme, host, port)
        host = f"[{host}]" if ":" in host else host
        self._host = host if port in (80, 443) else f"{host}:{port}"
        uri = url.quoted_uri or "/"
        self._uri = uri if uri.startswith("/") else f"/{uri}"
        if not _URI.fullmatch(self._uri) or self._uri.startswith("//"):
            raise ValueError(f"invalid request URI {uri!r}")
        self._lines: dict[tuple[str, bool], bytes] = {}

    def head(self, method: str, host_given: bool) -> bytes:
        """The request line, and `Host` unless the caller's headers have it."""
        try:
            return self._lines[method, host_given]
        except KeyError:
            if not _METHOD.fullmatch(method):
                raise ValueError(f"invalid HTTP method {method!r}") from None
            text = f"{method} {self._uri} HTTP/1.1\r\n" + ("" if host_given else f"Host: {self._host}\r\n")
            lines = self._lines[method, host_given] = text.encode("latin-1")
            return lines


@lru_cache(maxsize=8_192)
def target_of(base_url: str | None, url: str) -> Target:
    """The target of a URL, or of a path below `base_url`."""
    return target_with(base_url, url, None)


def target_with(base_url: str | None, url: str, params: ParamsDataType | None) -> Target:
    """The same with parameters of the query, which vary too much to be kept."""
    return Target(url if _ABSOLUTE.match(url) else f"{base_url}{url}", params)
