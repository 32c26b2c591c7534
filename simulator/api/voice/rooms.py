"""Voice rooms and who is in them: one process's own, in memory, bounded. What a call means is `voice.service`'s."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from simulator.api.bounded import Bounded
from simulator.api.people import Person
from simulator.api.voice.quality import CallQuality
from simulator.clock import rfc3339
from simulator.units import MINUTE, SECOND

CHANNEL_CAPACITY: Final = 100
"""Of a room whose channel has no `userLimit`."""
CUSTOM_CAPACITY: Final = 10
CALL_CAPACITY: Final = {"direct": 2, "group": 10, "channel": 50}
IDLE_MS: Final = 5 * MINUTE
"""Who was not heard of for so long is not in the room any more."""
MOST_ROOMS: Final = 5_000


class Kind(StrEnum):
    """What a room belongs to."""

    CHANNEL = "channel"
    CUSTOM = "custom"
    CALL = "call"


EMPTY_MS: Final = {Kind.CHANNEL: 300 * SECOND, Kind.CUSTOM: 600 * SECOND, Kind.CALL: 1800 * SECOND}
"""How long an empty room stays."""
_PREFIX: Final = {Kind.CHANNEL: "channel_", Kind.CUSTOM: "custom_room_", Kind.CALL: "video_call_"}


def room_name(kind: Kind, its_id: str) -> str:
    """LiveKit's name of a room."""
    return _PREFIX[kind] + its_id


@dataclass(slots=True, eq=False)
class Room:
    """One room of the SFU. `id` is the channel's, the custom room's or the call's."""

    kind: Kind
    id: str
    capacity: int
    created_ms: int
    title: str = ""
    description: str | None = None
    private: bool = False
    owner_id: str = ""
    server_id: str | None = None
    call_type: str = ""
    invited: frozenset[str] | None = None  # who may come beside those in it; None: anybody
    settings: dict[str, object] = field(default_factory=dict)
    participants: dict[str, Participant] = field(default_factory=dict)  # by user id
    empty_since_ms: int = 0

    @property
    def name(self) -> str:
        return room_name(self.kind, self.id)

    @property
    def full(self) -> bool:
        return len(self.participants) >= self.capacity

    def view(self) -> dict[str, object]:
        return {
            "id": self.id,
            "name": self.title or self.name,
            "description": self.description,
            "roomName": self.name,
            "type": self.kind.value,
            "isPrivate": self.private,
            "ownerId": self.owner_id or None,
            "maxParticipants": self.capacity,
            "currentParticipants": len(self.participants),
            "createdAt": rfc3339(self.created_ms),
        }


@dataclass(slots=True, eq=False)
class Participant:
    """One user in a room: the voice state, and the call that it is."""

    person: Person
    room: Room
    session_id: str
    joined_ms: int
    seen_ms: int
    call_kind: str = "voice"  # the `type` label
    muted: bool = False
    deafened: bool = False
    self_mute: bool = False
    self_deaf: bool = False
    self_video: bool = False
    self_stream: bool = False
    speaking: bool = False
    quality: CallQuality = field(default_factory=CallQuality)
    socket_id: str = ""  # of the socket over which they joined: with it, the call ends
    reported_ms: int = 0  # when the last quality report came; the join's instant before

    @property
    def identity(self) -> str:
        return f"user_{self.person.id}"

    @property
    def channel_id(self) -> str | None:
        return self.room.id if self.room.kind is Kind.CHANNEL else None

    def view(self) -> dict[str, object]:
        """The voice state as HTTP and events carry it."""
        return {
            "userId": self.person.id,
            "channelId": self.channel_id,
            "serverId": self.room.server_id,
            "roomName": self.room.name,
            "sessionId": self.session_id,
            "muted": self.muted,
            "deafened": self.deafened,
            "selfMute": self.self_mute,
            "selfDeaf": self.self_deaf,
            "selfVideo": self.self_video,
            "selfStream": self.self_stream,
            "suppress": False,
            "speaking": self.speaking,
            "joinedAt": rfc3339(self.joined_ms),
        }


class Rooms:
    """Every room that is or was just used. `on_evict` hears of one that made room for a newer one."""

    def __init__(self, on_evict: Callable[[Room], None]) -> None:
        self._rooms: Bounded[str, Room] = Bounded(MOST_ROOMS, on_evict)
        self._by_user: dict[str, Participant] = {}

    def __len__(self) -> int:
        return len(self._rooms)

    def __iter__(self) -> Iterator[Room]:
        return iter(self._rooms)

    @property
    def participants(self) -> int:
        """How many users are in rooms."""
        return len(self._by_user)

    @property
    def used(self) -> int:
        """How many rooms have somebody in them."""
        return sum(1 for room in self._rooms if room.participants)

    def find(self, name: str) -> Room | None:
        """By LiveKit's name."""
        return self._rooms.get(name)

    def of(self, user_id: str) -> Participant | None:
        """Where a user is: in one room at most."""
        return self._by_user.get(user_id)

    def open(self, room: Room) -> Room:
        """Add a room."""
        room.empty_since_ms = room.created_ms
        self._rooms.put(room.name, room)
        return room

    def enter(self, participant: Participant) -> None:
        """Put somebody in. The caller has looked whether there is a place, and taken them out of where they were."""
        participant.room.participants[participant.person.id] = participant
        self._by_user[participant.person.id] = participant

    def exit(self, participant: Participant, now_ms: int) -> None:
        """Take somebody out."""
        room = participant.room
        if room.participants.get(participant.person.id) is participant:
            del room.participants[participant.person.id]
            room.empty_since_ms = now_ms
        if self._by_user.get(participant.person.id) is participant:
            del self._by_user[participant.person.id]

    def idle(self, now_ms: int) -> list[Participant]:
        """Who has not been heard of for five minutes."""
        return [one for one in self._by_user.values() if now_ms - one.seen_ms > IDLE_MS]

    def drop_empty(self, now_ms: int) -> None:
        """Forget the rooms that have been empty for long enough."""
        gone = [
            room.name
            for room in self._rooms
            if not room.participants and now_ms - room.empty_since_ms > EMPTY_MS[room.kind]
        ]
        for name in gone:
            self._rooms.pop(name)
