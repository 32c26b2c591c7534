"""The one module that opens outgoing connections: loopback unless a host was allowed by name."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Collection
from functools import cache

import httpx

from simulator.errors import InputError

TIMEOUT_SECONDS = 10.0


def is_loopback(host: str) -> bool:
    """Whether a host name or address can only be this machine. A name other than `localhost` is not."""
    name = host.strip("[]").rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def check_host(host: str, allowed: Collection[str] = ()) -> None:
    """Raises InputError when traffic to `host` was not allowed."""
    if not is_loopback(host) and host not in allowed:
        raise InputError(
            f"{host!r} is not this machine; traffic goes to loopback unless allowed_hosts in crybsim.yaml names the "
            f"host, or for its own load the profile's load.allowed_hosts"
        )


def http_client(
    base_url: str,
    *,
    allowed: Collection[str] = (),
    headers: dict[str, str] | None = None,
    timeout: float = TIMEOUT_SECONDS,
) -> httpx.Client:
    """A client for one server. Raises InputError for a host that was not allowed, here and on redirects.

    Proxies and credentials of the environment are not used: a local run must reach what it names and nothing else.
    """

    def guard(request: httpx.Request) -> None:
        check_host(request.url.host, allowed)

    check_host(httpx.URL(base_url).host, allowed)
    return httpx.Client(
        base_url=base_url,
        headers=headers,
        timeout=timeout,
        verify=_trusted(),
        trust_env=False,
        event_hooks={"request": [guard]},
    )


@cache
def _trusted() -> ssl.SSLContext:
    """Whom TLS trusts, read once: it takes longer than most of what a client is made for."""
    return httpx.create_ssl_context(trust_env=False)
