"""All stand-in receivers of one run, on free loopback ports, in one thread with its own event loop."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

import uvicorn
from starlette.applications import Starlette

from simulator.clock import Clock, WallClock
from simulator.errors import InputError, SimulatorError
from simulator.receivers.app import create_app
from simulator.receivers.authority import Authority
from simulator.receivers.mail import MailHandler, listen
from simulator.receivers.recorder import Recorder
from simulator.receivers.tunnel import Tunnel
from simulator.telemetry.observations import NotificationKind, NotificationReceived

HOST: Final = "127.0.0.1"
_READY_SECONDS: Final = 20.0
_STOP_SECONDS: Final = 10.0
_TICK_SECONDS: Final = 0.2
_REQUEST_LINE_BYTES: Final = 4_000_000  # Pushover's whole message is in the query


class Receivers:
    """Stand-ins for Slack, PagerDuty, mail and every other service that Alertmanager can notify.

    `on_notification` is called from the listeners' thread, once per notification; it must not block for long.
    `folder` takes the certificate of the throwaway authority that proxied integrations are told to trust. Port 0 means
    any free one; raises InputError for a wished port that is taken.
    """

    def __init__(
        self,
        on_notification: Callable[[NotificationReceived], None],
        folder: Path,
        clock: Clock | None = None,
        *,
        http_port: int = 0,
        smtp_port: int = 0,
    ) -> None:
        self._recorder = Recorder(on_notification, clock or WallClock())
        self._authority = Authority()
        self.ca_file = (folder / "receivers-ca.pem").absolute()
        wished = {"http": http_port, "tls": 0, "proxy": 0, "smtp": smtp_port}
        self._sockets = {name: _bind(port) for name, port in wished.items()}
        self._thread = threading.Thread(target=self._run, name="receivers", daemon=True)
        self._ready = threading.Event()
        self._stop: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._failure: BaseException | None = None

    @property
    def http_url(self) -> str:
        """Base of the addresses in the copied alertmanager.yml."""
        return f"http://{HOST}:{self._port('http')}"

    @property
    def proxy_url(self) -> str:
        """The proxy for services whose address is fixed inside Alertmanager."""
        return f"http://{HOST}:{self._port('proxy')}"

    @property
    def smtp_address(self) -> str:
        """host:port of the mail listener."""
        return f"{HOST}:{self._port('smtp')}"

    @property
    def problem(self) -> str:
        """How they ended although nobody stopped them; empty while they listen."""
        return f"ended: {self._failure or type(self._failure).__name__}" if self._failure is not None else ""

    def start(self) -> None:
        """Start listening. Raises SimulatorError when that does not work."""
        self.ca_file.parent.mkdir(parents=True, exist_ok=True)
        self._authority.write_certificate(self.ca_file)
        self._thread.start()
        if not self._ready.wait(_READY_SECONDS) or self._failure is not None:
            raise SimulatorError(f"the receivers did not start: {self._failure or 'no answer'}")

    def stop(self) -> None:
        """Stop listening; messages that still wait for their list of alerts are told without it."""
        if self._loop is not None and self._stop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(_STOP_SECONDS)
        for listener in self._sockets.values():
            listener.close()

    def __enter__(self) -> Receivers:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _port(self, name: str) -> int:
        port = self._sockets[name].getsockname()[1]
        assert isinstance(port, int)  # an IPv4 address
        return port

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            self._failure = error
            for listener in self._sockets.values():
                listener.close()  # who sends is to be refused, not left waiting
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        tunnel = Tunnel((HOST, self._port("tls")))
        app = create_app(self._recorder, tunnel.senders.get)
        handler = MailHandler(
            lambda receiver, heard: self._recorder.heard(NotificationKind.EMAIL, "", receiver, 0, heard)
        )
        web = [_server(app), _server(app, self._authority)]
        tasks = [
            asyncio.create_task(server.serve(sockets=[self._sockets[name]]))
            for server, name in zip(web, ("http", "tls"), strict=True)
        ]
        mail = await self._loop.create_server(lambda: listen(handler), sock=self._sockets["smtp"])
        proxy = await asyncio.start_server(tunnel.serve, sock=self._sockets["proxy"])
        while not all(server.started for server in web):
            if any(task.done() for task in tasks):
                raise SimulatorError("a listener ended before it began")
            await asyncio.sleep(0.01)
        self._ready.set()
        while not self._stop.is_set():
            self._recorder.expire()
            if any(task.done() for task in tasks):
                raise SimulatorError("a listener was gone before its time")
            try:
                await asyncio.wait_for(self._stop.wait(), _TICK_SECONDS)
            except TimeoutError:
                pass
        proxy.close()
        mail.close()
        await tunnel.stop()
        for server in web:
            server.should_exit = True
        await asyncio.gather(*tasks)
        self._recorder.expire(everything=True)


def _bind(port: int) -> socket.socket:
    """A loopback port, kept from now on: the copy of the configuration is written before the listeners start."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        raise InputError(f"port {port} of {HOST}: {error.strerror}; choose another") from error
    return listener


def _server(app: Starlette, authority: Authority | None = None) -> uvicorn.Server:
    context = authority.server_context() if authority else None
    return uvicorn.Server(
        uvicorn.Config(
            app,
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            h11_max_incomplete_event_size=_REQUEST_LINE_BYTES,
            timeout_graceful_shutdown=2,
            ssl_context_factory=(lambda _config, _default: context) if context is not None else None,
        )
    )
