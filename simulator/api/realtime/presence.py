"""Who is there: presence as the platform keeps it in Redis for five minutes, and its events.

Everybody hears of every change (contract, section 3). When many go at once, as in a storm of disconnects, everybody
hearing of each would be work by the square of the users: beyond `EACH` in one tick, the rest goes out as one list.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from simulator.api.bounded import Bounded
from simulator.api.realtime.events import Event
from simulator.api.realtime.payloads import Identify, Nothing, RequestPresence, UpdatePresence
from simulator.api.realtime.rooms import SERVER
from simulator.api.realtime.sessions import Session
from simulator.clock import Clock, rfc3339
from simulator.units import MINUTE

if TYPE_CHECKING:
    from simulator.api.realtime.service import Realtime

KEPT_MS: Final = 5 * MINUTE
SWEEP_MS: Final = 5 * MINUTE
MOST: Final = 100_000
EACH: Final = 10
"""Users whose going is told one by one within a tick of the server."""
OFFLINE: Final = "offline"
STATUSES: Final = ("online", "idle", "dnd", OFFLINE)


@dataclass(slots=True)
class Presence:
    """Of one user, with when it was last heard of."""

    user_id: str
    status: str
    activity: dict[str, object] | None
    device: str
    seen_ms: int


class Presences:
    """All that are known. What was not refreshed for five minutes is as if it had never been."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: Bounded[str, Presence] = Bounded(MOST)
        self._swept_ms = clock.now_ms()
        self._going: dict[str, None] = {}

    def __len__(self) -> int:
        return len(self._known)

    def put(self, user_id: str, status: str, device: str, activity: dict[str, object] | None = None) -> None:
        """Somebody says how they are."""
        self._known.put(user_id, Presence(user_id, status, activity, device, self._clock.now_ms()))

    def seen(self, user_id: str) -> None:
        """Somebody was heard of."""
        found = self._known.get(user_id)
        if found is not None:
            found.seen_ms = self._clock.now_ms()

    def went(self, user_id: str) -> None:
        """Somebody's last socket is gone; it is told with the next tick."""
        found = self._known.get(user_id)
        if found is not None:
            found.status, found.activity, found.seen_ms = OFFLINE, None, self._clock.now_ms()
        self._going[user_id] = None

    def status(self, user_id: str) -> str:
        """One of `STATUSES`."""
        found = self._fresh(user_id)
        return found.status if found is not None else OFFLINE

    def view(self, user_id: str) -> dict[str, object]:
        """Presence as events carry it."""
        found = self._fresh(user_id)
        return {
            "user_id": user_id,
            "userId": user_id,
            "status": found.status if found else OFFLINE,
            "activity": found.activity if found else None,
            "lastSeen": rfc3339(found.seen_ms) if found else None,
            "deviceType": found.device if found else "web",
        }

    def gone(self) -> list[str]:
        """Those whose going was not told yet and who are not back; they count as told from now on."""
        going = [user_id for user_id in self._going if self.status(user_id) == OFFLINE]
        self._going.clear()
        return going

    def sweep(self, connected: Iterable[str]) -> None:
        """Every five minutes: who is connected is there, and what is too old is forgotten."""
        now = self._clock.now_ms()
        if now - self._swept_ms < SWEEP_MS:
            return
        self._swept_ms = now
        for user_id in connected:
            self.seen(user_id)
        for presence in [one for one in self._known if now - one.seen_ms >= KEPT_MS]:
            self._known.pop(presence.user_id)

    def _fresh(self, user_id: str) -> Presence | None:
        found = self._known.get(user_id)
        # up to a sweep more: who is connected and silent is refreshed by it
        return found if found is not None and self._clock.now_ms() - found.seen_ms < KEPT_MS + SWEEP_MS else None


async def identify(realtime: Realtime, session: Session, payload: Identify) -> None:
    """Say again who one is, and hear it."""
    status = payload.presence.get("status") if isinstance(payload.presence, dict) else None
    if status in STATUSES:
        await _changed(realtime, session, status, None)
    await realtime.welcome(session)


async def heartbeat(realtime: Realtime, session: Session, _: Nothing) -> None:
    """Be there."""
    realtime.presences.seen(session.person.id)
    await realtime.fanout.emit("heartbeat_ack", None, session.id)


async def ping(realtime: Realtime, session: Session, _: Nothing) -> None:
    """The platform's own ping, beside Engine.IO's."""
    now = realtime.platform.clock.now_ms()
    await realtime.fanout.emit("pong", {"timestamp": now}, session.id)


async def update(realtime: Realtime, session: Session, payload: UpdatePresence) -> None:
    """Be there in another way; everybody hears it."""
    activity = payload.activity.model_dump() if payload.activity else None
    await _changed(realtime, session, payload.status, activity)


async def request(realtime: Realtime, session: Session, payload: RequestPresence) -> None:
    """How others are."""
    found = [realtime.presences.view(user_id) for user_id in payload.user_ids]
    await realtime.fanout.emit("presence:update_bulk", found, session.id)


async def tell_gone(realtime: Realtime) -> None:
    """Tell everybody who has gone since the last tick."""
    going = realtime.presences.gone()
    for user_id in going[:EACH]:
        await realtime.fanout.emit("presence:update", realtime.presences.view(user_id), None, kind=SERVER)
    if len(going) > EACH:
        rest = [realtime.presences.view(user_id) for user_id in going[EACH:]]
        await realtime.fanout.emit("presence:update_bulk", rest, None, kind=SERVER)


async def _changed(realtime: Realtime, session: Session, status: str, activity: dict[str, object] | None) -> None:
    realtime.presences.put(session.person.id, status, session.device, activity)
    await realtime.fanout.emit("presence:update", realtime.presences.view(session.person.id), None, kind=SERVER)


EVENTS = (
    Event("identify", Identify, identify),
    Event("heartbeat", Nothing, heartbeat),
    Event("ping", Nothing, ping),
    Event("presence:update", UpdatePresence, update, kind=SERVER, variants=("update_presence",)),
    Event("presence:request", RequestPresence, request, kind=SERVER),
)
