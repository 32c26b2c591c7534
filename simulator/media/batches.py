"""Many datagrams with one system call, sendmmsg(2), over arrays that compiled code fills.

Datagrams of one size to one destination are handed over as one message that the kernel cuts (UDP_SEGMENT, udp(7)), for
a fifth of the time; on one machine they even arrive in one piece (`arriving`). Linux before 4.18 has no such thing;
there each datagram is a message. An IPv4 address is one word: family, port, address.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import socket
import struct
import sys
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import kernel
from simulator.errors import InputError
from simulator.media.packets import Bytes, Number

Words = NDArray[np.uint64]
Longs = NDArray[np.int64]

PACKET_BYTES: Final = 512
"""Room for one datagram: voice is under 200, a report with 31 blocks is longer than its room and is cut."""
AT_ONCE: Final = 1024
"""Messages of one call: the kernel takes no more (UIO_MAXIOV)."""
HEADER_WORDS: Final = 8
"""Of `struct mmsghdr`: name and its length, pieces and their number, control and its length, flags, bytes."""

SO_TIMESTAMPNS: Final = 35
SO_RXQ_OVFL: Final = 40
UDP_SEGMENT: Final = 103
UDP_GRO: Final = 104
_CUT_BYTES: Final = 18  # a control message with 16 bits in it
_MOST_CUT: Final = 64  # UDP_MAX_SEGMENTS of older kernels
_CANNOT_CUT: Final = (errno.EINVAL, errno.EIO, errno.EOPNOTSUPP, errno.ENOPROTOOPT)
_BUFFER_BYTES: Final = 4 << 20
_OPEN: Final = 8  # destinations at a time to which a message may still grow

_libc = ctypes.CDLL(None, use_errno=True)
_sendmmsg = _libc.sendmmsg
_sendmmsg.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int)


class Outgoing(NamedTuple):
    """Datagrams that are to leave: each a row of `data`, of which `lengths` says how much; an address's first word."""

    data: Bytes
    lengths: Longs
    addresses: Words


class _Messages(NamedTuple):
    """What sendmmsg wants, and the runs of datagrams that it is made from (first, size, number, first piece)."""

    headers: Longs
    pieces: Longs
    cuts: Longs
    order: Longs  # the datagrams as the messages have them
    runs: Longs
    run_of: Longs


class Batch:
    """Room for `size` datagrams to anywhere."""

    def __init__(self, size: int) -> None:
        self.out = Outgoing(
            np.zeros((size, PACKET_BYTES), np.uint8), np.zeros(size, np.int64), np.zeros((size, 2), np.uint64)
        )
        self._most = _MOST_CUT
        self._messages = _Messages(
            headers=np.zeros((size, HEADER_WORDS), np.int64),
            pieces=np.zeros((size, 2), np.int64),
            cuts=np.zeros((size, 3), np.int64),
            order=np.zeros(size, np.int64),
            runs=np.zeros((size, 4), np.int64),
            run_of=np.zeros(size, np.int64),
        )
        self._messages.headers[:, 1] = 16
        self._messages.cuts[:, 0] = _CUT_BYTES
        self._messages.cuts[:, 1] = socket.IPPROTO_UDP | UDP_SEGMENT << 32
        self._memory = np.array(
            [array.ctypes.data for array in (self.out.data, self.out.addresses, *self._messages[1:3])], np.int64
        )

    def send(self, descriptor: int, count: int) -> list[int]:
        """Send the first `count`, those to one destination in their order; the places of those that the operating
        system would not take."""
        headers = self._messages.headers
        number = _gather(self.out, count, self._most, self._messages, self._memory)
        refused: list[int] = []
        at = 0
        while at < number:
            first = headers.ctypes.data + 8 * HEADER_WORDS * at
            sent: int = _sendmmsg(descriptor, first, min(number - at, AT_ONCE), socket.MSG_DONTWAIT)
            if sent > 0:
                at += sent
            elif ctypes.get_errno() == errno.EINTR:
                continue
            elif at == 0 and self._most > 1 and ctypes.get_errno() in _CANNOT_CUT:
                self._most = 1
                return self.send(descriptor, count)
            else:
                _, _, length, begin = self._messages.runs[at].tolist()
                refused.extend(self._messages.order[begin : begin + length].tolist())
                at += 1
        return refused


@kernel
def _gather(out: Outgoing, count: Number, most: Number, messages: _Messages, memory: Longs) -> Number:
    """Make messages of the first `count` datagrams, each of up to `most` of one size to one destination; how many.
    `memory` has where the arrays begin: data, addresses, pieces, cuts."""
    headers, pieces, cuts, order, runs, run_of = messages
    growing = np.full(_OPEN, -1, np.int64)  # runs that may still grow, one for each of the last destinations
    following = 0
    number = 0
    for at in range(count):
        slot = -1
        for one in range(_OPEN):
            run = growing[one]
            if run >= 0 and out.addresses[runs[run, 0], 0] == out.addresses[at, 0]:
                slot = one
                break
        if slot < 0 or runs[growing[slot], 1] != out.lengths[at] or runs[growing[slot], 2] >= most:
            if slot < 0:
                slot = following
                following = (following + 1) % _OPEN
            growing[slot] = number
            runs[number, 0] = at
            runs[number, 1] = out.lengths[at]
            runs[number, 2] = 0
            number += 1
        run_of[at] = growing[slot]
        runs[growing[slot], 2] += 1
    begin = 0
    for run in range(number):
        length = runs[run, 2]
        runs[run, 3] = begin
        headers[run, 0] = memory[1] + 16 * runs[run, 0]
        headers[run, 2] = memory[2] + 16 * begin
        headers[run, 3] = length
        headers[run, 4] = memory[3] + 24 * run if length > 1 else 0
        headers[run, 5] = 24 if length > 1 else 0
        cuts[run, 2] = runs[run, 1]
        begin += length
        runs[run, 2] = 0
    for at in range(count):
        run = run_of[at]
        place = runs[run, 3] + runs[run, 2]
        runs[run, 2] += 1
        order[place] = at
        pieces[place, 0] = memory[0] + PACKET_BYTES * at
        pieces[place, 1] = out.lengths[at]
    return number


def open_socket(host: str = "127.0.0.1", port: int = 0) -> socket.socket:
    """A UDP socket that stamps what arrives, counts what it had no room for, and takes what was sent as one message in
    one piece. Raises InputError."""
    if sys.platform != "linux" or ctypes.sizeof(ctypes.c_void_p) != 8 or sys.byteorder != "little":
        raise InputError("voice media needs Linux on a 64-bit machine: sendmmsg, recvmmsg")
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)  # the kernel cuts it to rmem_max
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER_BYTES)
        opened.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        opened.setsockopt(socket.SOL_SOCKET, SO_RXQ_OVFL, 1)
        with contextlib.suppress(OSError):  # Linux before 5.0: each datagram comes by itself
            opened.setsockopt(socket.IPPROTO_UDP, UDP_GRO, 1)
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
