"""The media of this process's calls: a generator beside it, unpatched, that is spoken to over a pipe.

Locust patches sockets and time, and Python objects for 50 packets a second and user would be all that a core does. So
packets are another process's (`simulator.media`); here a call is a queue of what that process tells about it.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import Any

import gevent
from gevent.lock import Semaphore
from gevent.queue import Empty, Queue
from locust import events
from locust.env import Environment
from locust.runners import MasterRunner

from simulator.errors import SimulatorError
from simulator.media.messages import Connected, Join, Leave, Mute, Report
from simulator.media.processes import Generator

REPORT_SECONDS = 10.0
"""How often each call is reported, to Locust and to the API."""


class MediaGoneError(Exception):
    """The generator does not run, or has ended in mid-call."""


@dataclass(frozen=True)
class Seat:
    """Where a call's media goes: what the API tells as `mediaRelay`."""

    relay: str
    room: str
    session: str
    ssrc: int

    @classmethod
    def told(cls, media_relay: dict[str, Any]) -> Seat:
        """Read it. Raises OSError for a host that cannot be found."""
        address = socket.gethostbyname(media_relay["host"])
        relay = f"{address}:{media_relay['port']}"
        return cls(relay, media_relay["room"], media_relay["session"], media_relay["ssrc"])


class Call:
    """The media of one call. `tell` waits for what is next."""

    def __init__(self, media: Media, session: str) -> None:
        self._media = media
        self.session = session
        self.queue: Queue[Connected | Report | None] = Queue()

    def tell(self, seconds: float) -> Connected | Report | None:
        """The next thing that the generator says of this call; None after so many seconds. Raises MediaGoneError."""
        try:
            event = self.queue.get(timeout=seconds)
        except Empty:
            return None
        if event is None:
            raise MediaGoneError("the media generator has ended")
        return event

    def mute(self, muted: bool) -> None:
        """Say nothing from now on, or do again."""
        self._media.send(Mute(session=self.session, muted=muted))

    def leave(self) -> None:
        """Hang up; the final report follows."""
        self._media.send(Leave(session=self.session))

    def close(self) -> None:
        """Hear no more of it."""
        self._media.calls.pop(self.session, None)


class Media:
    """This process's generator: started with the test, or with its first call."""

    def __init__(self) -> None:
        self.calls: dict[str, Call] = {}
        self._generator: Generator | None = None
        self._starting = Semaphore()

    def start(self) -> None:
        """Start it unless it runs. Raises MediaGoneError."""
        with self._starting:
            if self._generator is None:
                try:
                    self._generator = Generator(report_seconds=REPORT_SECONDS)
                except (OSError, SimulatorError) as error:
                    raise MediaGoneError(str(error)) from error
                gevent.spawn(self._listen, self._generator)

    def join(self, seat: Seat, seconds: float, *, muted: bool) -> Call:
        """Begin a call of so many seconds. Raises MediaGoneError."""
        self.start()
        call = self.calls[seat.session] = Call(self, seat.session)
        join = Join(
            session=seat.session, relay=seat.relay, room=seat.room, ssrc=seat.ssrc, seconds=seconds, muted=muted
        )
        self.send(join)
        return call

    def send(self, command: Join | Mute | Leave) -> None:
        """Tell the generator; one that is gone is heard of by `Call.tell`."""
        if self._generator is not None:
            try:
                self._generator.send(command)
            except (BrokenPipeError, ValueError):  # ValueError: the pipe is closed on our side
                pass

    def stop(self) -> None:
        """Let it end, without waiting: Locust shuts down a second time where a listener of its last event waits."""
        generator, self._generator = self._generator, None
        if generator is not None:
            generator.finish()

    def _listen(self, generator: Generator) -> None:
        try:
            for event in generator.events():
                if isinstance(event, Connected | Report):
                    call = self.calls.get(event.session)
                    if call is not None:
                        call.queue.put(event)
        except (OSError, ValueError):  # the pipe was closed under us
            pass
        if self._generator is generator:
            self._generator = None
        for call in self.calls.values():
            call.queue.put(None)


MEDIA = Media()


@events.init.add_listener
def _run_beside(environment: Environment, **_: object) -> None:
    """The generator is up before the first call, which it would keep waiting, and gone after the last."""
    if isinstance(environment.runner, MasterRunner):
        return

    def begin(environment: Environment, **_: object) -> None:
        gevent.spawn(_try)

    def _try() -> None:
        try:
            MEDIA.start()
        except MediaGoneError:
            pass  # each call tries again, and tells

    environment.events.test_start.add_listener(begin)
    environment.events.quit.add_listener(lambda **_: MEDIA.stop())
