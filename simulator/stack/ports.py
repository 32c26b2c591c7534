"""Is a port of this machine free, and if not, who has it?"""

from __future__ import annotations

import errno
import socket
from dataclasses import dataclass

import psutil


@dataclass(frozen=True)
class Holder:
    """Who listens on a port; both None where the system does not tell (another user's process)."""

    pid: int | None = None
    name: str | None = None

    def __str__(self) -> str:
        return f"{self.name} (pid {self.pid})" if self.pid else "another user's process"


def port_holder(port: int) -> Holder | None:
    """Who keeps us from listening on 127.0.0.1:`port`; None when the port is free.

    The port is tried, then let go at once: what is said is true of this moment.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # closed connections that linger do not count
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
            return _listener(port)
    return None


def _listener(port: int) -> Holder:
    try:
        connections = psutil.net_connections("tcp")
    except psutil.Error:  # macOS tells root only
        return Holder()
    for connection in connections:
        if connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port:
            if connection.pid is None:
                continue
            try:
                return Holder(connection.pid, psutil.Process(connection.pid).name())
            except psutil.Error:
                continue
    return Holder()
