"""The packets of a generator's sessions: what leaves in a tick, what has arrived at a socket.

Each phase of a frame has a socket, from which its sessions send. No Python object exists for a packet of voice.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from typing import Final

import numpy as np

from simulator.media.arriving import Arrivals
from simulator.media.batches import AT_ONCE, Batch, open_socket
from simulator.media.pacing import note_lateness
from simulator.media.sessions import PHASES, TICK_MS, Session, Sessions, Streams
from simulator.media.taking import take
from simulator.media.talking import fill
from simulator.wire.rtp import CLOCK_HZ

TICK_NS: Final = TICK_MS * 1_000_000


class Traffic:
    """Sends and hears for all sessions. A tick's instant is `epoch_ns` and so many ticks, by the monotonic clock."""

    def __init__(self, sessions: Sessions, streams: Streams, seed: int) -> None:
        self.epoch_ns = time.monotonic_ns()
        self._sessions = sessions
        self._streams = streams
        self._sockets = [open_socket() for _ in range(PHASES)]
        self._batch = Batch(AT_ONCE)
        out = self._batch.out.data
        out[:, 12:] = np.frombuffer(random.Random(seed).randbytes(out.shape[1] - 12), np.uint8)  # noqa: S311 - payload
        self._senders = np.zeros(AT_ONCE, np.int64)
        self._arrivals = Arrivals()
        self._others = np.zeros(AT_ONCE, np.int64)
        self._strangers = np.zeros(1, np.int64)
        self._overflow = [0] * PHASES

    def close(self) -> None:
        """Give the sockets back."""
        for opened in self._sockets:
            opened.close()

    def due_ns(self, tick: int) -> int:
        """When a tick's packets are to leave."""
        return self.epoch_ns + tick * TICK_NS

    def send(self, tick: int) -> None:
        """The voice of the sessions whose phase this is."""
        phase, frame = tick % PHASES, tick // PHASES
        sessions, due = self._sessions, self.due_ns(tick)
        members = sessions.members[phase]
        for first in range(0, int(sessions.counts[phase]), AT_ONCE):
            count = min(int(sessions.counts[phase]) - first, AT_ONCE)
            packets = fill(members[first:], count, frame, sessions.speakers, self._batch.out, self._senders)
            if not packets:
                continue
            before = time.monotonic_ns()
            refused = self._batch.send(self._sockets[phase].fileno(), packets)
            note_lateness(self._senders, packets, due, before, time.monotonic_ns(), sessions.lateness)
            if refused:
                places = {int(self._senders[at]) for at in refused}
                for session in sessions.by_name.values():
                    session.unsent += session.place in places

    def send_report(self, session: Session, data: bytes) -> None:
        """One compound packet of RTCP."""
        try:
            self._sockets[session.phase].sendto(data, session.relay)
        except OSError:
            pass  # as if it had been lost on the way

    def receive(self) -> Iterator[tuple[bytes, int]]:
        """Hear what has arrived; what is neither voice nor a plain report comes back, with its instant."""
        arrivals = self._arrivals
        for phase, opened in enumerate(self._sockets):
            arrivals.more = True
            while arrivals.more:
                got = arrivals.receive(opened.fileno())
                self._overflow[phase] = max(self._overflow[phase], arrivals.overflow)
                for first in range(0, got, AT_ONCE):
                    self._streams.make_room(AT_ONCE)
                    told = self._take(first, min(first + AT_ONCE, got))
                    for at in self._others[:told].tolist():
                        yield arrivals.bytes_of(at), int(arrivals.datagrams["at_ns"][at])

    def overflow(self, session: Session) -> int:
        """How many times the session's socket had no room for what arrived."""
        return self._overflow[session.phase]

    def stamp(self, session: Session) -> int:
        """The RTP time stamp of this instant."""
        since = time.monotonic_ns() - self.due_ns(session.phase)
        start = int(self._sessions.speakers[session.place]["stamp"])
        return (start + since * CLOCK_HZ // 1_000_000_000) & 0xFFFFFFFF

    def warm_up(self) -> None:
        """Have everything compiled (or loaded) that packets pass."""
        nobody = np.zeros(1, np.int64)
        fill(nobody, 0, 0, self._sessions.speakers, self._batch.out, self._senders)
        note_lateness(self._senders, 0, 0, 0, 0, self._sessions.lateness)
        self._batch.send(self._sockets[0].fileno(), 0)
        self._arrivals.receive(self._sockets[0].fileno())
        self._take(0, 0)

    def _take(self, first: int, end: int) -> int:
        told = take(
            self._arrivals.datagrams,
            self._arrivals.data,
            first,
            end,
            self._sessions.table,
            self._streams.hearing,
            self._sessions.heard,
            self._others,
            self._strangers,
        )
        return int(told)
