"""A further address for a server on loopback, so that a container can reach it: bytes are passed on, nothing is read.

The server itself stays on 127.0.0.1, and so does everything of ours that talks to it.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import socketserver
import threading
from types import TracebackType
from typing import Final, Self

from simulator.errors import InputError

_PIECE: Final = 64 * 1024


class Gateway:
    """Listens on an address while it is open; each connection has two threads, one for each direction."""

    def __init__(self, address: str, port: int, to_port: int) -> None:
        """`address` is an IP address of this machine, or a wildcard (0.0.0.0, ::); port 0: any that is free there.
        Raises InputError."""
        self.address = _checked(address)
        self._server = _server(self.address, port, to_port)
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, name="gateway", daemon=True)

    @property
    def is_everywhere(self) -> bool:
        """Whether it listens on every address of the machine."""
        return ipaddress.ip_address(self.address).is_unspecified

    def url(self, host: str = "") -> str:
        """Where it is reached: under its own address, or a host name that leads here."""
        host = host or self.address
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def split_listen(text: str) -> tuple[str, int]:
    """The address and the port (0: none given) of `172.17.0.1`, `172.17.0.1:9090` or `[::]:9090`. Raises InputError."""
    host, colon, port = text.rpartition(":")
    if text.count(":") > 1 and not text.startswith("["):  # an IPv6 address without a port
        host, colon, port = text, "", ""
    if not colon:
        host, port = text, "0"
    if not port.isdecimal() or int(port) > 65535:
        raise InputError(f"--listen {text}: {port!r} is not a port; write an address, or ADDRESS:PORT")
    return _checked(host.strip("[]")), int(port)


def _checked(address: str) -> str:
    try:
        return str(ipaddress.ip_address(address))
    except ValueError as error:
        raise InputError(f"--listen {address}: is not an IP address of this machine, such as 172.17.0.1") from error


def _server(address: str, port: int, to_port: int) -> socketserver.ThreadingTCPServer:
    class Passing(socketserver.BaseRequestHandler):
        """One connection."""

        def handle(self) -> None:
            with socket.create_connection(("127.0.0.1", to_port)) as inner:
                back = threading.Thread(target=_pass_on, args=(inner, self.request), daemon=True)
                back.start()
                _pass_on(self.request, inner)
                back.join()

    class Server(socketserver.ThreadingTCPServer):
        address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
        allow_reuse_address = True
        daemon_threads = True
        block_on_close = False

        def handle_error(self, request: object, client_address: object) -> None:
            """A connection that breaks off is nobody's fault here."""

    try:
        return Server((address, port), Passing)
    except OSError as error:
        where = f"{address}, port {port}" if port else address
        raise InputError(f"--listen: cannot listen on {where}: {error.strerror}") from error


def _pass_on(reading: socket.socket, writing: socket.socket) -> None:
    """All that comes, until it ends; then say so to the other side."""
    with contextlib.suppress(OSError):
        while piece := reading.recv(_PIECE):
            writing.sendall(piece)
        writing.shutdown(socket.SHUT_WR)
