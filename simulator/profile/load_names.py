"""Names under which load is counted: whose they are, what their values mean. Pure.

HTTP requests go by method and route (`GET /api/v1/posts`), the other scenarios by what Locust calls the request's type:
`SIO emit message`, `VOICE mos`. What Locust takes for a response time in milliseconds is a thousand times the value
where it is none: a mean opinion of 3.9 is 3900, a loss of 2 % is 20.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, TypeVar

_T = TypeVar("_T")


class Kind(StrEnum):
    """What is counted by a name."""

    LATENCY = "latency"  # seconds
    SCORE = "score"  # 1 to 5, more is better
    SHARE = "share"  # 0 to 1


SCENARIOS: Final = ("http", "socketio", "voice")
"""As `schema.Scenario` has them; the schema reads thresholds, so it cannot be asked here."""

SHORT: Final[Mapping[str, str]] = {
    "connect": "SIO connect",
    "deliver": "SIO deliver",
    "echo": "SIO echo",
    "join": "VOICE join",
    "mos": "VOICE mos",
    "loss": "VOICE loss",
    "jitter": "VOICE jitter",
    "rtt": "VOICE rtt",
}
"""What thresholds may write for a name."""

_SCENARIOS: Final = {"SIO": "socketio", "VOICE": "voice"}
_KINDS: Final = {"VOICE mos": Kind.SCORE, "VOICE loss": Kind.SHARE}
_ASKED: Final = ("SIO connect", "SIO emit", "VOICE join")


def scenario_of(name: str) -> str:
    """The scenario that counts by this name, as profiles call it."""
    return _SCENARIOS.get(name.partition(" ")[0], "http")


def kind_of(name: str) -> Kind:
    """What is counted by this name."""
    return _KINDS.get(name, Kind.LATENCY)


def is_request(name: str) -> bool:
    """Whether a user asked for something and was answered, rather than that something was seen: a delivery, a MOS."""
    return scenario_of(name) == "http" or name.startswith(_ASKED)


def requests_of(counted: Mapping[str, _T]) -> dict[str, _T]:
    """What was counted of requests."""
    return {name: value for name, value in counted.items() if is_request(name)}
