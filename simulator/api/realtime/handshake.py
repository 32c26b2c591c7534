"""Who may connect: where the token is looked for, and with which words somebody is refused (contract, section 3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qs

REQUIRED: Final = "Authentication token required"
FORMAT: Final = "Invalid token format"
STRUCTURE: Final = "Invalid JWT structure"
EXPIRED: Final = "Token expired"
TOO_MANY: Final = "Rate limit exceeded"
LATER_FIELDS: Final = ("accessToken", "access_token", "authToken", "auth_token", "jwt")


class RefusedError(Exception):
    """The client is told `message` as `connect_error`; `error_type` is the metric's label."""

    def __init__(self, message: str, error_type: str = "auth") -> None:
        super().__init__(message)
        self.message = message
        self.error_type = error_type


def token_of(environ: Mapping[str, Any], auth: object) -> str:
    """The token of a handshake: `auth.token`, the header, the query, then the other fields of `auth`.

    Raises RefusedError when there is none, or when it is not a text of three parts.
    """
    fields = auth if isinstance(auth, dict) else {}
    token = fields.get("token") or _of_header(environ) or _of_query(environ)
    for name in LATER_FIELDS:
        token = token or fields.get(name)
    if not token:
        raise RefusedError(REQUIRED)
    if not isinstance(token, str):
        raise RefusedError(FORMAT)
    token = token.removeprefix("Bearer ").strip()
    if not token:
        raise RefusedError(REQUIRED)
    if token.count(".") != 2:
        raise RefusedError(STRUCTURE)
    return token


def address_of(environ: Mapping[str, Any]) -> str:
    """The client's address, as the proxy in front tells it."""
    forwarded = str(environ.get("HTTP_X_FORWARDED_FOR", "")).partition(",")[0].strip()
    return forwarded or peer_of(environ)[0]


def peer_of(environ: Mapping[str, Any]) -> tuple[str, int]:
    """The other end of the connection that the handshake came over."""
    client = environ["asgi.scope"].get("client")
    return (str(client[0]), int(client[1])) if client else ("127.0.0.1", 0)


def device_of(environ: Mapping[str, Any]) -> str:
    """`web`, `mobile` or `desktop`, by what the user agent says."""
    agent = str(environ.get("HTTP_USER_AGENT", "")).lower()
    if "electron" in agent:
        return "desktop"
    return "mobile" if any(word in agent for word in ("mobile", "android", "iphone", "okhttp")) else "web"


def _of_header(environ: Mapping[str, Any]) -> str:
    scheme, _, token = str(environ.get("HTTP_AUTHORIZATION", "")).partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _of_query(environ: Mapping[str, Any]) -> str:
    return parse_qs(str(environ.get("QUERY_STRING", ""))).get("token", [""])[-1]
