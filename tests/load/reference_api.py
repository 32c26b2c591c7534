"""The reference API in a thread, and a disguise that makes it answer as another API would."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn

from simulator.api.app import ReferenceApi, create_app
from simulator.catalog.accounts import signing_key
from simulator.clock import Clock, WallClock
from simulator.profile.manifest import Manifest
from simulator.profile.schema import Profile

PREFIX, BASE = "/backend/v2", "/api/v1"
HEADER, KEY = "x-load-test", "let-me-through"


class MovableClock(WallClock):
    """The wall's time, and what a test adds to it."""

    ahead_ms = 0

    def now_ms(self) -> int:
        return super().now_ms() + self.ahead_ms


@dataclass
class Disguise:
    """Another base path, another header for tokens, another envelope, and a header to be let in by.

    After `expires_after` requests every token is a quarter of an hour older. Counts what came, by path.
    """

    app: ReferenceApi
    clock: MovableClock
    other: bool = True
    expires_after: int = 0
    proxy: bool = False  # that tells its own address as everybody's
    seen: Counter[str] = field(default_factory=Counter)
    strangers: int = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if self.proxy:
            headers = [(name, value) for name, value in scope["headers"] if name != b"x-forwarded-for"]
            scope = {**scope, "headers": [*headers, (b"x-forwarded-for", b"203.0.113.7")]}
        if not self.other:
            await self._count(scope["path"])
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        self.strangers += headers.get(HEADER.encode()) != KEY.encode()
        token = headers.pop(b"x-session", None)
        if token is not None:
            headers[b"authorization"] = b"Bearer " + token.removeprefix(b"Session ")
        headers.pop(b"accept-encoding", None)
        path = scope["path"].replace(PREFIX, BASE, 1) if scope["path"].startswith(PREFIX) else "/elsewhere"
        await self._count(path)
        held: list[Any] = []

        async def hold(message: Any) -> None:
            held.append(message)

        await self.app({**scope, "path": path, "headers": list(headers.items())}, receive, hold)
        start, body = held[0], b"".join(message.get("body", b"") for message in held[1:])
        if body.startswith(b'{"success":'):
            told = json.loads(body)
            wrapped = {"ok": told.pop("success"), "result": told.pop("data", None), "fault": {"name": told.get("code")}}
            body = json.dumps(wrapped).encode()
        kept = [(name, value) for name, value in start["headers"] if name != b"content-length"]
        await send({**start, "headers": [*kept, (b"content-length", str(len(body)).encode())]})
        await send({"type": "http.response.body", "body": body})

    async def _count(self, path: str) -> None:
        self.seen[path] += 1
        if self.seen.total() == self.expires_after:
            self.clock.ahead_ms += 16 * 60_000


def manifest_of(text: dict[str, object]) -> Manifest:
    """A live run's, begun now."""
    profile = Profile.model_validate(text)
    return Manifest(
        run_id="served",
        mode="live",
        profile=profile,
        profile_path="x.yaml",
        seed=1,
        started_ms=WallClock().now_ms(),
    )


def key_of(manifest: Manifest) -> str:
    """The signing key, in hexadecimal."""
    return signing_key(seed=manifest.seed, run_id=manifest.run_id).hex()


@contextmanager
def serving(manifest: Manifest, *, other: bool = False, rate_limits: bool = True) -> Iterator[tuple[str, Disguise]]:
    """The address of the API, and its disguise."""
    clock: Clock = MovableClock()
    assert isinstance(clock, MovableClock)
    disguise = Disguise(create_app(manifest, clock=clock, rate_limits=rate_limits), clock, other=other)
    server = uvicorn.Server(uvicorn.Config(disguise, port=0, log_level="critical", lifespan="off", ws="none"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 200
    while not server.started:
        assert time.monotonic() < deadline, "the API did not start"
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}", disguise
    finally:
        server.should_exit = True
        server.force_exit = True
        thread.join(10)
