"""The sessions of a generator: their arrays, and which of them send when."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.media.batches import address_word
from simulator.media.exchange import NAME_BYTES
from simulator.media.messages import Join, Talk
from simulator.media.pacing import LATENESS_BINS, no_lateness
from simulator.media.settling import settle_stream
from simulator.media.streams import HEARD, RING_WORDS, STREAM, Hearing, stream_key
from simulator.media.tables import empty_table, forget, put
from simulator.media.talking import ALWAYS, LISTENS, SPEAKER, SPURTS, begin
from simulator.wire.rtp import FRAME_MS

TICK_MS: Final = 10
PHASES: Final = FRAME_MS // TICK_MS
"""Sessions send in one of two ticks of a frame, and each tick has a socket of its own, so it is one system call."""
_MODES: Final = {Talk.SPURTS: SPURTS, Talk.ALWAYS: ALWAYS, Talk.LISTENS: LISTENS}
_ROOM: Final = 1024


@dataclass
class Totals:
    """Counters of a session at some instant, and those of the whole process that say how well it kept up."""

    at_ns: int
    heard: NDArray[np.float64]
    lateness: NDArray[np.int64]
    latest_ms: float = 0.0
    packets: int = 0
    octets: int = 0
    late: int = 0
    unsent: int = 0
    all_sent: int = 0
    all_late: int = 0
    overflow: int = 0


@dataclass
class Session:
    """One session. `relay`: where it sends; `name`: what it is called in RTCP."""

    join: Join
    relay: tuple[str, int]
    name: NDArray[np.uint8]
    place: int
    phase: int
    joined_ns: int
    began: Totals
    reported: Totals
    connected: bool = False
    left_ns: int | None = None
    most: NDArray[np.float64] = field(default_factory=lambda: np.zeros(3))  # jitter, round trip, lateness, in ms
    unsent: int = 0
    compounds: int = 0
    packets_told: tuple[int, int] = (0, 0)  # packets sent at our last report, and at the one before


class Streams:
    """What is heard: a row for each pair of a talker and a session that hears it. `hearing` has the arrays."""

    def __init__(self, room: int = 2 * _ROOM) -> None:
        self.hearing = Hearing(
            rows=np.zeros(0, STREAM),
            owners=np.zeros(0, np.int32),
            arrived=np.zeros((0, RING_WORDS), np.uint64),
            late=np.zeros((0, RING_WORDS), np.uint64),
            table=empty_table(1),
            free=np.zeros(1, np.int64),
        )
        self._grow(room)

    def make_room(self, more: int) -> None:
        """At least so many rows are free afterwards."""
        rows = len(self.hearing.rows)
        if self.hearing.free[0] < more:
            self._grow(rows + max(more, rows))

    def of(self, session: int) -> NDArray[np.int64]:
        """The streams that a session hears."""
        return np.flatnonzero(self.hearing.owners == session)

    def find(self, session: int, ssrc: int) -> int | None:
        """The stream of a talker that a session hears."""
        rows = self.hearing.rows
        return next((int(place) for place in self.of(session) if rows[place]["ssrc"] == ssrc), None)

    def end(self, place: int, heard: NDArray[np.float64]) -> None:
        """Decide on all of a stream's packets, and free its row."""
        rows, owners, _, _, table, free = self.hearing
        row = rows[place]
        if row["heard_ns"]:
            up_to = int(max(row["highest"] + 1, row["ended"]))
            settle_stream(self.hearing, heard, place, up_to, True)
        forget(table, stream_key(int(owners[place]), int(row["ssrc"])))
        rows[place] = np.zeros((), STREAM)
        owners[place] = -1
        free[0] += 1
        free[free[0]] = place

    def _grow(self, size: int) -> None:
        rows, owners, arrived, late, _, was_free = self.hearing
        old = len(rows)
        free = np.zeros(size + 1, np.int64)
        free[0] = was_free[0] + size - old
        free[1 : 1 + size - old] = np.arange(size - 1, old - 1, -1)
        free[1 + size - old : 1 + free[0]] = was_free[1 : 1 + was_free[0]]
        bits = np.zeros((size - old, RING_WORDS), np.uint64)
        self.hearing = Hearing(
            rows=np.concatenate((rows, np.zeros(size - old, STREAM))),
            owners=np.concatenate((owners, np.full(size - old, -1, np.int32))),
            arrived=np.concatenate((arrived, bits)),
            late=np.concatenate((late, bits)),
            table=empty_table(size),
            free=free,
        )
        for place in np.flatnonzero(owners >= 0).tolist():
            put(self.hearing.table, stream_key(int(owners[place]), int(rows[place]["ssrc"])), place)


