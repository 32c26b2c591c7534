"""Asks the reference API, once the load has been drained, what it counted: its `/metrics`, and its log by ids."""

from __future__ import annotations

import secrets
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import orjson

from simulator.load.accounts import Counted
from simulator.transport import http_client
from simulator.wire.exposition_text import parse_sample

UNWATCHED: Final = ("/metrics", "/health")
"""Routes that others than the load's users ask for, with what lies below them."""
_REQUESTS, _IN_FLIGHT = "http_requests_total", "http_requests_in_flight"
_MESSAGES, _CALLS, _ON = "cryb_messages_total", "cryb_voice_calls_total", "cryb_voice_calls_active"
_FAMILIES: Final = (_REQUESTS, _IN_FLIGHT, _MESSAGES, _CALLS, _ON)
_SETTLED_WITHIN_SECONDS: Final = 60.0  # a fault of latency holds some up for long
_LOGGED_WITHIN_SECONDS: Final = 20.0
_POLL_SECONDS: Final = 0.2
_READ_BYTES: Final = 1 << 20
_SCREEN: Final = "screen_share"  # no call of its own


@dataclass(frozen=True)
class Instance:
    """One process of the API: where it answers, and its log."""

    name: str
    url: str
    log: Path


class UnaccountedError(Exception):
    """The API's own figures are not to be had; the text says why."""


def count(instances: Sequence[Instance], given_up: Mapping[str, str], *, calls: bool) -> Counted:
    """What all instances counted. `given_up` has the names of requests without an answer by their ids; `calls` says
    whether the API counts calls. Takes some 80 s an instance at most. Raises UnaccountedError."""
    counted = Counted(calls=0 if calls else None)
    for instance in instances:
        try:
            with http_client(instance.url) as client:
                _add(counted, _settled(client, instance.name))
                if given_up:
                    counted.unheard += _unheard(client, instance, given_up)
        except (httpx.HTTPError, OSError, ValueError) as error:
            raise UnaccountedError(f"{instance.name} cannot be asked: {error or type(error).__name__}") from error
    return counted


def _settled(client: httpx.Client, name: str) -> list[tuple[str, dict[str, str], int]]:
    """An instance's counters, once nothing is being handled any more: somebody may have stopped to wait for that."""
    deadline = time.monotonic() + _SETTLED_WITHIN_SECONDS
    while True:
        answer = client.get("/metrics").raise_for_status()
        samples = [parse_sample(line) for line in answer.text.splitlines() if line.startswith(_FAMILIES)]
        found = [(family, labels, int(value)) for family, labels, value in samples if family in _FAMILIES]
        under_way = [value for family, _, value in found if family == _IN_FLIGHT]
        if not under_way:
            raise UnaccountedError(f"{name} does not say what it counts by the catalogue's names")
        if not any(under_way):
            return found
        if time.monotonic() > deadline:
            raise UnaccountedError(f"{name} still had requests under way {_SETTLED_WITHIN_SECONDS:g} s after the load")
        time.sleep(_POLL_SECONDS)


def _add(counted: Counted, samples: Sequence[tuple[str, dict[str, str], int]]) -> None:
    for family, labels, value in samples:
        if family == _REQUESTS and not labels["route"].startswith(UNWATCHED):
            counted.requests[f"{labels['method']} {labels['route']}", labels["code"]] += value
        elif family == _MESSAGES:
            counted.messages += value
        elif family in (_CALLS, _ON) and counted.calls is not None and labels["type"] != _SCREEN:
            counted.calls += value


def _unheard(client: httpx.Client, instance: Instance, given_up: Mapping[str, str]) -> Counter[tuple[str, str]]:
    """Requests that were given up and answered all the same, by name and status. The log is written with a delay, so a
    request of our own marks the place up to which it has to be read."""
    own_id = secrets.token_hex(16)
    client.get("/health", headers={"X-Request-Id": own_id})
    deadline = time.monotonic() + _LOGGED_WITHIN_SECONDS
    found: Counter[tuple[str, str]] = Counter()
    begun = b""
    with instance.log.open("rb") as log:
        while time.monotonic() < deadline:
            part = log.read(_READ_BYTES)
            if part:
                deadline = time.monotonic() + _LOGGED_WITHIN_SECONDS
            else:
                time.sleep(_POLL_SECONDS)
            *lines, begun = (begun + part).split(b"\n")
            for line in lines:
                if b'"msg":"request completed"' not in line:
                    continue
                told = orjson.loads(line)
                if told["reqId"] == own_id:
                    return found
                if told["reqId"] in given_up:
                    found[given_up[told["reqId"]], str(told["status"])] += 1
    raise UnaccountedError(f"{instance.name} did not write its log to the end")
