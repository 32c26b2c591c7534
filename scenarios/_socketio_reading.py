"""Reads the connections of this process together, so that a thousand listeners do not wake it a thousand times.

Where messages come one by one, waking up costs three times what reading one does. All connections are therefore in one
epoll(7), which is all that the event loop watches: what has come by then is read in one go, and where that happens
often, nothing is looked at for the next two milliseconds. Whoever waits for an answer is read at once nevertheless
(`Reading.hurry`).

Members of one room get the same bytes; whoever those concern is told once for all of them (`Bursts.hand_out`).

`BURSTS.at_ns` is the instant to time by. What comes while nothing is looked at seems up to two milliseconds later than
it was; what comes after a lull is read, and timed, when it comes.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any, Final, Protocol

from gevent.hub import get_hub
from gevent.monkey import get_original

PAUSE_SECONDS: Final = 0.002
_OFTEN_NS: Final = round(2 * PAUSE_SECONDS * 1e9)  # from one look to the next
_AT_ONCE: Final = 1024  # connections, before anybody else has a turn
_READ: Final = 1  # to libev as to epoll


class Source(Protocol):
    """A connection, as far as it is read."""

    inbox: Any
    """Who gets its messages, for `hand_out`; None where that does not concern it."""
    alone: bool
    """Whether what comes now has a meaning only here: a message has begun, or it is encrypted."""

    def read(self) -> None:
        """Take in what has come."""

    def receive(self) -> bytes:
        """What has come, for `take`; empty where there is nothing."""

    def take(self, data: bytes) -> None:
        """Take in what was received."""


def _to_each(data: bytes, sources: list[Source]) -> list[Source]:
    return sources


class Bursts:
    """All connections that are read together. `at_ns`: when (`time.monotonic_ns`) what is being read had come."""

    def __init__(self) -> None:
        self.at_ns = 0
        self.hand_out: Callable[[bytes, list[Source]], list[Source]] = _to_each
        """Takes what several have received alike; gives back those who have to take it themselves."""
        self._looked_ns = 0
        self._sources: dict[int, Source] = {}  # by descriptor
        self._epoll: Any = None
        self._watcher: Any = None
        self._timer: Any = None

    def add(self, descriptor: int, source: Source) -> None:
        """Read this one, too. What is called then must not wait."""
        if self._epoll is None:  # not before: Locust's --processes forks after it has read this file
            self._epoll = get_original("select", "epoll")()  # gevent takes it away, as nobody is to wait in it
            loop = get_hub().loop
            self._watcher, self._timer = loop.io(self._epoll.fileno(), _READ), loop.timer(0.0, PAUSE_SECONDS)
            self._watcher.start(self._look)
        if descriptor not in self._sources:
            self._sources[descriptor] = source
            self._epoll.register(descriptor, _READ)

    def remove(self, descriptor: int) -> None:
        """Not any more."""
        if self._sources.pop(descriptor, None) is not None:
            self._epoll.unregister(descriptor)

    def now(self, source: Source) -> None:
        """Let one read that was found to have something."""
        self.at_ns = time.monotonic_ns()
        source.read()

    def _look(self) -> None:
        """Read whatever has come; where that is often, look again after a pause, until there is nothing."""
        came = self._epoll.poll(0, _AT_ONCE)
        now_ns = time.monotonic_ns()
        if came and now_ns - self._looked_ns < _OFTEN_NS:
            self._watcher.stop()
            self._timer.again(self._look)
        else:
            self._timer.stop()
            self._watcher.start(self._look)
        self.at_ns = self._looked_ns = now_ns
        self._read_all(came)

    def _read_all(self, came: list[tuple[int, int]]) -> None:
        alike: dict[bytes, list[Source]] = {}
        for descriptor, _ in came:
            source = self._sources.get(descriptor)  # an earlier one's message may have ended this one
            if source is None:
                continue
            try:
                if source.alone:
                    source.read()
                    continue
                data = source.receive()
            except Exception:  # of whoever was told: what the others got is not to be lost for it
                get_hub().handle_error(source, *sys.exc_info())
                continue
            if data in alike:
                alike[data].append(source)
            elif data:
                alike[data] = [source]
        for data, sources in alike.items():
            try:
                for source in self.hand_out(data, sources):
                    source.take(data)
            except Exception:
                get_hub().handle_error(sources, *sys.exc_info())


BURSTS = Bursts()


class Reading:
    """One connection's reading: at once, as it begins; in bursts; or not at all."""

    def __init__(self, descriptor: int, source: Source) -> None:
        self._descriptor = descriptor
        self._source = source
        self._watcher = get_hub().loop.io(descriptor, _READ)
        self._hurried, self._paused = True, False
        self._begin()

    def hurry(self, on: bool) -> None:
        """Whether what comes is read as soon as it comes."""
        if on is not self._hurried:
            self._stop()
            self._hurried = on
            self._begin()

    def pause(self) -> None:
        """Stop reading, until the kernel's buffers are full and the server has to wait."""
        self._paused = True
        self._stop()

    def resume(self) -> None:
        """Read on."""
        self._paused = False
        self._begin()

    def close(self) -> None:
        """Never again; before the descriptor is closed."""
        self.pause()
        self._watcher.close()

    def _begin(self) -> None:
        if not self._paused:
            if self._hurried:
                self._watcher.start(BURSTS.now, self._source)
            else:
                BURSTS.add(self._descriptor, self._source)

    def _stop(self) -> None:
        if self._hurried:
            self._watcher.stop()
        else:
            BURSTS.remove(self._descriptor)
