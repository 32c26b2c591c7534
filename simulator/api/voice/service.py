"""Joining and leaving, and what that counts: the part of voice that HTTP routes and Socket.IO events share.

A user is in one room at a time; joining another leaves the first, joining the same one again goes on with the call.
Media goes over the relay, which is another process: this one gives out seats there, and takes them back.
"""

from __future__ import annotations

import secrets
import sys
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

import numpy as np

from simulator.api.entities import VOICE_TYPES, Channel
from simulator.api.people import Person
from simulator.api.voice.livekit import Grant, LiveKit
from simulator.api.voice.metrics import VoiceMetrics
from simulator.api.voice.quality import CallQuality, Sample
from simulator.api.voice.rooms import CHANNEL_CAPACITY, Kind, Participant, Room, Rooms, room_name
from simulator.catalog.voice import PATHS
from simulator.catalog.voice_lines import Reason
from simulator.clock import Clock
from simulator.errors import SimulatorError
from simulator.media.impairments import taken_share
from simulator.units import SECOND

SWEEP_MS: Final = SECOND
RECENT_MS: Final = 300 * SECOND
_MOST_ATTEMPTS: Final = 10_000
CONNECTIONS: Final = frozenset(PATHS)
"""The `connection_type` label's values; what clients say beside them is `unknown`."""


class FullError(Exception):
    """There is no place left in the room, or on the SFU."""


class UnavailableError(Exception):
    """Nothing carries media, so nobody can join."""


class Media(Protocol):
    """Where media goes."""

    @property
    def alive(self) -> bool:
        """False: what carried media is gone, so nobody can join."""
        ...

    async def start(self) -> None:
        """Get ready for seats; nothing where it is already."""
        ...

    def seat(self, participant: Participant, host: str) -> dict[str, object] | None:
        """A place for somebody's media: what the client has to know to use it. None: media is not carried here."""
        ...

    def has(self, participant: Participant) -> bool:
        """Whether media of theirs is still counted with; if so, they are there, whatever else they do."""
        ...

    def release(self, participant: Participant) -> None:
        """Take the place back."""
        ...


class NoMedia:
    """Signalling alone, for an API that was started without a relay."""

    alive = True

    async def start(self) -> None:
        return None

    def seat(self, participant: Participant, host: str) -> dict[str, object] | None:
        return None

    def has(self, participant: Participant) -> bool:
        return False

    def release(self, participant: Participant) -> None:
        return None


@dataclass
class ScreenShare:
    """A second track of somebody: a call of its own kind."""

    participant: Participant
    identity: str
    began_ms: int


