"""Lines in and out of a process that must never wait for either."""

from __future__ import annotations

import os
import select
from collections import deque
from typing import Final, Protocol

_CHUNK: Final = 4096
"""PIPE_BUF: as much can be written without waiting once a pipe is writable at all (pipe(7))."""
_READ: Final = 65_536
MOST_WAITING: Final = 64 << 20
"""Bytes that may wait for a reader who does not read; what comes on top is dropped."""


class Line(Protocol):
    """Anything that is a line of its own."""

    def line(self) -> bytes: ...


class Pipes:
    """Standard input by lines, and lines to standard output, as far as the pipes are ready. `ended`: nobody will say
    anything any more, because stdin has ended or the process that started us has."""

    def __init__(self, source: int = 0, sink: int = 1) -> None:
        self.ended = False
        self._source = source
        self._sink = sink
        self._parent = os.getppid()
        self._rest = b""
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._readable = select.poll()
        self._readable.register(source, select.POLLIN)
        self._writable = select.poll()
        self._writable.register(sink, select.POLLOUT)

    def lines(self, wait_seconds: float = 0.0) -> list[bytes]:
        """What has been said since; waits so long for the first of it."""
        if self.ended or not self._readable.poll(wait_seconds * 1000):
            return []
        data = os.read(self._source, _READ)
        if not data:
            self.ended = True
        *whole, self._rest = (self._rest + data).split(b"\n")
        return [line for line in whole if line.strip()]

    def check_parent(self) -> None:
        """Notice the death of the parent where a third process keeps the pipe open."""
        if os.getppid() != self._parent:
            self.ended = True

    def say(self, line: Line) -> None:
        """Say this as soon as there is room."""
        data = line.line()
        if self._waiting_bytes + len(data) <= MOST_WAITING:
            self._waiting.append(data)
            self._waiting_bytes += len(data)

    def flush(self, wait_seconds: float = 0.0) -> bool:
        """Write what there is room for; True when nothing is left. Waits at most so long for room each time."""
        while self._waiting:
            room = self._writable.poll(wait_seconds * 1000)
            if not room:
                return False
            if room[0][1] & (select.POLLERR | select.POLLNVAL):  # nobody reads any more
                self.ended = True
                self._waiting.clear()
                self._waiting_bytes = 0
                return True
            chunk = self._waiting.popleft()
            while self._waiting and len(chunk) < _CHUNK:
                chunk += self._waiting.popleft()
            written = os.write(self._sink, chunk[:_CHUNK])
            self._waiting_bytes -= written
            if written < len(chunk):
                self._waiting.appendleft(chunk[written:])
        return True
