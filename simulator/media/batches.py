"""Many datagrams with one system call: sendmmsg(2) and recvmmsg(2), over arrays that compiled code fills and reads.

A batch is the memory that the calls want (`struct mmsghdr`, `struct iovec`, addresses, control messages) as arrays of
64-bit words, laid out as Linux has them on 64-bit machines. An IPv4 address is then one word: family, port, address.
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import struct
import sys
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.errors import InputError

Words = NDArray[np.uint64]
Bytes = NDArray[np.uint8]

PACKET_BYTES: Final = 512
"""Room for one datagram: voice is under 200, a report with 31 blocks is longer than its room and is cut."""
AT_ONCE: Final = 1024
"""Datagrams of one call: the kernel takes no more (UIO_MAXIOV)."""
CONTROL_WORDS: Final = 8
HEADER_WORDS: Final = 8
LENGTH: Final = 7
"""The word of a header that has the datagram's length, after either call."""

_SO_TIMESTAMPNS: Final = 35
_SO_RXQ_OVFL: Final = 40
_UDP_SEGMENT: Final = 103
_CUT_BYTES: Final = 18  # a control message with 16 bits in it
_MOST_CUT: Final = 64  # UDP_MAX_SEGMENTS of older kernels
_CANNOT_CUT: Final = (errno.EINVAL, errno.EIO, errno.EOPNOTSUPP, errno.ENOPROTOOPT)
_BUFFER_BYTES: Final = 4 << 20

_libc = ctypes.CDLL(None, use_errno=True)
_sendmmsg = _libc.sendmmsg
_sendmmsg.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int)
_recvmmsg = _libc.recvmmsg
_recvmmsg.argtypes = (*_sendmmsg.argtypes, ctypes.c_void_p)


class Batch:
    """Room for `size` datagrams to or from anywhere."""

    def __init__(self, size: int, *, incoming: bool = False, packet_bytes: int = PACKET_BYTES) -> None:
        self.size = size
        self.data: Bytes = np.zeros((size, packet_bytes), np.uint8)
        self.pieces: Words = np.zeros((size, 2), np.uint64)
        self.addresses: Words = np.zeros((size, 2), np.uint64)
        self.control: Words = np.zeros((size, CONTROL_WORDS), np.uint64)
        self.headers: Words = np.zeros((size, HEADER_WORDS), np.uint64)
        at = np.arange(size, dtype=np.uint64)
        self.pieces[:, 0] = self.data.ctypes.data + at * packet_bytes
        self.pieces[:, 1] = packet_bytes
        self.headers[:, 0] = self.addresses.ctypes.data + at * 16
        self.headers[:, 1] = 16
        self.headers[:, 2] = self.pieces.ctypes.data + at * 16
        self.headers[:, 3] = 1
        if incoming:
            self.headers[:, 4] = self.control.ctypes.data + at * (8 * CONTROL_WORDS)
            self.headers[:, 5] = 8 * CONTROL_WORDS
        self._fresh = self.headers.copy()
        self._first = self.headers.ctypes.data

    def receive(self, descriptor: int) -> int:
        """Take what has arrived, without waiting; how many. Lengths are in `headers[:, LENGTH]`."""
        got: int = _recvmmsg(descriptor, self._first, self.size, socket.MSG_DONTWAIT, None)
        return max(got, 0)

    def again(self, used: int) -> None:
        """Make the first `used` ready for the next `receive`: a call leaves in them what it found."""
        self.headers[:used] = self._fresh[:used]

    def send(self, descriptor: int, count: int) -> list[int]:
        """Send the first `count`; the places of those that the operating system would not take."""
        refused: list[int] = []
        at = 0
        while at < count:
            first = self._first + at * 8 * HEADER_WORDS
            sent: int = _sendmmsg(descriptor, first, min(count - at, AT_ONCE), socket.MSG_DONTWAIT)
            if sent > 0:
                at += sent
            elif ctypes.get_errno() == errno.EINTR:
                continue
            else:
                refused.append(at)
                at += 1
        return refused


