"""The reference API's sockets: what a message costs for each who hears it, an event that comes in, a connection.

    python bench/reference_sockets.py [--users 100] [--messages 200]

The API runs as `crybsim api` does, pinned to one core where there are several; the clients, which read no more of a
packet than its name, run in this process. CPU time and memory are the API's own, so the figures hold on a busy machine.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from collections import Counter
from pathlib import Path

import httpx
import psutil

from simulator.api.tokens import mint_access_token
from simulator.catalog.accounts import account, signing_key
from simulator.clock import WallClock
from simulator.profile.load import load_profile, resolve_profile
from simulator.profile.manifest import Manifest
from simulator.stack.processes import start_service
from simulator.wire.socketio import Packet, PacketType, encode_event, encode_packet, event_name
from simulator.wire.websocket import FrameReader, Handshake, Opcode, encode_frame

TARGET = "/socket.io/?EIO=4&transport=websocket"
HEARTBEATS = 2_000
MIB = 1024 * 1024


class Client:
    """One connected user, who counts what it hears."""

    def __init__(self, token: str, heard: Counter[bytes]) -> None:
        self._token = token
        self._heard = heard
        self._frames = FrameReader()

    async def connect(self, port: int) -> None:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", port)
        handshake = Handshake(f"127.0.0.1:{port}", TARGET, {}, os.urandom(16))
        self._writer.write(handshake.request)
        rest = None
        while rest is None:
            rest = handshake.feed(await self._reader.read(8192))
        self._task = asyncio.create_task(self._read(rest))

    def send(self, text: bytes) -> None:
        self._writer.write(encode_frame(Opcode.TEXT, text, os.urandom(4)))

    def close(self) -> None:
        self._task.cancel()
        self._writer.close()

    async def _read(self, data: bytes) -> None:
        while True:
            for _, message in self._frames.feed(data):
                if message == b"2":
                    self.send(b"3")
                elif message[:1] == b"0":
                    self.send(b"4" + encode_packet(Packet(PacketType.CONNECT, {"token": self._token})))
                else:
                    self._heard[event_name(message) or b""] += 1
            data = await self._reader.read(1 << 18)
            if not data:
                return


async def measure(port: int, process: psutil.Process, tokens: list[str], messages: int, channel: str) -> None:
    """Connect, talk, beat hearts; print what each cost."""

    def cpu() -> float:
        times = process.cpu_times()
        return float(times.user + times.system)

    heard: Counter[bytes] = Counter()

    async def until(name: bytes, count: int) -> None:
        while heard[name] < count:  # noqa: ASYNC110 - the other side is a socket, which has no event to wait for
            await asyncio.sleep(0.02)

    clients = [Client(token, heard) for token in tokens]
    before, memory = cpu(), process.memory_info().rss
    for number, client in enumerate(clients, 1):
        await client.connect(port)
        if number % 50 == 0:
            await until(b"ready", number - 40)
    await until(b"ready", len(clients))
    each = (cpu() - before) / len(clients)
    held = (process.memory_info().rss - memory) / len(clients)
    print(f"a connection                {each * 1e3:6.1f} ms of CPU, {held / 1024:.0f} KiB")
    for client in clients:
        client.send(encode_event("channel:join", {"channelId": channel}))
    await until(b"channel:messages", len(clients))
    await asyncio.sleep(1)
    before, packets = cpu(), heard.total()
    for number in range(messages):
        text = encode_event("message:create", {"channelId": channel, "content": "x" * 60, "nonce": str(number)})
        clients[number % len(clients)].send(text)
        await asyncio.sleep(0.002)
    await until(b"message:create", messages * len(clients))
    await until(b"channel:typing_stop", messages * (len(clients) - 1))
    packets = heard.total() - packets
    print(f"a packet that somebody hears {(cpu() - before) / packets * 1e6:5.1f} µs of CPU ({packets} packets)")
    before = cpu()
    for number in range(HEARTBEATS):
        clients[number % len(clients)].send(encode_event("heartbeat"))
        if number % 20 == 0:
            await asyncio.sleep(0.005)
    await until(b"heartbeat_ack", HEARTBEATS)
    print(f"an event, with its answer    {(cpu() - before) / HEARTBEATS * 1e6:5.0f} µs of CPU")
    for client in clients:
        client.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=100)
    parser.add_argument("--messages", type=int, default=200)
    given = parser.parse_args()
    path = resolve_profile("quiet-evening")
    profile = load_profile(path)
    started = WallClock().now_ms()
    manifest = Manifest(
        run_id="bench",
        mode="live",
        profile=profile,
        profile_path=str(path),
        seed=profile.seed,
        started_ms=started,
    )
    key = signing_key(seed=manifest.seed, run_id=manifest.run_id)
    tokens = [mint_access_token(account(n), key, issued_s=started // 1000) for n in range(1, given.users + 1)]
    with tempfile.TemporaryDirectory() as folder:
        manifest.write(Path(folder) / "manifest.json")
        argv = [sys.executable, "-m", "simulator", "api", "--manifest", str(Path(folder) / "manifest.json")]
        api = start_service(
            [*argv, "--port", "0", "--no-rate-limits"],
            name="api",
            log=Path(folder) / "api.log",
            ready_within_seconds=60,
        )
        try:
            process = psutil.Process(api.pid)
            if len(cores := process.cpu_affinity() or []) > 1:
                process.cpu_affinity(cores[:1])
            port = int(api.urls["api"].rpartition(":")[2])
            asyncio.run(measure(port, process, tokens, given.messages, _some_channel(api.urls["api"], tokens[0])))
        finally:
            api.stop()


def _some_channel(url: str, token: str) -> str:
    with httpx.Client(base_url=f"{url}/api/v1/", headers={"authorization": f"Bearer {token}"}, trust_env=False) as api:
        server = api.get("servers").json()["servers"][0]["id"]
        return str(api.get(f"servers/{server}/channels").json()["channels"][0]["id"])


if __name__ == "__main__":
    main()
