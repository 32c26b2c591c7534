"""The processes' outside: a port that can close and open again, and the loop that opens and closes it by the faults."""

from __future__ import annotations

import asyncio
import errno
import signal
import socket
from collections.abc import Callable, Collection, Generator, Mapping
from contextlib import contextmanager
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from simulator.api.app import ReferenceApi
from simulator.api.faults import Effect
from simulator.api.realtime.sessions import Peer
from simulator.api.sockets.fanout import LARGEST_MESSAGE
from simulator.api.voice.relay import RelayMedia
from simulator.errors import InputError, SimulatorError

TICK_SECONDS: Final = 0.05
"""How late a port closes or opens at most, beside what the closing itself takes."""
FLUSH_SECONDS: Final = 1.0
KEEP_ALIVE_SECONDS: Final = 72
"""As Fastify keeps idle connections."""
BACKLOG: Final = 2048
_ACTIVE_SECONDS: Final = 5.0


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: two of them run in this process, and neither is the one to stop it."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


class Gate:
    """One port with an application behind it. Raises InputError when the port is taken.

    The port stays ours while it is closed: a second socket is bound to it and never listens, so connections are
    refused, and no other process (nor a client's own outgoing connection) is given the number meanwhile.
    """

    def __init__(self, app: ASGIApp, host: str, port: int) -> None:
        self._app = app
        self._host = host
        self._claim = _bind(host, port)
        self.port = int(self._claim.getsockname()[1])
        self._server: _Server | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        host = "127.0.0.1" if self._host in ("0.0.0.0", "") else self._host  # noqa: S104 - compared, not bound
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def is_open(self) -> bool:
        return self._server is not None

    async def open(self) -> None:
        """Listen. Raises InputError when another process listens on the port already."""
        listener = _bind(self._host, self.port)
        try:
            listener.listen(BACKLOG)
        except OSError as error:
            listener.close()
            raise _taken(self._host, self.port, error) from error
        config = uvicorn.Config(
            self._app,
            log_config=None,
            log_level="critical",  # the application tells its own errors; those of cut connections are meant
            access_log=False,
            lifespan="off",
            ws="wsproto",
            ws_max_size=LARGEST_MESSAGE,
            ws_ping_interval=None,  # Engine.IO has its own
            ws_per_message_deflate=False,  # messages are small and the processor is shared
            backlog=BACKLOG,
            server_header=False,
            proxy_headers=False,  # who the client is by X-Forwarded-For, the API reads itself
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
        )
        server = _Server(config)
        self._task = asyncio.create_task(server.serve(sockets=[listener]))
        self._server = server
        async with asyncio.timeout(_ACTIVE_SECONDS):
            while not server.started:
                if self._task.done():
                    raise SimulatorError(f"the server on port {self.port} ended while it started")
                await asyncio.sleep(0.001)

    def abort(self, peers: Collection[Peer]) -> None:
        """Cut the connections whose other ends are these, without a word."""
        if self._server is not None:
            for connection in list(self._server.server_state.connections):
                if connection.transport is not None and getattr(connection, "client", None) in peers:
                    connection.transport.abort()

    async def close(self) -> None:
        """Stop listening, drop every connection, abandon what is being answered."""
        server, task = self._server, self._task
        if server is None or task is None:
            return
        self._server = self._task = None
        for listener in server.servers:
            listener.close()
        for connection in list(server.server_state.connections):
            if connection.transport is not None:
                connection.transport.abort()
        for answering in list(server.server_state.tasks):
            answering.cancel()
        server.should_exit = server.force_exit = True
        await task

    async def release(self) -> None:
        """Close, and give the port back."""
        await self.close()
        self._claim.close()


async def serve(
    api: ReferenceApi,
    admin: ASGIApp,
    *,
    host: str,
    port: int,
    ready: Callable[[Mapping[str, str]], None],
    media: RelayMedia | None = None,
) -> None:
    """Serve until SIGTERM, opening and closing the API's port by the faults. `ready` is told the URLs.

    `media` ends with us; it may have been started already. Raises InputError when the port is taken; Ctrl-C is a
    KeyboardInterrupt.
    """
    platform = api.platform
    front = Gate(api, host, port)
    api.realtime.abort = front.abort
    back = Gate(admin, "127.0.0.1", 0)
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    flushed = platform.clock.monotonic()
    try:
        await back.open()
        if not platform.faults.is_down():
            await front.open()
        media_url = media.url if media is not None else None
        ready({"api": front.url, "admin": back.url, **({"media": media_url} if media_url else {})})
        while not stopped.is_set():
            down = platform.faults.is_down()
            if down and front.is_open:
                await api.realtime.drop_all()
                await front.close()
            elif not down and not front.is_open:
                await front.open()
            if platform.log is not None and platform.clock.monotonic() - flushed >= FLUSH_SECONDS:
                platform.log.flush()
                flushed = platform.clock.monotonic()
            platform.voice.sweep()
            if media is not None:
                media.disturb(platform.faults.by_hand(Effect.DISTURB_MEDIA, Effect.CROWD), platform.faults.seed)
            await api.realtime.tick()
            try:
                await asyncio.wait_for(stopped.wait(), TICK_SECONDS)
            except TimeoutError:
                pass
    finally:
        await api.realtime.drop_all()
        await front.release()
        await api.realtime.close()
        await back.release()
        if media is not None:
            await media.stop()


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # named as TCP, or asyncio leaves Nagle on, and each answer waits 40 ms for the acknowledgement of its head
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise _taken(host, port, error) from error
    bound.setblocking(False)
    return bound


def _taken(host: str, port: int, error: OSError) -> InputError:
    if error.errno == errno.EADDRINUSE:
        return InputError(f"port {port} on {host} is taken; give another --port, or 0 for a free one")
    return InputError(f"cannot listen on {host}:{port}: {error.strerror or error}")
