"""The messaging part of the contract on a real python-socketio server, in a thread, that counts and can misbehave.

python -m tests.load.chat_server 0        the same as a process of its own, which prints its address
"""

from __future__ import annotations

import asyncio
import itertools
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
import socketio
import uvicorn

from tests.load.stand_in_api import StandInApi

SERVER = {"id": "server1", "name": "A server"}
CHANNELS = [{"id": "voice1", "type": "VOICE"}, {"id": "channel1", "type": "TEXT"}]


class Json:
    """orjson in the form that python-socketio wants, so that a bench measures the clients and not this server."""

    loads = staticmethod(orjson.loads)

    @staticmethod
    def dumps(value: object, **_: object) -> str:
        return orjson.dumps(value).decode()


@dataclass
class ChatServer:
    """What happened, and how to misbehave: each as a function of the count of copies so far, from 1."""

    url: str = ""
    ping_seconds: float = 25.0
    presence: bool = False
    http: StandInApi = field(default_factory=StandInApi)
    events: Counter[str] = field(default_factory=Counter)
    refused: str = ""  # why nobody is let in
    errors: dict[str, str] = field(default_factory=dict)  # by event: the code that answers it
    silent: set[str] = field(default_factory=set)  # events that get no answer
    without_nonce: bool = False
    lose: set[int] = field(default_factory=set)  # of the copies to others than the sender, in the order sent
    twice: set[int] = field(default_factory=set)
    hold: set[int] = field(default_factory=set)  # comes after the sender's next copy to the same member
    copies: int = 0  # to others than the sender
    rooms: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    meetings: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    transports: Counter[str] = field(default_factory=Counter)
    connections: int = 0
    sio: Any = None
    loop: Any = None

    def app(self) -> socketio.ASGIApp:
        self.sio = sio = socketio.AsyncServer(
            async_mode="asgi", json=Json, ping_interval=self.ping_seconds, ping_timeout=20
        )
        numbers = itertools.count(1)
        authors: dict[str, str] = {}
        held: dict[tuple[str, str], list[Any]] = defaultdict(list)

        async def answers(event: str, sid: str) -> bool:
            self.events[event] += 1
            if event in self.errors:
                await sio.emit("error", {"code": self.errors[event], "message": "told to"}, to=sid)
            return event not in self.silent and event not in self.errors

        @sio.event
        async def connect(sid: str, environ: dict[str, Any], auth: dict[str, str] | None) -> None:
            self.loop = asyncio.get_running_loop()
            self.events["connect"] += 1
            self.transports[sio.transport(sid)] += 1
            if self.refused or (auth or {}).get("token") != self.http.token:
                raise socketio.exceptions.ConnectionRefusedError(self.refused or "Authentication token required")
            self.connections += 1
            authors[sid] = f"user-{next(numbers)}"
            if "ready" not in self.silent:
                ready = {"user": {"id": authors[sid]}, "servers": [SERVER], "session_id": sid}
                await sio.emit("ready", ready, to=sid)

        @sio.event
        async def disconnect(sid: str, *_: object) -> None:
            self.events["disconnect"] += 1
            for members in self.rooms.values():
                members.discard(sid)

        @sio.on("heartbeat")
        async def heartbeat(sid: str, *_: object) -> None:
            if await answers("heartbeat", sid):
                await sio.emit("heartbeat_ack", to=sid)

        @sio.on("meet")  # not in the contract: `met` once so many have come to a place
        async def meet(sid: str, body: dict[str, Any]) -> None:
            met = self.meetings[body["place"]]
            met.add(sid)
            if len(met) == body["of"]:
                for one in met:
                    await sio.emit("met", to=one)

        @sio.on("server:join")
        async def server_join(sid: str, body: dict[str, str]) -> None:
            if await answers("server:join", sid):
                await sio.emit("server:state", {**SERVER, "channels": CHANNELS}, to=sid)

        @sio.on("channel:join")
        async def channel_join(sid: str, body: dict[str, str]) -> None:
            if await answers("channel:join", sid):
                self.rooms[body["channelId"]].add(sid)
                await sio.enter_room(sid, body["channelId"])
                await sio.emit("channel:messages", {"channel_id": body["channelId"], "messages": []}, to=sid)

        @sio.on("channel:typing")
        async def typing(sid: str, body: dict[str, str]) -> None:
            await answers("channel:typing", sid)

        @sio.on("message:react")
        async def react(sid: str, body: dict[str, str]) -> None:
            if await answers("message:react", sid):
                await sio.emit("message:reaction_add", {"message_id": body["messageId"]}, to=sid)

        @sio.on("message:edit")
        async def edit(sid: str, body: dict[str, str]) -> None:
            if await answers("message:edit", sid):
                await sio.emit("message:update", {"id": body["messageId"]}, to=sid)

        @sio.on("message:create")
        async def create(sid: str, body: dict[str, Any]) -> None:
            if not await answers("message:create", sid):
                return
            message = {
                "id": f"m{next(numbers)}",
                "channelId": body["channelId"],
                "userId": authors[sid],
                "content": body["content"],
                "nonce": None if self.without_nonce else body.get("nonce"),
                "createdAt": "2026-01-05T20:00:00.000Z",
                "user": {"id": authors[sid], "username": "somebody", "displayName": "Some Body"},
                "replyTo": None,
                "attachments": [],
                "embeds": [],
                "reactions": [],
            }
            if not (self.lose or self.twice or self.hold):
                self.copies += len(self.rooms[body["channelId"]]) - 1
                await sio.emit("message:create", message, room=body["channelId"])
                return
            for member in list(self.rooms[body["channelId"]]):
                if member == sid:
                    await sio.emit("message:create", message, to=member)
                    continue
                self.copies += 1
                if self.copies in self.lose:
                    continue
                if self.copies in self.hold:
                    held[member, sid].append(message)
                    continue
                for _ in range(2 if self.copies in self.twice else 1):
                    await sio.emit("message:create", message, to=member)
                for late in held.pop((member, sid), []):
                    await sio.emit("message:create", late, to=member)

        return socketio.ASGIApp(sio, self.http.app())

    async def hang_up(self) -> None:
        """End every connection."""
        for sid in {sid for members in self.rooms.values() for sid in members}:
            await self.sio.disconnect(sid)


@contextmanager
def chatting(**settings: Any) -> Iterator[ChatServer]:
    """A server on a free port, until the block ends."""
    chat = ChatServer(**settings)
    server = uvicorn.Server(_config(chat))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 200
    while not server.started:
        assert time.monotonic() < deadline, "the chat server did not start"
        time.sleep(0.01)
    chat.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    try:
        yield chat
    finally:
        server.should_exit = True
        server.force_exit = True
        thread.join(10)


def _config(chat: ChatServer, port: int = 0) -> uvicorn.Config:
    return uvicorn.Config(chat.app(), port=port, log_level="critical", lifespan="off", backlog=4096)


if __name__ == "__main__":
    with chatting() as started:
        print(started.url, flush=True)
        sys.stdin.read()  # until whoever started it hangs up
