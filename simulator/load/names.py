"""Names under which load is counted: whose they are, what their values mean. Pure.

HTTP requests go by method and route (`GET /api/v1/posts`), the other scenarios by what Locust calls the request's type:
`SIO emit message`, `VOICE mos`. What Locust takes for a response time in milliseconds is a thousand times the value
where it is none: a mean opinion of 3.9 is 3900, a loss of 2 % is 20.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from simulator.profile.schema import Scenario
from simulator.wire.load_report import Tally

_SCENARIOS: Final = {"SIO": Scenario.SOCKETIO, "VOICE": Scenario.VOICE}
_KINDS: Final = {"VOICE mos": "score", "VOICE loss": "share"}
_ASKED: Final = ("SIO connect", "SIO emit", "VOICE join")


def scenario_of(name: str) -> Scenario:
    """The scenario that counts by this name."""
    return _SCENARIOS.get(name.partition(" ")[0], Scenario.HTTP)


def kind_of(name: str) -> str:
    """What is counted by this name: `latency` (seconds), `score` (1 to 5) or `share` (0 to 1)."""
    return _KINDS.get(name, "latency")


def is_request(name: str) -> bool:
    """Whether a user asked for something and was answered, rather than that something was seen: a delivery, a MOS."""
    return scenario_of(name) is Scenario.HTTP or name.startswith(_ASKED)


def requests_of(tallies: Mapping[str, Tally]) -> dict[str, Tally]:
    """The tallies of requests."""
    return {name: tally for name, tally in tallies.items() if is_request(name)}
