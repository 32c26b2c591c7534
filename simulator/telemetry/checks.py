"""One look at something that has to be there or to work, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How a check ended. A `note` is worth knowing, and nothing fails for it."""

    OK = "ok"
    NOTE = "note"
    MISSING = "missing"
    BROKEN = "broken"


@dataclass(frozen=True)
class Check:
    """What was looked at, what was found, and what to do next (empty where nothing is to do)."""

    name: str
    state: State
    found: str
    next: str = ""

    @property
    def ready(self) -> bool:
        """Whether one can go on."""
        return self.state in (State.OK, State.NOTE)