class Sessions:
    """All sessions, by place: what they say, what they have heard, how late their packets left."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._free: list[int] = []
        self.speakers = np.zeros(0, SPEAKER)
        self.heard = np.zeros((0, HEARD))
        self.lateness = no_lateness(0)
        self.table = empty_table(1)
        self.members = np.zeros((PHASES, 0), np.int64)
        self.counts = np.zeros(PHASES, np.int64)
        self.by_name: dict[str, Session] = {}
        self.by_ssrc: dict[int, Session] = {}
        self._grow(_ROOM)

    def join(self, command: Join, relay: tuple[str, int], now_ns: int) -> Session:
        """A new session, in the phase that has the fewest. Raises OSError or OverflowError where its relay is none."""
        address = address_word(*relay)
        if not self._free:
            self._grow(2 * len(self.speakers))
        place = self._free.pop()
        phase = int(np.argmin(self.counts))
        self.speakers[place] = np.zeros((), SPEAKER)
        speaker = self.speakers[place]
        speaker["ssrc"] = command.ssrc
        speaker["address"] = address
        speaker["mode"] = _MODES[command.talk]
        speaker["muted"] = command.muted
        speaker["away"] = 1  # until the relay has answered: it may have heard of the session later than we have
        begin(self.speakers, place, (self._seed * 0x1_0000_0001 + command.ssrc) & 0x7FFF_FFFF_FFFF_FFFF)
        self.heard[place] = 0
        self.lateness.bins[place] = 0
        self.lateness.latest[place] = 0
        self.lateness.late[place] = 0
        self.members[phase, self.counts[phase]] = place
        self.counts[phase] += 1
        put(self.table, command.ssrc, place)
        nothing = Totals(now_ns, np.zeros(HEARD), np.zeros(LATENESS_BINS, np.int64))
        name = np.frombuffer(command.session.encode()[:NAME_BYTES], np.uint8)
        session = Session(command, relay, name, place, phase, now_ns, nothing, nothing)
        self.by_name[command.session] = session
        self.by_ssrc[command.ssrc] = session
        return session

    def fall_silent(self, session: Session) -> None:
        """It sends nothing any more; it still hears."""
        members = self.members[session.phase]
        count = int(self.counts[session.phase])
        at = int(np.flatnonzero(members[:count] == session.place)[0])
        members[at] = members[count - 1]
        self.counts[session.phase] -= 1
        self.speakers[session.place]["away"] = 1

    def forget(self, session: Session) -> None:
        """It is gone."""
        forget(self.table, session.join.ssrc)
        del self.by_name[session.join.session], self.by_ssrc[session.join.ssrc]
        self._free.append(session.place)

    def _grow(self, size: int) -> None:
        more = size - len(self.speakers)
        self._free[:0] = range(size - 1, len(self.speakers) - 1, -1)
        self.speakers = np.concatenate((self.speakers, np.zeros(more, SPEAKER)))
        self.heard = np.concatenate((self.heard, np.zeros((more, HEARD))))
        bins, latest, late = (
            np.concatenate(pair) for pair in zip(self.lateness[:3], no_lateness(more)[:3], strict=True)
        )
        self.lateness = self.lateness._replace(bins=bins, latest=latest, late=late)
        self.members = np.concatenate((self.members, np.zeros((PHASES, more), np.int64)), axis=1)
        self.table = empty_table(size)
        for session in self.by_name.values():
            put(self.table, session.join.ssrc, session.place)