@dataclass
class Voice:
    """One process's voice. `media` may be replaced once the relay is up."""

    clock: Clock
    metrics: VoiceMetrics
    livekit: LiveKit
    random: np.random.Generator
    crowd: Callable[[], float] = lambda: 0.0  # the share of the SFU's free places that a fault takes
    media: Media = field(default_factory=NoMedia)

    def __post_init__(self) -> None:
        self.rooms = Rooms(self._evict)
        self.screens: dict[str, ScreenShare] = {}
        self.poor_reasons: dict[str, int] = dict.fromkeys(map(str, Reason), 0)
        self.calls_ended = self.total_errors = 0
        self._attempts: deque[tuple[int, bool]] = deque(maxlen=_MOST_ATTEMPTS)
        self._swept_ms = 0
        self._made = 0

    def now_ms(self) -> int:
        return self.clock.now_ms()

    def unique(self, prefix: str, tail: str) -> str:
        """`prefix_<ms>_tail`, as the platform names rooms and calls; no two of one process are alike."""
        self._made = max(self._made + 1, self.now_ms())
        return f"{prefix}_{self._made}_{tail}"

    def room_of(self, channel: Channel) -> Room:
        """A channel's room, made where nobody was in it. Raises ValueError for a channel without voice."""
        if channel.type not in VOICE_TYPES:
            raise ValueError("This channel is not for voice")
        found = self.rooms.find(room_name(Kind.CHANNEL, channel.id))
        capacity = channel.user_limit or CHANNEL_CAPACITY
        if found is None:
            room = Room(Kind.CHANNEL, channel.id, capacity, self.now_ms(), channel.name, server_id=channel.server_id)
            return self.rooms.open(room)
        found.capacity = capacity
        return found

    async def admit(self, person: Person, room: Room, *, video: bool = False) -> Participant:
        """Let somebody in, once media is ready. Raises FullError and UnavailableError."""
        try:
            await self.media.start()
        except SimulatorError as error:
            print(error, file=sys.stderr)
        if not self.media.alive:
            self.failed()
            raise UnavailableError("LiveKit is not available")
        return self.join(person, room, "video" if video else "voice")

    def join(self, person: Person, room: Room, call_kind: str = "voice") -> Participant:
        """Let somebody in. Raises FullError."""
        self.sweep()
        now = self.now_ms()
        here = self.rooms.of(person.id)
        if here is not None and here.room is room:
            here.seen_ms = now
            self._attempts.append((now, True))
            return here
        if room.full or self.random.random() < self._refused():
            self.failed()
            raise FullError("Voice channel is full")
        if here is not None:
            self.leave(here)
        joined = Participant(person, room, secrets.token_hex(12), now, now, call_kind, reported_ms=now)
        self.rooms.enter(joined)
        self.metrics.began(call_kind)
        self._attempts.append((now, True))
        return joined

    def _refused(self) -> float:
        """The share of joins that the SFU turns away: none up to 98 % of its places, all when it is full."""
        crowd = self.crowd()
        return (taken_share(self.rooms.participants, crowd) - 0.98) / 0.02 if crowd else 0.0

    def leave(self, participant: Participant, reason: Reason | None = None) -> None:
        """End somebody's call; `reason` where something other than the user ended it. A second time does nothing."""
        if self.rooms.of(participant.person.id) is not participant:
            return
        self.rooms.exit(participant, self.now_ms())
        self.media.release(participant)
        if reason is not None:
            participant.quality.note(reason)
        for identity in [name for name, one in self.screens.items() if one.participant is participant]:
            self.stop_screen(identity)
        self._ended(participant.call_kind, participant.joined_ms, participant.quality)

    def share_screen(self, participant: Participant) -> ScreenShare:
        """Begin to share a screen, or go on."""
        identity = f"{participant.identity}_screen"
        found = self.screens.get(identity)
        if found is None:
            found = self.screens[identity] = ScreenShare(participant, identity, self.now_ms())
            self.metrics.began("screen_share")
        participant.self_stream = True
        return found

    def stop_screen(self, identity: str) -> None:
        """End it. Raises KeyError."""
        share = self.screens.pop(identity)
        share.participant.self_stream = False
        self._ended("screen_share", share.began_ms, CallQuality())

    def report(self, participant: Participant, sample: Sample) -> None:
        """Somebody tells how their call is."""
        participant.seen_ms = participant.reported_ms = self.now_ms()
        participant.quality.add(sample)
        if sample.loss_percent is not None:
            kind = sample.connection_type if sample.connection_type in CONNECTIONS else "unknown"
            self.metrics.audio_loss(kind, sample.loss_percent)

    def media_left(self, participant: Participant, silent: bool) -> None:
        """Their media ended at the relay. Who fell silent without a goodbye is gone; who said it will say so here."""
        participant.seen_ms = self.now_ms()
        if silent:
            self.leave(participant, Reason.DISCONNECT)

    def token(self, participant: Participant) -> str:
        """What LiveKit would let this participant in with."""
        return self.livekit.token(participant.identity, participant.person.username, Grant(participant.room.name))

    def failed(self) -> None:
        """A join did not succeed."""
        self.total_errors += 1
        self._attempts.append((self.now_ms(), False))

    def recent_error_rate(self) -> float:
        """Share of the joins of the last five minutes that failed."""
        since = self.now_ms() - RECENT_MS
        recent = [good for at, good in self._attempts if at >= since]
        return recent.count(False) / len(recent) if recent else 0.0

    def sweep(self) -> None:
        """Let go of who is not there any more, and of rooms that nobody needs; at most once a second."""
        now = self.now_ms()
        if 0 <= now - self._swept_ms < SWEEP_MS:
            return
        self._swept_ms = now
        for participant in self.rooms.idle(now):
            if not self.media.has(participant):
                self.leave(participant, Reason.DISCONNECT)
        self.rooms.drop_empty(now)

    def _ended(self, kind: str, began_ms: int, quality: CallQuality) -> None:
        self.calls_ended += 1
        for reason in quality.reasons:
            self.poor_reasons[reason] += 1
        self.metrics.ended(kind, (self.now_ms() - began_ms) / 1000, poor=quality.poor, score=quality.score)

    def _evict(self, room: Room) -> None:
        for participant in list(room.participants.values()):
            self.leave(participant)
