"""A real Prometheus as a receiver of remote write: it can be killed and started again on its port, stands behind a
door that may be shut, and tells every sample that it has, staleness markers included."""

from __future__ import annotations

from pathlib import Path

import cramjam
import httpx
import uvicorn
from starlette.requests import Request
from starlette.responses import Response

from simulator.stack.binaries import Binaries
from simulator.stack.local import LocalStack, free_port
from simulator.transport import http_client
from simulator.wire.remote_write import compress
from tests.wire.test_remote_write import decoded
from tests.wire.tsdb.reader import Cursor, LabelSet, Sample, blocks, read_block

Samples = dict[LabelSet, list[Sample]]
FLAGS = ("--web.enable-remote-write-receiver",)


class RemotePrometheus:
    """Not running at first. A context manager, which stops it."""

    def __init__(self, folder: Path, binaries: Binaries, config: str = "{}\n") -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._folder = folder
        self._binaries = binaries
        self._config = config
        self._stack: LocalStack | None = None

    def __enter__(self) -> RemotePrometheus:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        programs = {"prometheus": self._binaries.prometheus.path, "alertmanager": self._binaries.alertmanager.path}
        self._stack = LocalStack(self._folder, **programs, prometheus_port=self.port)
        self._stack.start_prometheus(lambda _: self._config, flags=FLAGS)

    def stop(self) -> None:
        if self._stack is not None:
            self._stack.stop()

    def samples(self) -> Samples:
        """All of them, by remote read (https://prometheus.io/docs/prometheus/latest/querying/remote_read_api/)."""
        everything = _field(3, b"\x08\x02" + _field(2, b"__name__") + _field(3, b".+"))  # 2: a regular expression
        query = b"\x08\x00\x10" + _varint(2**62) + everything  # from, to
        with http_client(self.url, timeout=60) as client:
            answer = client.post(
                "/api/v1/read",
                content=compress(_field(1, query)),
                headers={"Content-Type": "application/x-protobuf", "X-Prometheus-Remote-Read-Version": "0.1.0"},
            ).raise_for_status()
        response = Cursor(bytes(cramjam.snappy.decompress_raw(answer.content)))
        assert response.number(1) == 0x0A
        size = response.uvarint()
        assert response.at + size == len(response.data)
        return dict(decoded(response.data[response.at :]))  # a result is made like a request to write


def all_samples(folder: Path) -> Samples:
    """The samples of all blocks of a folder, in the order of time, each once."""
    found: Samples = {}
    for block in blocks(folder):
        for labels, samples in read_block(block).items():
            found.setdefault(labels, []).extend(samples)
    return {labels: sorted(set(samples)) for labels, samples in found.items()}


def _field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    head = bytearray()
    while number >= 0x80:
        head.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*head, number])


class Door:
    """An ASGI application between sender and Prometheus: while it is shut it answers 500; to every `lost`-th request
    that it lets through the answer is lost."""

    def __init__(self, url: str, lost: int = 7) -> None:
        self.shut = False
        self.turned_away = 0
        self._lost = lost
        self._through = 0
        self._url = url

    async def __call__(self, scope, receive, send) -> None:  # type: ignore[no-untyped-def]
        request = Request(scope, receive)
        body = await request.body()
        if self.shut:
            self.turned_away += 1
            await Response("not now", 500)(scope, receive, send)
            return
        headers = {name: value for name, value in request.headers.items() if name not in ("host", "content-length")}
        async with httpx.AsyncClient(base_url=self._url, trust_env=False, timeout=60) as client:
            answer = await client.post(scope["path"], content=body, headers=headers)
        self._through += 1
        lost = self._through % self._lost == 0
        await Response("lost" if lost else answer.content, 502 if lost else answer.status_code)(scope, receive, send)


def serving(application: Door) -> uvicorn.Server:
    """A server for it; run it on a thread, with a socket."""
    return uvicorn.Server(uvicorn.Config(application, log_level="error", lifespan="off"))
