"""Real sockets: the port that closes and opens again."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager

import httpx
import pytest

from simulator.api.app import create_app
from simulator.api.server import Gate, serve
from simulator.clock import ManualClock
from simulator.errors import InputError
from simulator.units import MINUTE

DEADLINE_SECONDS = 30.0  # only reached by what is broken; the machine may be busy


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not await condition():  # noqa: ASYNC110 - the other side is a socket, which has no event to wait for
            await asyncio.sleep(0.01)


async def answers(url: str) -> bool:
    try:
        async with httpx.AsyncClient(trust_env=False) as client:
            return (await client.get(f"{url}/health")).status_code == 200
    except httpx.ConnectError:
        return False


async def nobody(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


@asynccontextmanager
async def running(manifest, clock):
    app = create_app(manifest, clock=clock, rate_limits=False)
    ready: asyncio.Future[dict[str, str]] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(
        serve(app, nobody, host="127.0.0.1", port=0, ready=lambda urls: ready.set_result(dict(urls)))
    )
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
            yield app, await ready
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def test_an_outage_closes_the_port_drops_connections_and_passes(make_manifest):
    fault = {"id": "down", "kind": "outage", "at": "1m", "for": "1m"}
    slow = {"id": "slow", "kind": "latency", "at": "30s", "for": "20s", "parameters": {"delay": "1m"}}
    manifest = make_manifest(faults=(fault, slow))
    clock = ManualClock(manifest.started_ms)

    async def scenario() -> None:
        async with running(manifest, clock) as (app, urls), httpx.AsyncClient(trust_env=False) as kept:
            assert (await kept.get(f"{urls['api']}/health")).status_code == 200
            clock.advance(MINUTE // 2)
            waiting = asyncio.create_task(kept.get(f"{urls['api']}/api/v1/posts", timeout=30))
            await until(lambda: _in_flight(app))
            clock.advance(MINUTE // 2)
            with pytest.raises(httpx.TransportError):  # the connection was cut, not answered
                await waiting
            await until(lambda: _not(answers(urls["api"])))
            with pytest.raises(httpx.ConnectError):
                await kept.get(f"{urls['api']}/metrics")
            async with httpx.AsyncClient(trust_env=False) as operator:
                assert (await operator.get(urls["admin"])).status_code == 200  # alive meanwhile
            clock.advance(MINUTE)
            await until(lambda: answers(urls["api"]))
            text = (await kept.get(f"{urls['api']}/metrics")).text
            assert 'route="/api/v1/posts"' not in text  # what was cut off was not answered, so not counted
            assert "http_requests_in_flight 0.0" in text

    asyncio.run(scenario())


def test_what_many_clients_saw_is_what_was_counted(make_manifest):
    faults = (
        {"id": "errors", "kind": "http_errors", "at": "0s", "for": "1h", "intensity": 0.3},
        {"id": "slow", "kind": "latency", "at": "0s", "for": "1h", "intensity": 0.2, "parameters": {"delay": "5ms"}},
    )
    manifest = make_manifest(faults=faults)
    clock = ManualClock(manifest.started_ms)
    seen: Counter[str] = Counter()

    async def scenario() -> None:
        async with (
            running(manifest, clock) as (app, urls),
            httpx.AsyncClient(trust_env=False, base_url=urls["api"]) as client,
        ):

            async def visit() -> None:
                for path in ("/health", "/api/v1/posts", "/nowhere", "/api/v1/auth/me", "/api/v1/posts?limit=0") * 3:
                    seen[str((await client.get(path)).status_code)] += 1

            await asyncio.gather(*(visit() for _ in range(20)))
            counted: Counter[str] = Counter()
            for metric in app.platform.metrics.registry.collect():
                if metric.name == "http_requests":
                    for sample in metric.samples:
                        counted[sample.labels["code"]] += int(sample.value)
            assert counted == seen
            assert sum(seen.values()) == 300
            assert seen["500"] > 0

    asyncio.run(scenario())


async def _in_flight(app) -> bool:
    return bool(app.platform.metrics.registry.get_sample_value("http_requests_in_flight") == 1)


async def _not(condition: Awaitable[bool]) -> bool:
    return not await condition


def test_an_api_that_starts_within_an_outage_is_ready_and_closed(make_manifest):
    manifest = make_manifest(faults=({"id": "down", "kind": "outage", "at": "0s", "for": "1m"},))
    clock = ManualClock(manifest.started_ms)

    async def scenario() -> None:
        async with running(manifest, clock) as (_, urls):
            assert not await answers(urls["api"])
            clock.advance(MINUTE)
            await until(lambda: answers(urls["api"]))

    asyncio.run(scenario())


def test_a_closed_gate_keeps_its_port(make_manifest):
    async def scenario() -> None:
        gate = Gate(nobody, "127.0.0.1", 0)
        try:
            for _ in range(3):
                await gate.open()
                assert await answers(gate.url)
                await gate.close()
                assert not await answers(gate.url)
                with socket.socket() as other, pytest.raises(OSError, match="in use"):
                    other.bind(("127.0.0.1", gate.port))
        finally:
            await gate.release()
        with socket.socket() as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            other.bind(("127.0.0.1", gate.port))

    asyncio.run(scenario())


def test_a_port_that_is_taken_is_told():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(InputError, match=f"port {port} on 127.0.0.1 is taken"):
            Gate(nobody, "127.0.0.1", port)


def test_an_address_that_is_not_ours_is_told():
    with pytest.raises(InputError, match=r"cannot listen on 192\.0\.2\.1:0"):
        Gate(nobody, "192.0.2.1", 0)


def test_answers_do_not_wait_for_acknowledgements():
    """With Nagle's algorithm on, the second small write of an answer waits 40 ms for the client's delayed ACK."""

    async def scenario() -> None:
        gate = Gate(nobody, "127.0.0.1", 0)
        await gate.open()
        try:
            async with httpx.AsyncClient(trust_env=False) as client:
                await client.get(gate.url)
                (connection,) = gate._server.server_state.connections  # no public way to the accepted socket
                accepted = connection.transport.get_extra_info("socket")
                assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        finally:
            await gate.release()

    asyncio.run(scenario())
