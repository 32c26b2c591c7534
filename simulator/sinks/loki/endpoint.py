"""Where lines are pushed to, as which tenant, and what is shown there to be let in."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

import httpx

from simulator.errors import InputError
from simulator.sinks.addresses import receiver_url
from simulator.sinks.credentials import authorization
from simulator.sinks.loki.limits import Limits, read_limits
from simulator.transport import http_client

VARIABLES: Final = "CRYBSIM_LOKI"
"""Begins the names of the environment's variables: `_TOKEN`, or `_USER` and `_PASSWORD`."""
PUSH_PATH: Final = "/loki/api/v1/push"
TIMEOUT_SECONDS: Final = 30.0
_EXAMPLE: Final = "http://127.0.0.1:3100"


@dataclass(frozen=True)
class Endpoint:
    """A Loki. `url` (without the path of pushes) has no credentials in it and may be shown; `authorization` not."""

    url: str
    tenant: str = ""
    allowed: frozenset[str] = frozenset()
    authorization: str | None = field(default=None, repr=False)

    def client(self) -> httpx.Client:
        """A client whose paths begin where those of Loki do."""
        headers = {"User-Agent": "crybsim"}
        if self.tenant:
            headers["X-Scope-OrgID"] = self.tenant
        if self.authorization:
            headers["Authorization"] = self.authorization
        return http_client(self.url, allowed=self.allowed, headers=headers, timeout=TIMEOUT_SECONDS)

    def limits(self) -> Limits:
        """The limits that it says it has, or the documented ones where it does not say. Raises InputError where
        nothing answers at all."""
        with self.client() as client:
            try:
                response = client.get("/config")
            except httpx.TransportError as error:
                raise InputError(f"{self.url}: no Loki answers there: {error}") from error
        return read_limits(response.text) if response.is_success else Limits()


def endpoint(
    text: str, environment: Mapping[str, str], allowed: Collection[str] = (), *, tenant: str = "", flag: str = "--loki"
) -> Endpoint:
    """The Loki at an address, with or without the path of pushes. Raises InputError, which shows no secret."""
    url = receiver_url(text, allowed, flag=flag, example=_EXAMPLE, variables=VARIABLES)
    if url.query:
        raise InputError(f"{flag}: {text!r} is not an address such as {_EXAMPLE}")
    if tenant and (not tenant.isprintable() or not tenant.isascii()):
        raise InputError(f"{flag}-tenant: {tenant!r} has characters that no header can carry")
    path = url.path.rstrip("/").removesuffix(PUSH_PATH)
    base = str(url.copy_with(path=path or "/")).rstrip("/")
    return Endpoint(base, tenant, frozenset(allowed), authorization(environment, VARIABLES))
