"""The proxy that leads notifications to the stand-in ends without a word."""

from __future__ import annotations

import asyncio
from typing import Any

from simulator.receivers.tunnel import Tunnel
from simulator.wire.notifications import PROXIED_HOSTS


def test_stopping_while_a_client_is_connected_is_no_error() -> None:
    told: list[dict[str, Any]] = []

    async def run() -> None:
        ended = asyncio.Event()

        async def stand_in(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            writer.close()
            ended.set()

        asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
        inner = await asyncio.start_server(stand_in, "127.0.0.1", 0)
        tunnel = Tunnel(inner.sockets[0].getsockname()[:2])
        outer = await asyncio.start_server(tunnel.serve, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*outer.sockets[0].getsockname()[:2])
        writer.write(f"CONNECT {min(PROXIED_HOSTS)}:443 HTTP/1.1\r\n\r\n".encode())
        assert b" 200 " in await reader.readuntil(b"\r\n\r\n")
        await tunnel.stop()
        assert await reader.read() == b""
        writer.close()
        outer.close()
        inner.close()
        await ended.wait()

    asyncio.run(run())
    assert told == []
