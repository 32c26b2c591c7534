"""The address of a receiver, as a person wrote it: checked before anything is sent there."""

from __future__ import annotations

from collections.abc import Collection

import httpx

from simulator.errors import InputError
from simulator.transport import check_host


def receiver_url(text: str, allowed: Collection[str], *, flag: str, example: str, variables: str) -> httpx.URL:
    """The URL. `example` is one that is right; `variables` begins the names of those that credentials come from.

    Raises InputError, which shows no secret, for what is no address of a server, has credentials or a fragment in it,
    or leads to a host that was not allowed.
    """
    try:
        url = httpx.URL(text)
        port = url.port
    except (httpx.InvalidURL, TypeError, ValueError) as error:
        raise InputError(f"{flag}: {error}; an address is {example}") from error
    if url.userinfo:
        raise InputError(
            f"{flag}: a password in an address can be read by everybody on this machine; take it out and set "
            f"{variables}_USER and {variables}_PASSWORD, or {variables}_TOKEN"
        )
    if url.scheme not in ("http", "https") or not url.host or not 0 < (80 if port is None else port) < 65_536:
        raise InputError(f"{flag}: {text!r} is not an address such as {example}")
    if url.fragment:
        raise InputError(f"{flag}: {text!r}: an address of a server has no part after #")
    try:
        check_host(url.host, allowed)
    except InputError as error:
        raise InputError(f"{flag}: {error}") from error
    return url