class AlikeBatch(Batch):
    """A batch whose neighbours mostly have one size and one destination: such a run is handed over as one message that
    the kernel cuts into datagrams (UDP_SEGMENT, udp(7)), for a fifth of the time. Linux before 4.18 has no such thing;
    there each datagram is a message."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self._segments = True
        self._messages: Words = np.zeros((size, HEADER_WORDS), np.uint64)
        self._messages[:, 1] = 16
        self._cuts: Words = np.zeros((size, 3), np.uint64)
        self._cuts[:, 0] = _CUT_BYTES
        self._cuts[:, 1] = socket.IPPROTO_UDP | _UDP_SEGMENT << 32

    def send(self, descriptor: int, count: int) -> list[int]:
        """As `Batch.send`."""
        if not self._segments:
            return super().send(descriptor, count)
        runs = self._runs(count)
        for at, (first, length) in enumerate(runs):
            self._cuts[at, 2] = self.pieces[first, 1]
            self._messages[at, 0] = self.addresses.ctypes.data + 16 * first
            self._messages[at, 2] = self.pieces.ctypes.data + 16 * first
            self._messages[at, 3] = length
            self._messages[at, 4] = self._cuts.ctypes.data + 24 * at if length > 1 else 0
            self._messages[at, 5] = 24 if length > 1 else 0
        refused: list[int] = []
        at = 0
        while at < len(runs):
            there = self._messages.ctypes.data + 8 * HEADER_WORDS * at
            sent: int = _sendmmsg(descriptor, there, len(runs) - at, socket.MSG_DONTWAIT)
            if sent > 0:
                at += sent
            elif ctypes.get_errno() == errno.EINTR:
                continue
            elif at == 0 and ctypes.get_errno() in _CANNOT_CUT:
                self._segments = False
                return super().send(descriptor, count)
            else:
                refused.extend(range(runs[at][0], sum(runs[at])))
                at += 1
        return refused

    def _runs(self, count: int) -> list[tuple[int, int]]:
        """First and number of the datagrams of each message."""
        sizes, to = self.pieces[:count, 1], self.addresses[:count, 0]
        ends = np.flatnonzero((sizes[1:] != sizes[:-1]) | (to[1:] != to[:-1])) + 1
        runs = []
        first = 0
        for end in (*ends.tolist(), count):
            while first < end:
                length = min(end - first, _MOST_CUT)
                runs.append((first, length))
                first += length
        return runs


def open_socket(host: str = "127.0.0.1", port: int = 0) -> socket.socket:
    """A UDP socket that stamps what arrives and counts what it had no room for. Raises InputError."""
    if sys.platform != "linux" or ctypes.sizeof(ctypes.c_void_p) != 8 or sys.byteorder != "little":
        raise InputError("voice media needs Linux on a 64-bit machine: sendmmsg, recvmmsg")
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)  # the kernel cuts it to rmem_max
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER_BYTES)
        opened.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        opened.setsockopt(socket.SOL_SOCKET, _SO_RXQ_OVFL, 1)
        opened.setblocking(False)
        opened.bind((host, port))
    except OSError as error:
        opened.close()
        raise InputError(f"cannot bind UDP {host}:{port}: {os.strerror(error.errno or 0)}") from error
    return opened


def address_word(host: str, port: int) -> int:
    """The first eight bytes of a `sockaddr_in`, as a word."""
    packed = struct.pack("=H", socket.AF_INET) + struct.pack("!H", port) + socket.inet_aton(host)
    return int.from_bytes(packed, "little")


def address_of(word: int) -> tuple[str, int]:
    """Host and port of such a word."""
    packed = int(word).to_bytes(8, "little")
    return socket.inet_ntoa(packed[4:]), int(struct.unpack("!H", packed[2:4])[0])
