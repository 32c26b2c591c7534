"""One reference API in this process, on a clock that only moves when told to, and clients that speak HTTP to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

import httpx
import pytest

from simulator.api.app import ReferenceApi, create_app
from simulator.clock import ManualClock
from simulator.profile.manifest import Manifest
from simulator.profile.schema import Profile
from tests.api.exposed import Samples, samples_of, total_of

STARTED_MS = 1_767_643_200_000
ELSEWHERE = "203.0.113.9"


def build_manifest(
    *,
    faults: tuple[dict[str, object], ...] = (),
    instances: int = 1,
    users: int = 1_000,
    started_ms: int = STARTED_MS,
    scenarios: Sequence[str] = ("http",),
    journeys: Mapping[str, int] | None = None,
) -> Manifest:
    profile = Profile.model_validate(
        {
            "name": "test",
            "description": "for tests",
            "seed": 7,
            "start": "2026-01-05T20:00:00",
            "duration": "1h",
            "platform": {"registered_users": users, "instances": {"api": instances}},
            "faults": faults,
            "load": {"scenarios": scenarios, "journeys": journeys or {}},
        }
    )
    return Manifest(
        run_id="run-1",
        mode="live",
        profile=profile,
        profile_path="test.yaml",
        seed=profile.seed,
        started_ms=started_ms,
    )


class AsgiClient(httpx.BaseTransport):
    """Hands requests to an ASGI application, on an event loop of its own."""

    def __init__(self, app: ReferenceApi, address: str, runner: asyncio.Runner) -> None:
        self._transport = httpx.ASGITransport(app, client=(address, 50_000))
        self._runner = runner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._runner.run(self._send(request))

    async def _send(self, request: httpx.Request) -> httpx.Response:
        answer = await self._transport.handle_async_request(request)
        body = b"".join([part async for part in answer.aiter_raw()])
        return httpx.Response(answer.status_code, headers=answer.headers, content=body)


@dataclass
class Harness:
    """An API, its clock, and how long it slept."""

    app: ReferenceApi
    clock: ManualClock
    client: httpx.Client
    slept: list[float] = field(default_factory=list)

    def login(self, number: int = 7) -> dict[str, str]:
        """The headers of an account of the pool."""
        answer = self.client.post(
            "/api/v1/auth/login",
            json={"username": f"user_{number:06d}", "password": f"Rehearsal-{number:06d}"},
            headers={"x-forwarded-for": f"198.18.1.{number % 250}"},
        )
        assert answer.status_code == 200, answer.text
        return {"authorization": f"Bearer {answer.json()['data']['tokens']['accessToken']}"}

    def samples(self) -> Samples:
        """Everything that /metrics says."""
        return samples_of(self.client.get("/metrics").text)

    def total(self, name: str, **labels: str) -> float:
        """The sum of all samples of a name that carry these labels."""
        return total_of(self.samples(), name, labels)


MakeApi = Callable[..., Harness]


@pytest.fixture
def make_manifest() -> Callable[..., Manifest]:
    return build_manifest


@pytest.fixture
def make_api() -> Iterator[MakeApi]:
    """`make_api(faults=…, rate_limits=False)`; a sleep moves the clock instead of waiting."""
    stack = ExitStack()

    def make(*, address: str = ELSEWHERE, manifest: Manifest | None = None, **options: object) -> Harness:
        build = {
            name: options.pop(name)
            for name in ("faults", "instances", "users", "scenarios", "journeys")
            if name in options
        }
        clock = ManualClock(STARTED_MS)
        slept: list[float] = []

        async def sleep(seconds: float) -> None:
            slept.append(seconds)
            clock.advance(round(seconds * 1000))

        app = create_app(manifest or build_manifest(**build), clock=clock, sleep=sleep, **options)  # type: ignore[arg-type]
        runner = stack.enter_context(asyncio.Runner())
        client = stack.enter_context(httpx.Client(transport=AsgiClient(app, address, runner), base_url="http://api"))
        return Harness(app, clock, client, slept)

    with stack:
        yield make


@pytest.fixture
def api(make_api: MakeApi) -> Harness:
    """An API without faults and without rate limits."""
    return make_api(rate_limits=False)
