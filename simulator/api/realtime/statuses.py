"""How everybody is, as the platform keeps it in Redis for five minutes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from simulator.api.bounded import Bounded
from simulator.clock import Clock, rfc3339
from simulator.units import MINUTE

KEPT_MS: Final = 5 * MINUTE
SWEEP_MS: Final = 5 * MINUTE
MOST: Final = 100_000
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
