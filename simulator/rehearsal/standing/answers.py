"""Asking a component over HTTP, and saying in a line why it does not answer."""

from __future__ import annotations

from typing import Any, Final

import httpx

from simulator.telemetry.checks import Check, State

MOST_WORDS: Final = 160


def refusal(error: Exception) -> str:
    """An error of a connection, short enough for a line."""
    words = " ".join(str(error).split()) or type(error).__name__
    return words if len(words) <= MOST_WORDS else words[: MOST_WORDS - 1] + "…"


def is_healthy(client: httpx.Client, name: str, path: str, then: str) -> Check:
    """Whether a component says that it is well at a path; `then` is what to do where it does not."""
    try:
        response = client.get(path)
    except httpx.HTTPError as error:
        return Check(name, State.BROKEN, f"{client.base_url} does not answer: {refusal(error)}", then)
    if response.is_success:
        return Check(name, State.OK, f"healthy at {client.base_url}")
    words = refusal(ValueError(response.text or response.reason_phrase))
    return Check(name, State.BROKEN, f"{path} says {response.status_code}: {words}", then)


def json_of(client: httpx.Client, path: str, **parameters: str) -> Any:
    """The JSON of an answer. Raises httpx.HTTPError where there is none, ValueError where it is none."""
    return client.get(path, params=parameters).raise_for_status().json()
