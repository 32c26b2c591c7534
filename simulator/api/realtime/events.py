"""What an event is: its name, its payload, who handles it. Each area has a table of them, as those of HTTP do.

A new area is a module with handlers and a table `EVENTS`, named in `tables.py`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from simulator.api.metrics import ApiMetrics
from simulator.api.realtime.payloads import Payload
from simulator.api.realtime.sessions import Session
from simulator.api.realtime.state import Realtime
from simulator.api.sockets.rooms import DEFAULT

FORBIDDEN: Final = "FORBIDDEN"
RATE_LIMITED: Final = "RATE_LIMITED"
NOT_FOUND: Final = "NOT_FOUND"
SERVER_ERROR: Final = "SERVER_ERROR"
INVALID_DATA: Final = "INVALID_DATA"
"""Codes of the event `error`; the last is a variant, and the only one that says so."""

Handle = Callable[[Realtime, Session, Any], Awaitable[Mapping[str, object] | None]]
"""Handles a payload of the event's type. What it returns goes into the acknowledgement, where the client wants one."""
Refused = Callable[[ApiMetrics, str], None]
"""Counts what a refusal (by its code) means beyond the event itself."""
Leaving = Callable[[Realtime, Session], Awaitable[None]]
"""Hears of a socket that is gone; it is still in its rooms."""


class Denied(Exception):  # noqa: N818 - what the client is told, not an error of this program
    """An event that cannot be done: one of the codes above (or the area's own), and a text for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True)
class Event:
    """An event that clients send. `kind` is the `room` label; `error` is what the client hears when it is refused."""

    name: str
    payload: type[Payload]
    handle: Handle
    kind: str = DEFAULT
    variants: tuple[str, ...] = ()
    refused: Refused | None = None
    error: str = "error"
