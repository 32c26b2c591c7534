"""A receiver of remote write that answers as it is told to, and otherwise as a Prometheus does: it takes a request
whole or not at all, refuses what is older than what it has of a series, and takes the newest sample twice."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import cramjam
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.telemetry.samples import Labels
from tests.wire.test_remote_write import decoded

Sample = tuple[int, int]
Samples = dict[Labels, list[Sample]]


@dataclass(frozen=True)
class Say:
    """An answer. `keep`: the samples are kept all the same, as when an answer is lost on its way."""

    status: int
    text: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    keep: bool = False


Script = Callable[[int], Say | None]
"""What to say to the request of this number (from 0); None: what a Prometheus says."""


class Receiver:
    """Listens on loopback, on a thread of its own. A context manager."""

    def __init__(self, script: Script = lambda _: None) -> None:
        self.script = script
        self.samples: Samples = {}
        self.requests: list[list[tuple[Labels, list[Sample]]]] = []
        self.headers: list[Mapping[str, str]] = []
        self._lock = threading.Lock()
        self._given = script
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/api/v1/write"
        app = Starlette(routes=[Route("/api/v1/write", self._write, methods=["POST"])])
        self._server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]})

    def __enter__(self) -> Receiver:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._server.force_exit = True
        self._thread.join()
        self._socket.close()

    def begin_anew(self) -> None:
        """Forget everything."""
        self.script, self.samples, self.requests, self.headers = self._given, {}, [], []

    async def _write(self, request: Request) -> Response:
        body = await request.body()
        return await run_in_threadpool(self._answer, body, dict(request.headers))

    def _answer(self, body: bytes, headers: Mapping[str, str]) -> Response:
        series = decoded(bytes(cramjam.snappy.decompress_raw(body)))
        with self._lock:
            number = len(self.requests)
            self.requests.append(series)
            self.headers.append(headers)
            said = self.script(number)
            if said is None:
                said = self._take(series)
            elif said.keep:
                self._take(series)
        return Response(said.text, said.status, dict(said.headers))

    def _take(self, series: list[tuple[Labels, list[Sample]]]) -> Say:
        for labels, samples in series:
            newest = self.samples.get(labels, [(-(2**63), 0)])[-1]
            for sample in samples:
                if sample[0] < newest[0]:
                    return Say(400, "out of order sample\n")
                if sample[0] == newest[0] and sample != newest:
                    return Say(400, "duplicate sample for timestamp\n")
                newest = sample
        for labels, samples in series:
            kept = self.samples.setdefault(labels, [])
            kept.extend(sample for sample in samples if not kept or sample[0] > kept[-1][0])
        return Say(204)
