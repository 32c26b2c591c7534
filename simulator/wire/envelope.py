"""Answers of an API as a target file describes them: where the data is, where tokens are, which code an error has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from simulator.profile.target import COOKIE, Envelope


def read_data(envelope: Envelope, route: str, content: bytes | None) -> tuple[Any, str]:
    """The data of a successful answer to a route of the contract, and what is wrong with its form (nothing, mostly)."""
    if not content:
        return None, "" if envelope.success is None else "the answer is empty"
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError:
        return None, "the answer is not JSON"
    if route.startswith(envelope.bare):
        if not isinstance(body, dict):
            return None, "the answer is not a JSON object"
        return (None, "an error with a status of success") if "error" in body else (body, "")
    if envelope.success is not None and look_up(body, envelope.success) is not True:
        return None, f"the envelope has no {envelope.success}:true with {envelope.data}"
    data = look_up(body, envelope.data, _ABSENT)
    if data is _ABSENT:
        return None, f"the envelope has no {envelope.data}"
    return data, ""


def read_code(envelope: Envelope, content: bytes | None) -> str:
    """The code of an error, or nothing."""
    try:
        code = look_up(orjson.loads(content or b""), envelope.code)
    except orjson.JSONDecodeError:
        return ""
    return code if isinstance(code, str) else ""


def read_token(place: str, content: bytes | None, cookies: Mapping[str, str]) -> str:
    """The token at a place such as `data.tokens.accessToken` or `cookie:accessToken`; nothing where none is."""
    if place.startswith(COOKIE):
        return cookies.get(place.removeprefix(COOKIE), "")
    try:
        token = look_up(orjson.loads(content or b""), place)
    except orjson.JSONDecodeError:
        return ""
    return token if isinstance(token, str) else ""


_ABSENT = object()


def look_up(body: Any, place: str, default: Any = None) -> Any:
    """The value under keys that are written with dots."""
    for key in place.split("."):
        if not isinstance(body, dict) or key not in body:
            return default
        body = body[key]
    return body
