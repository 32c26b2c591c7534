"""What has arrived at a socket: many datagrams with one system call, recvmmsg(2), as rows that compiled code reads.

Datagrams that left as one message arrive, on one machine, in one piece with their size beside it (UDP_GRO, udp(7)),
for a sixth of the time. They are cut here; each then has the piece's instant of arrival.
"""

from __future__ import annotations

import ctypes
import socket
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import kernel
from simulator.media.batches import HEADER_WORDS, SO_RXQ_OVFL, SO_TIMESTAMPNS, UDP_GRO
from simulator.media.packets import Bytes, Number

Words = NDArray[np.uint64]

DATAGRAM: Final = np.dtype(
    [
        ("begin", np.int64),  # in the bytes of all
        ("length", np.int64),
        ("at_ns", np.int64),  # wall instant of its arrival; -1: not known
        ("address", np.uint64),  # where it came from, as a word
    ],
    align=True,
)

_MESSAGES: Final = 128
_MESSAGE_BYTES: Final = 1 << 16  # no datagram is longer, nor is a piece
_MOST_CUT: Final = 128  # of one piece (UDP_MAX_SEGMENTS)
_CONTROL_WORDS: Final = 12
_LENGTH: Final = 7  # the word of a header that has the message's length afterwards
_SOCKET: Final = int(socket.SOL_SOCKET)
_UDP: Final = int(socket.IPPROTO_UDP)

_recvmmsg = ctypes.CDLL(None, use_errno=True).recvmmsg
_recvmmsg.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int, ctypes.c_void_p)


class Arrivals:
    """Room for what one call brings. `datagrams` are rows of `DATAGRAM`, whose bytes are in `data`."""

    def __init__(self) -> None:
        self.data: Bytes = np.zeros(_MESSAGES * _MESSAGE_BYTES, np.uint8)
        self.datagrams: Any = np.zeros(_MESSAGES * _MOST_CUT, DATAGRAM)
        self.overflow = -1
        """How many times the socket that was asked last had no room, since it was opened: datagrams, or pieces of
        many. -1: not told."""
        self._pieces: Words = np.zeros((_MESSAGES, 2), np.uint64)
        self._addresses: Words = np.zeros((_MESSAGES, 2), np.uint64)
        self._control: Words = np.zeros((_MESSAGES, _CONTROL_WORDS), np.uint64)
        self._headers: Words = np.zeros((_MESSAGES, HEADER_WORDS), np.uint64)
        at = np.arange(_MESSAGES, dtype=np.uint64)
        self._pieces[:, 0] = self.data.ctypes.data + at * _MESSAGE_BYTES
        self._pieces[:, 1] = _MESSAGE_BYTES
        self._headers[:, 0] = self._addresses.ctypes.data + at * 16
        self._headers[:, 1] = 16
        self._headers[:, 2] = self._pieces.ctypes.data + at * 16
        self._headers[:, 3] = 1
        self._headers[:, 4] = self._control.ctypes.data + at * (8 * _CONTROL_WORDS)
        self._headers[:, 5] = 8 * _CONTROL_WORDS
        self._fresh = self._headers.copy()
        self._first = self._headers.ctypes.data
        self.more = False
        """Whether the last call brought as much as it can."""

    def receive(self, descriptor: int) -> int:
        """Take what has arrived, without waiting; how many datagrams."""
        got = max(_recvmmsg(descriptor, self._first, _MESSAGES, socket.MSG_DONTWAIT, None), 0)
        self.more = got == _MESSAGES
        count, self.overflow = _cut(self._headers, self._control, self._addresses, got, self.datagrams)
        self._headers[:got] = self._fresh[:got]  # the call has left in them what it found
        return int(count)

    def bytes_of(self, place: int) -> bytes:
        """A datagram's."""
        begin, length = int(self.datagrams["begin"][place]), int(self.datagrams["length"][place])
        return self.data[begin : begin + length].tobytes()


@kernel
def _cut(headers: Words, control: Words, addresses: Words, count: Number, datagrams: Any) -> tuple[Number, Number]:
    """Write a row for each datagram of `count` messages; how many, and the socket's overflow."""
    written = 0
    overflow = np.int64(-1)
    for message in range(count):
        left = np.int64(headers[message, _LENGTH] & np.uint64(0xFFFFFFFF))
        size: Number = left
        at_ns = np.int64(-1)
        told = np.int64(headers[message, 5])
        at = np.int64(0)
        while (at + 2) * 8 <= told:
            bytes_here = np.int64(control[message, at])
            level = np.int64(control[message, at + 1] & np.uint64(0xFFFFFFFF))
            kind = np.int64(control[message, at + 1] >> np.uint64(32))
            if bytes_here < 16:
                break
            if level == _SOCKET and kind == SO_TIMESTAMPNS:
                at_ns = np.int64(control[message, at + 2]) * 1_000_000_000 + np.int64(control[message, at + 3])
            elif level == _SOCKET and kind == SO_RXQ_OVFL:
                overflow = max(overflow, np.int64(control[message, at + 2] & np.uint64(0xFFFFFFFF)))
            elif level == _UDP and kind == UDP_GRO:
                size = np.int64(control[message, at + 2] & np.uint64(0xFFFFFFFF))
            at += (bytes_here + 7) // 8
        size = size if size > 0 else left
        begin = message * _MESSAGE_BYTES
        while written < len(datagrams):
            row = datagrams[written]
            row.begin = begin
            row.length = min(size, left)
            row.at_ns = at_ns
            row.address = addresses[message, 0]
            written += 1
            begin += size
            left -= size
            if left <= 0:
                break
    return written, overflow
