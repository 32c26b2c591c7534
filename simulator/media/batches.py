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
