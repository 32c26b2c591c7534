"""What a handler of an event works with: who is connected to one API process, how they are, how they are told."""

from __future__ import annotations

from typing import Final

from simulator.api.platform import Platform
from simulator.api.realtime.sessions import Session, Sessions
from simulator.api.realtime.statuses import Presences
from simulator.api.realtime.typists import Typing

APPLICATION: Final = {"id": "cryb", "name": "CRYB"}


class Realtime:
    """The parts of the real-time layer, beside those of the process."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.fanout = platform.fanout
        self.sessions = Sessions()
        self.presences = Presences(platform.clock)
        self.typing = Typing(platform.clock)

    async def welcome(self, session: Session) -> None:
        """Tell somebody who they are here."""
        ready = {
            "user": session.person.view(),
            "servers": [server.view() for server in self.platform.store.servers_of(session.person)],
            "session_id": session.claims.session_id,
            "application": APPLICATION,
        }
        await self.fanout.emit("ready", ready, session.id)
