"""Who types where; whoever says no more of it for ten seconds has stopped."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile
from typing import Final

from simulator.api.realtime.sessions import Session
from simulator.clock import Clock

TYPING_MS: Final = 10_000
"""How long typing lasts when nothing more is heard of it."""


@dataclass(frozen=True, slots=True)
class Typist:
    """One user who types in a channel; `socket_id` need not hear of it."""

    channel_id: str
    user_id: str
    room: str
    socket_id: str
    until_ms: int


class Typing:
    """Who types where."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._now: dict[tuple[str, str], Typist] = {}  # by channel and user; who began last is the last

    def __len__(self) -> int:
        return len(self._now)

    def start(self, channel_id: str, session: Session, room: str) -> None:
        """Somebody types, or still does."""
        key = (channel_id, session.person.id)
        self._now.pop(key, None)
        self._now[key] = Typist(*key, room, session.id, self._clock.now_ms() + TYPING_MS)

    def stop(self, channel_id: str, user_id: str) -> None:
        """Somebody has stopped."""
        self._now.pop((channel_id, user_id), None)

    def expired(self) -> list[Typist]:
        """Those who have stopped without a word; they are forgotten."""
        now = self._clock.now_ms()
        found = list(takewhile(lambda one: one.until_ms <= now, self._now.values()))
        for one in found:
            self.stop(one.channel_id, one.user_id)
        return found

    def of(self, socket_id: str) -> list[Typist]:
        """What is typed on one socket."""
        return [one for one in self._now.values() if one.socket_id == socket_id]
