"""What the emitter answers, asked over its own socket."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray
from prometheus_client.parser import text_string_to_metric_families

from simulator.clock import ManualClock
from simulator.errors import InputError
from simulator.sinks.scrape import RouteFile, ScrapeSink
from simulator.sinks.scrape_server import ScrapeServer
from simulator.telemetry.routes import Route, write_routes
from simulator.telemetry.samples import FamilyBlock, MetricType, Series
from simulator.transport import http_client


class Counting:
    """One job, `redis`, whose instances expose the instant; the second is down from 10 s on."""

    def jobs(self) -> tuple[str, ...]:
        return ("redis",)

    def instances(self, job: str) -> tuple[str, ...]:
        return ("redis-1", "redis-2")

    def is_up(self, job: str, instance: str, at_ms: int) -> bool:
        return instance == "redis-1" or at_ms < 10_000

    def blocks(self, job: str, instance: str, times_ms: NDArray[np.int64]) -> tuple[FamilyBlock, ...]:
        series = tuple(Series("ticks_total", (("instance", instance), ("n", str(n)))) for n in range(40))
        values = np.repeat(times_ms[:, None].astype(np.float64), len(series), axis=1)
        return (FamilyBlock("ticks_total", MetricType.COUNTER, "Milliseconds.", series, times_ms, values),)


def test_the_first_answers_are_given_before_anybody_asks(clock: ManualClock) -> None:
    asked: list[tuple[str, str]] = []

    class Slow(Counting):
        def blocks(self, job: str, instance: str, times_ms: NDArray[np.int64]) -> tuple[FamilyBlock, ...]:
            asked.append((job, instance))
            return super().blocks(job, instance, times_ms)

    ScrapeSink(Slow(), clock).warm_up()
    assert asked == [("redis", "redis-1")]


class Running:
    """A scrape server on a thread of its own."""

    def __init__(self, sink: ScrapeSink) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._server = ScrapeServer(sink.answer)
        self.url = asyncio.run_coroutine_threadsafe(self._server.start(), self._loop).result(5)

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._server.stop(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(5_000)


@pytest.fixture
def routes(tmp_path: Path) -> Path:
    path = tmp_path / "routes.json"
    write_routes(path, [Route("cache & co", f"r{n}:9121", "redis", f"redis-{n}") for n in (1, 2)])
    return path


@pytest.fixture
def emitter(clock: ManualClock, routes: Path) -> Iterator[str]:
    sink = ScrapeSink(Counting(), clock, RouteFile(routes))
    running = Running(sink)
    yield running.url
    running.stop()
    sink.close()


def proxied(emitter: str, job: str, url: str, **headers: str) -> httpx.Response:
    """As Prometheus asks through a proxy: the whole URL in the request line, the job as the proxy's user."""
    user = base64.b64encode(f"{job}:".encode()).decode()
    host, port = emitter.removeprefix("http://").split(":")
    lines = [f"GET {url} HTTP/1.1", f"Host: {httpx.URL(url).host}", f"Proxy-Authorization: Basic {user}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall("\r\n".join([*lines, "Connection: close", "", ""]).encode())
        raw = b"".join(iter(lambda: connection.recv(65_536), b""))
    if not raw:
        raise ConnectionResetError
    head, _, body = raw.partition(b"\r\n\r\n")
    status, *rest = head.decode().split("\r\n")
    return httpx.Response(int(status.split()[1]), headers=[tuple(line.split(": ", 1)) for line in rest], content=body)


def value(text: str) -> float:
    return next(text_string_to_metric_families(text)).samples[0].value


def test_a_person_reads_any_instance_directly(emitter: str, clock: ManualClock) -> None:
    with http_client(emitter) as client:
        assert client.get("/").text == "/metrics/redis/redis-1\n/metrics/redis/redis-2\n"
        answer = client.get("/metrics/redis/redis-1")
        assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert value(answer.text) == 5_000
        clock.advance(1_000)
        assert value(client.get("/metrics/redis/redis-1").text) == 6_000  # the same connection
        assert client.get("/metrics/redis/redis-3").status_code == 404
        assert "did you mean 'redis/redis-1'" in client.get("/metrics/rediss/redis-1").text
        assert client.get("/elsewhere").status_code == 404
        assert client.post("/").status_code == 405
        assert client.head("/metrics/redis/redis-1").content == b""


def test_a_proxied_scrape_is_known_by_job_and_target_whatever_the_address(emitter: str) -> None:
    for instance in (1, 2):
        url = f"http://relabelled.example:80/metrics?crybsim_target=r{instance}%3A9121"
        answer = proxied(emitter, "cache & co", url)
        assert answer.status_code == 200
        assert f'instance="redis-{instance}"' in answer.text
    assert 'instance="redis-2"' in proxied(emitter, "cache & co", "http://r2:9121/metrics").text


def test_a_target_that_is_down_gets_no_answer_at_all(emitter: str, clock: ManualClock) -> None:
    url = "http://r2:9121/metrics"
    assert proxied(emitter, "cache & co", url).status_code == 200
    clock.advance(5_000)
    with pytest.raises(ConnectionResetError):
        proxied(emitter, "cache & co", url)
    assert proxied(emitter, "cache & co", "http://r1:9121/metrics").status_code == 200


def test_gzip_is_sent_to_those_who_ask(emitter: str) -> None:
    plain = proxied(emitter, "cache & co", "http://r1:9121/metrics")
    assert "content-encoding" not in plain.headers
    packed = proxied(emitter, "cache & co", "http://r1:9121/metrics", Accept_Encoding="gzip")
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < len(plain.content)
    assert packed.content == plain.content  # httpx unpacks


@pytest.mark.parametrize(
    ("job", "url", "status", "text"),
    [
        (
            "cache",
            "http://r1:9121/metrics",
            404,
            "no route for target 'r1:9121' of job 'cache'; did you mean 'cache & co'?",
        ),
        ("cache & co", "http://r9:9121/metrics", 404, "no route for target 'r9:9121'"),
        ("", "http://r1:9121/metrics", 407, "the user of proxy_url has to name the scrape job"),
    ],
)
def test_a_scrape_that_cannot_be_placed_says_why(emitter: str, job: str, url: str, status: int, text: str) -> None:
    answer = proxied(emitter, job, url)
    assert answer.status_code == status
    assert text in answer.text


def test_routes_are_read_again_when_they_change(emitter: str, routes: Path) -> None:
    assert proxied(emitter, "new", "http://n:1/metrics").status_code == 404
    write_routes(routes, [Route("new", "n:1", "redis", "redis-1")])
    assert proxied(emitter, "new", "http://n:1/metrics").status_code == 200
    routes.unlink()
    assert proxied(emitter, "new", "http://n:1/metrics").status_code == 503


def test_a_target_that_nothing_stands_in_for_is_up_and_empty(emitter: str, routes: Path) -> None:
    write_routes(routes, [Route("x", "x:1")])
    answer = proxied(emitter, "x", "http://x:1/metrics")
    assert (answer.status_code, answer.content) == (200, b"")


def test_a_broken_request_gets_a_400_and_the_next_one_an_answer(emitter: str) -> None:
    host, port = emitter.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(b"nonsense\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 400 ")
    with http_client(emitter) as client:
        assert client.get("/").status_code == 200


class Upstream(BaseHTTPRequestHandler):
    """A real exporter that tells what it was asked."""

    def do_GET(self) -> None:
        if self.path.startswith("/hang-up"):
            return
        body = json.dumps({"path": self.path, "accept": self.headers.get("Accept")}).encode()
        if self.headers.get("Connection") != "close":
            return
        self.send_response(503 if self.path.startswith("/broken") else 200)
        self.send_header("Content-Type", "application/openmetrics-text; version=1.0.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def upstream() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Upstream) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_real_server_is_asked_what_the_target_would_have_been(emitter: str, routes: Path, upstream: str) -> None:
    write_routes(routes, [Route("api", "a:3001", upstream=upstream), Route("self", "s:9090", upstream=f"{upstream}/m")])
    answer = proxied(emitter, "api", "http://a:3001/metrics?format=x&crybsim_target=a%3A3001", Accept="openmetrics")
    assert answer.json() == {"path": "/metrics?format=x", "accept": "openmetrics"}
    assert answer.headers["content-type"] == "application/openmetrics-text; version=1.0.0"
    assert proxied(emitter, "self", "http://s:9090/prometheus/metrics").json()["path"] == "/m"
    assert proxied(emitter, "api", "http://a:3001/broken").status_code == 503


def test_a_real_server_that_does_not_answer_is_a_target_that_does_not(
    emitter: str, routes: Path, upstream: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    write_routes(
        routes,
        [Route("gone", "g:1", upstream=f"http://127.0.0.1:{port}"), Route("silent", "s:1", upstream=upstream)],
    )
    for job, url in (("gone", "http://g:1/metrics"), ("silent", "http://s:1/hang-up")):
        with pytest.raises(ConnectionResetError):
            proxied(emitter, job, url)


def test_only_this_machine_is_asked(emitter: str, routes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_routes(routes, [Route("api", "a:1", upstream="http://prometheus.example")])
    answer = proxied(emitter, "api", "http://a:1/metrics")
    assert answer.status_code == 500
    assert "is not this machine" in answer.text


def test_a_port_that_is_taken_is_the_users_mistake(clock: ManualClock) -> None:
    async def start(port: int) -> None:
        server = ScrapeServer(ScrapeSink(Counting(), clock).answer)
        try:
            await server.start(port)
        finally:
            await server.stop()

    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(InputError, match=r"choose another --port"):
        asyncio.run(start(taken.getsockname()[1]))


def test_discovery_lists_every_target_where_it_was_asked_for(emitter: str) -> None:
    host = emitter.removeprefix("http://")
    with http_client(emitter) as client:
        answer = client.get("/sd")
        assert answer.headers["content-type"] == "application/json"
        assert answer.json() == [
            {
                "targets": [host],
                "labels": {
                    "job": "redis",
                    "instance": instance,
                    "__metrics_path__": f"/metrics/redis/{instance}",
                },
            }
            for instance in ("redis-1", "redis-2")
        ]
        for group in answer.json():
            assert client.get(group["labels"]["__metrics_path__"]).status_code == 200
        assert client.get("/sd?job=redis").json() == answer.json()
        tunnel = client.get("/sd", headers={"Host": "emitter.internal:80"}).json()
        assert {group["targets"][0] for group in tunnel} == {"emitter.internal:80"}
        unknown = client.get("/sd?job=reddis")
        assert (unknown.status_code, unknown.text) == (404, "there is no job 'reddis'; did you mean 'redis'?\n")
