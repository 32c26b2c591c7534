"""A listener without sockets: packets and their arrivals go through the generator's kernel, as a batch would."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from simulator.media.batches import LENGTH, Batch
from simulator.media.generator import take_batch
from simulator.media.hearing import Heard
from simulator.media.messages import Join
from simulator.media.packets import EXTENSION_PROFILE
from simulator.media.sessions import Session, Sessions, Streams
from simulator.wire.rtp import Extension, RtpPacket, encode_rtp

TALKER, LISTENER = 7, 8
STARTED_NS = 1_767_643_200_000_000_000
_CONTROL = struct.Struct("=QiiQQ")


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
        self.tally = np.zeros(2, np.int64)
        self._batch = Batch(64, incoming=True)
        self._told = np.zeros(2 * 64, np.int64)

    def hear(self, arrivals: Iterable[Arrival], *, packet_ms: float = 20.0) -> None:
        """Take these in, in this order."""
        waiting = list(arrivals)
        for at in range(0, len(waiting), self._batch.size):
            part = waiting[at : at + self._batch.size]
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
        """As recvmmsg leaves it: the datagram, its length, the stamp among the control messages."""
        batch = self._batch
        batch.data[place, : len(data)] = np.frombuffer(data, np.uint8)
        batch.headers[place, LENGTH] = len(data)
        stamp = _CONTROL.pack(32, 1, 35, at_ns // 10**9, at_ns % 10**9)
        batch.control[place, :4] = np.frombuffer(stamp, np.uint64)
        batch.headers[place, 5] = len(stamp)

    def take(self, count: int) -> int:
        return int(take_batch(self._batch, count, self.sessions, self.streams, self._told, self.tally))

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
        return float(self.streams.rows[self.streams.of(self.session.place)[0]]["jitter"])


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
