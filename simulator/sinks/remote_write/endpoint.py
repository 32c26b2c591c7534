"""Where samples are written to, and what is shown there to be let in."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

import httpx

from simulator.sinks.addresses import receiver_url
from simulator.sinks.credentials import authorization
from simulator.transport import http_client
from simulator.wire.remote_write import CONTENT_HEADERS

ENVIRONMENT: Final = "CRYBSIM_REMOTE_WRITE"
"""What the names of the variables with credentials begin with."""

PROMETHEUS_PATH: Final = "/api/v1/write"
TIMEOUT_SECONDS: Final = 30.0
_EXAMPLE: Final = "http://127.0.0.1:9090"


@dataclass(frozen=True)
class Endpoint:
    """A receiver. `url` has no credentials in it and may be shown; `authorization` must not be."""

    url: str
    allowed: frozenset[str] = frozenset()
    authorization: str | None = field(default=None, repr=False)

    def client(self) -> httpx.Client:
        """A client of its own for one sender; it posts to `path`."""
        headers = {**CONTENT_HEADERS, "User-Agent": "crybsim"}
        if self.authorization:
            headers["Authorization"] = self.authorization
        origin = str(httpx.URL(self.url).copy_with(raw_path=b"/"))
        return http_client(origin, allowed=self.allowed, headers=headers, timeout=TIMEOUT_SECONDS)

    @property
    def path(self) -> str:
        """Path and query of the URL."""
        return httpx.URL(self.url).raw_path.decode("ascii")


def endpoint(text: str, environment: Mapping[str, str], allowed: Collection[str] = (), *, flag: str) -> Endpoint:
    """The receiver at an address; one without a path is a Prometheus. Raises InputError, which shows no secret."""
    url = receiver_url(text, allowed, flag=flag, example=_EXAMPLE, variables=ENVIRONMENT)
    if url.path in ("", "/"):
        url = url.copy_with(path=PROMETHEUS_PATH)
    return Endpoint(str(url), frozenset(allowed), authorization(environment, ENVIRONMENT))
