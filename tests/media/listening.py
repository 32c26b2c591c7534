"""A listener without sockets: packets and their arrivals go through the generator's kernel, as a batch would."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from simulator.media.arriving import Arrivals
from simulator.media.messages import Join
from simulator.media.packets import EXTENSION_PROFILE
from simulator.media.sessions import Session, Sessions, Streams
from simulator.media.streams import Heard
from simulator.media.taking import take
from simulator.wire.rtp import Extension, RtpPacket, encode_rtp

TALKER, LISTENER = 7, 8
STARTED_NS = 1_767_643_200_000_000_000
_AT_ONCE, _ROOM = 64, 512


@dataclass(frozen=True)
class Arrival:
    """A packet, by its place in what the talker sent, and how long it was under way."""

    number: int
    delay_ms: float


class Listener:
    """One session that hears one talker, whose first packet has `first` and `stamp` as its number and time stamp."""

    def __init__(self, first: int = 100, stamp: int = 5_000) -> None:
        self.first = first
        self.stamp = stamp
        self.sessions = Sessions(seed=1)
        self.streams = Streams(8)
        join = Join(session="listener", relay="127.0.0.1:9", room="room", ssrc=LISTENER)
        self.session: Session = self.sessions.join(join, ("127.0.0.1", 9), 0)
        self.strangers = np.zeros(1, np.int64)
        self._arrivals = Arrivals()
        self._arrivals.datagrams["begin"] = np.arange(len(self._arrivals.datagrams)) * _ROOM
        self._others = np.zeros(_AT_ONCE, np.int64)

    def hear(self, arrivals: Iterable[Arrival], *, packet_ms: float = 20.0) -> None:
        """Take these in, in this order."""
        waiting = list(arrivals)
        for at in range(0, len(waiting), _AT_ONCE):
            part = waiting[at : at + _AT_ONCE]
            for place, arrival in enumerate(part):
                at_ns = STARTED_NS + round((arrival.number * packet_ms + arrival.delay_ms) * 1e6)
                self.put(place, self.packet(arrival.number), at_ns)
            self.take(len(part))

    def packet(self, number: int) -> bytes:
        """As the relay sends it to us."""
        return encode_rtp(
            RtpPacket(
                payload_type=111,
                sequence=(self.first + number) & 0xFFFF,
                timestamp=(self.stamp + number * 960) & 0xFFFF_FFFF,
                ssrc=TALKER,
                payload=b"\x78" + bytes(9),
                extension=Extension(EXTENSION_PROFILE, LISTENER.to_bytes(4, "big")),
            )
        )

    def put(self, place: int, data: bytes, at_ns: int) -> None:
        """As what has arrived is left."""
        arrivals = self._arrivals
        arrivals.data[_ROOM * place : _ROOM * place + len(data)] = np.frombuffer(data, np.uint8)
        arrivals.datagrams["length"][place], arrivals.datagrams["at_ns"][place] = len(data), at_ns

    def take(self, count: int) -> int:
        """Hear so many; how many are left to Python."""
        self.streams.make_room(count)
        table, heard, hearing = self.sessions.table, self.sessions.heard, self.streams.hearing
        datagrams, data = self._arrivals.datagrams, self._arrivals.data
        return int(take(datagrams, data, 0, count, table, hearing, heard, self._others, self.strangers))

    def end(self) -> dict[Heard, float]:
        """Settle everything; the counters."""
        for place in self.streams.of(self.session.place):
            self.streams.end(int(place), self.sessions.heard)
        return {which: float(self.counters[which]) for which in Heard}

    @property
    def counters(self) -> NDArray[np.float64]:
        row: NDArray[np.float64] = self.sessions.heard[self.session.place]
        return row

    @property
    def jitter_ms(self) -> float:
        """The estimate now, of the only stream."""
        return float(self.streams.hearing.rows[self.streams.of(self.session.place)[0]]["jitter"])


def udp_ports_of(pid: int) -> set[int]:
    """The UDP ports that a process has bound, by the kernel's own list."""
    inodes = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = str(descriptor.readlink())
        except OSError:
            continue
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    return {port for port, inode in _udp() if inode in inodes}


def bound_udp_ports() -> set[int]:
    """All of this machine."""
    return {port for port, _ in _udp()}


def _udp() -> list[tuple[int, str]]:
    rows = [line.split() for line in Path("/proc/net/udp").read_text().splitlines()[1:]]
    return [(int(row[1].rpartition(":")[2], 16), row[9]) for row in rows]
