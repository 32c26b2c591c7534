"""A few routes of the contract, in a thread, that count what reaches them and can be told to misbehave."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import jwt
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

POST = {"id": "post1", "title": "A post"}
COMMUNITY = {"id": "com1", "name": "pythons"}
TOKEN = jwt.encode({"exp": 4_000_000_000}, "k" * 32, algorithm="HS256")

ENVELOPED: dict[str, object] = {
    "GET /api/v1/posts": {"items": [POST]},
    "POST /api/v1/posts": POST,
    "GET /api/v1/posts/trending": {"items": [POST]},
    "GET /api/v1/posts/{id}": POST,
    "POST /api/v1/posts/{id}/vote": {"score": 1},
    "GET /api/v1/comments/post/{id}": [],
    "POST /api/v1/comments": {"id": "comment1"},
    "GET /api/v1/communities": {"items": [COMMUNITY]},
    "POST /api/v1/communities/{id}/join": {"member": {}},
    "GET /api/v1/search": {"posts": [POST]},
    "GET /api/v1/search/suggestions": [],
    "GET /api/v1/channels/{id}/messages": {"messages": []},
    "POST /api/v1/channels/{id}/typing": {},
    "GET /api/v1/messages": {"messages": []},
    "POST /api/v1/messages": {"id": "message1"},
}
BARE: dict[str, object] = {
    "GET /api/v1/servers": {"servers": [{"id": "server1"}]},
    "GET /api/v1/servers/{id}/channels": {"channels": [{"id": "channel1", "type": "TEXT"}]},
    "GET /api/v1/notifications/notifications/unread-count": {"count": 1},
    "GET /api/v1/notifications/notifications": {"notifications": []},
}


@dataclass
class StandInApi:
    """The server, what reached it, and how it answers: a status by `METHOD /pattern`, a delay for everything."""

    url: str = ""
    requests: Counter[str] = field(default_factory=Counter)
    identifiers: Counter[str] = field(default_factory=Counter)  # by login
    addresses: set[str] = field(default_factory=set)
    statuses: dict[str, int] = field(default_factory=dict)
    delay_seconds: float = 0.0
    token: str = TOKEN
    refreshed: str = TOKEN

    @property
    def total(self) -> int:
        return sum(self.requests.values())

    def app(self) -> Starlette:
        routes = [self._route(key, {"success": True, "data": data}) for key, data in ENVELOPED.items()]
        routes += [self._route(key, data) for key, data in BARE.items()]
        routes += [
            Route("/api/v1/auth/login", self._login, methods=["POST"]),
            Route("/api/v1/auth/refresh", self._refresh, methods=["POST"]),
        ]
        return Starlette(routes=routes)

    def _route(self, key: str, answer: object) -> Route:
        method, path = key.split()

        def handle(request: Request) -> Response:
            assert request.headers["authorization"] == f"Bearer {self.token}"
            return self._answer(request, key, answer)

        return Route(path, handle, methods=[method])

    def _answer(self, request: Request, key: str, answer: object) -> Response:
        self.requests[key] += 1
        self.addresses.add(request.headers["x-forwarded-for"])
        time.sleep(self.delay_seconds)
        status = self.statuses.get(key, self.statuses.get("*", 200))
        return JSONResponse(answer if status == 200 else {"success": False, "error": "told to"}, status_code=status)

    async def _login(self, request: Request) -> Response:
        self.identifiers[(await request.json())["identifier"]] += 1
        tokens = {"accessToken": self.token, "refreshToken": "refresh1"}
        answer = {"success": True, "data": {"tokens": tokens}}
        return await run_in_threadpool(self._answer, request, "POST /api/v1/auth/login", answer)

    async def _refresh(self, request: Request) -> Response:
        self.token = self.refreshed
        response = self._answer(request, "POST /api/v1/auth/refresh", {"success": True, "data": {"user": {}}})
        response.set_cookie("accessToken", self.token, path="/", httponly=True)
        response.set_cookie("refreshToken", "refresh2", path="/api/v1/auth/refresh", httponly=True)
        return response


@contextmanager
def serving() -> Iterator[StandInApi]:
    """A stand-in on a free port, until the block ends."""
    api = StandInApi()
    server = uvicorn.Server(uvicorn.Config(api.app(), port=0, log_level="critical", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 200
    while not server.started:
        assert time.monotonic() < deadline, "the stand-in API did not start"
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    api.url = f"http://127.0.0.1:{port}"
    try:
        yield api
    finally:
        server.should_exit = True
        server.force_exit = True
        thread.join(10)
