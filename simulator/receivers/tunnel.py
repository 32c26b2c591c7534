"""An HTTP proxy that knows CONNECT only, and leads every connection to the stand-in.

No connection leaves the machine: a host that is not played here is refused (403). Who sends is in the proxy's user
name, and reaches the stand-in by the port that the tunnel's own connection comes from.
"""

from __future__ import annotations

import asyncio
import base64
from dataclasses import dataclass
from typing import Final

from simulator.wire.notifications import PROXIED_HOSTS, decode_segment

_HEAD_SECONDS: Final = 10.0
_CHUNK_BYTES: Final = 65_536


@dataclass(frozen=True)
class Sender:
    """The integration behind a tunnelled connection."""

    receiver: str
    index: int


class Tunnel:
    """Serves CONNECT; `senders` leads from a local port to who sends on it."""

    def __init__(self, stand_in: tuple[str, int]) -> None:
        self.senders: dict[int, Sender] = {}
        self._stand_in = stand_in
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_stopping = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client connection, to its end."""
        task = asyncio.current_task()
        assert task is not None  # called by asyncio.start_server
        self._tasks.add(task)
        try:
            await self._serve(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
            pass  # the client went away, or never was one
        except asyncio.CancelledError:
            if not self._is_stopping:
                raise  # else asyncio, before Python 3.12, would print that the connection was cancelled
        finally:
            self._tasks.discard(task)
            writer.close()

    async def stop(self) -> None:
        """End what is still connected."""
        self._is_stopping = True
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _HEAD_SECONDS)
        request, *lines = head.decode("latin-1").split("\r\n")
        method, _, rest = request.partition(" ")
        host = rest.partition(" ")[0].rpartition(":")[0]
        if method != "CONNECT" or host not in PROXIED_HOSTS:
            writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            await writer.drain()
            return
        inner_reader, inner_writer = await asyncio.open_connection(*self._stand_in)
        port = inner_writer.get_extra_info("sockname")[1]
        self.senders[port] = _sender(lines)
        try:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await writer.drain()
            await asyncio.gather(_pump(reader, inner_writer), _pump(inner_reader, writer))
        finally:
            inner_writer.close()
            self.senders.pop(port, None)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(_CHUNK_BYTES):
        writer.write(chunk)
        await writer.drain()
    writer.close()


def _sender(lines: list[str]) -> Sender:
    for line in lines:
        name, _, value = line.partition(":")
        if name.lower() == "proxy-authorization":
            try:
                user, _, index = base64.b64decode(value.split()[-1]).decode().partition(":")
            except (ValueError, IndexError):
                break
            return Sender(decode_segment(user), int(index) if index.isdigit() else 0)
    return Sender("", 0)
