"""A reference API behind a real port, on a clock that only moves when told to, and python-socketio's own client."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx
import pytest
import socketio

from simulator.api.app import ReferenceApi, create_app
from simulator.api.entities import Channel
from simulator.api.server import Gate
from simulator.clock import ManualClock
from tests.api.conftest import STARTED_MS, build_manifest
from tests.api.exposed import Samples, samples_of, total_of

DEADLINE_SECONDS = 30.0
T = TypeVar("T")


def eventually(look: Callable[[], T], what: str) -> T:
    """The first true answer, asked for until the deadline."""
    ends = time.monotonic() + DEADLINE_SECONDS
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > ends:
            raise AssertionError(f"{what}: still {found!r} after {DEADLINE_SECONDS:g} s")
        time.sleep(0.01)


class Client:
    """One connected user, and everything that it heard, in order."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.heard: list[tuple[str, Any]] = []
        self.over = threading.Event()
        self._opened: list[Any] = []
        self.io = socketio.Client(reconnection=False)
        self.io.on("*", self._hear)
        self.io.on("disconnect", lambda *_: self.over.set())

    def _hear(self, event: str, *data: Any) -> None:
        self.heard.append((event, data[0] if data else None))

    def all(self, event: str) -> list[Any]:
        return [data for name, data in self.heard if name == event]

    def wait(self, event: str, *, times: int = 1) -> Any:
        """The data of the event's nth occurrence, which may have been already."""
        return (
            eventually(lambda: len(self.all(event)) >= times, f"{self.name} waits for {event}")
            and self.all(event)[times - 1]
        )

    def call(self, event: str, data: Any = None) -> Any:
        """Emit and wait for the acknowledgement."""
        return self.io.call(event, data, timeout=DEADLINE_SECONDS)

    def connect(self, url: str, **options: Any) -> None:
        """Raises socketio's ConnectionError."""
        try:
            self.io.connect(url, **options)
        finally:  # the library forgets these where the server hangs up
            self._opened = [one for one in (self.io.eio.ws, self.io.eio.http) if one is not None]

    def close(self) -> None:
        """Hang up, and leave no socket open."""
        self.io.disconnect()
        for one in self._opened:
            getattr(one, "shutdown", one.close)()  # a WebSocket that was closed by the server closes no socket

    def settle(self) -> None:
        """Whatever was on its way before now has arrived: a socket's events keep their order."""
        seen = len(self.all("pong"))
        self.io.emit("ping")
        self.wait("pong", times=seen + 1)


@dataclass
class Live:
    """An API, its clock, and its users."""

    app: ReferenceApi
    gate: Gate
    clock: ManualClock
    loop: asyncio.AbstractEventLoop
    clients: list[Client] = field(default_factory=list)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(DEADLINE_SECONDS)

    def tick(self) -> None:
        self.run(self.app.realtime.tick())

    def pass_time(self, milliseconds: int) -> None:
        """Let time go by, and the server notice."""
        self.clock.advance(milliseconds)
        self.tick()

    def token(self, number: int) -> str:
        person = self.app.platform.people.by_number(number)
        return self.app.platform.tokens.issue(person.id, person.email, verified=True).access

    def headers(self, number: int) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token(number)}"}

    def user_id(self, number: int) -> str:
        return self.app.platform.people.by_number(number).id

    def connect(self, number: int, transports: list[str] | None = None, **options: Any) -> Client:
        """A user of the pool, let in."""
        client = Client(f"user {number}")
        options = {"auth": {"token": self.token(number)}, **options}
        self.clients.append(client)
        options = {"wait_timeout": DEADLINE_SECONDS, **options}
        client.connect(self.gate.url, transports=transports or ["websocket"], **options)
        client.wait("ready")
        return client

    def hang_up(self, *clients: Client) -> None:
        """Some leave, and the server has seen it."""
        left = len(self.app.realtime.sessions) - len(clients)
        for client in clients:
            client.io.disconnect()
        eventually(lambda: len(self.app.realtime.sessions) == left, "the server to see them go")

    def refused(self, **options: Any) -> str:
        """What a client that may not come in is told."""
        client = Client("nobody")
        self.clients.append(client)
        told: list[Any] = []
        client.io.on("connect_error", told.append)
        with pytest.raises(socketio.exceptions.ConnectionError):
            client.connect(self.gate.url, transports=["websocket"], wait_timeout=DEADLINE_SECONDS, **options)
        return str(told[-1]["message"])

    def channel(self, server: int = 0, kind: str = "TEXT") -> Channel:
        """A seeded channel; everybody is a member of server 0."""
        found = self.app.platform.store.seeded_servers[server]
        return next(channel for channel in found.channels if channel.type == kind)

    def http(self) -> httpx.Client:
        return httpx.Client(base_url=self.gate.url)

    def samples(self) -> Samples:
        return samples_of(self.app.platform.metrics.exposition(self.clock.now_ms()).decode())

    def total(self, name: str, **labels: str) -> float:
        return total_of(self.samples(), name, labels)


@contextmanager
def making() -> Iterator[Callable[..., Live]]:
    """`make_live(faults=…, rate_limits=True)`; a sleep of the API moves its clock instead of waiting."""
    with ExitStack() as stack:

        def make(*, rate_limits: bool = False, scenarios: Sequence[str] = ("http", "socketio"), **build: Any) -> Live:
            clock = ManualClock(STARTED_MS)

            async def sleep(seconds: float) -> None:
                clock.advance(round(seconds * 1000))

            app = create_app(
                build_manifest(scenarios=scenarios, **build), clock=clock, sleep=sleep, rate_limits=rate_limits
            )
            loop = asyncio.new_event_loop()
            thread = threading.Thread(target=loop.run_forever)
            thread.start()
            gate = Gate(app, "127.0.0.1", 0)
            app.realtime.abort = gate.abort
            live = Live(app, gate, clock, loop)
            live.run(gate.open())

            def end() -> None:
                for client in live.clients:
                    client.close()
                live.run(gate.release())
                live.run(app.realtime.close())
                live.run(_nothing_left())
                loop.call_soon_threadsafe(loop.stop)
                thread.join()
                loop.close()

            stack.callback(end)
            return live

        yield make


@pytest.fixture
def make_live() -> Iterator[Callable[..., Live]]:
    """`make_live(faults=…, rate_limits=True)`."""
    with making() as make:
        yield make


@pytest.fixture
def live(make_live: Callable[..., Live]) -> Live:
    """An API without faults and without rate limits."""
    return make_live()


@pytest.fixture(scope="module")
def _kept() -> Iterator[Live]:
    with making() as make:
        yield make()


@pytest.fixture
def shared(_kept: Live) -> Iterator[Live]:
    """The same, for tests that only look at what is heard: one of them serves a whole module, to save its making."""
    yield _kept
    for client in _kept.clients:
        client.close()
    _kept.clients.clear()
    eventually(lambda: not len(_kept.app.realtime.sessions), "all to be gone")
    _kept.tick()


async def _nothing_left() -> None:
    rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)
