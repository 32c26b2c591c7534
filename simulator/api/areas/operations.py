"""Health, status and metrics. None of them is rate limited: whoever watches must not be shut out by who is watched."""

from __future__ import annotations

import asyncio

from simulator.api.exchange import Exchange, Form, Reply
from simulator.api.metrics import CONTENT_TYPE
from simulator.api.platform import Platform
from simulator.api.routing import serve
from simulator.clock import rfc3339


def _checks(platform: Platform) -> dict[str, str]:
    # The stand-in has a database to be slow; of the rest it can say that nothing is wrong, or that it is not there.
    return {
        "api": "healthy",
        "database": platform.faults.database_state(),
        "redis": "healthy",
        "elasticsearch": "healthy",
        "minio": "healthy",
        "realtime": "disabled",
    }


async def health(platform: Platform, exchange: Exchange) -> Reply:
    """`degraded` while the database is slow, 503 once it would time out."""
    checks = _checks(platform)
    database = checks["database"]
    return Reply(
        {
            "status": "healthy" if database == "healthy" else "degraded",
            "timestamp": rfc3339(platform.clock.now_ms()),
            "checks": checks,
        },
        status=503 if database == "timeout" else 200,
        form=Form.BARE,
    )


async def status(platform: Platform, exchange: Exchange) -> Reply:
    """The state of the services."""
    checks = _checks(platform)
    return Reply(
        {"services": checks, "instance": platform.instance},
        status=503 if checks["database"] == "timeout" else 200,
    )


async def metrics(platform: Platform, exchange: Exchange) -> Reply:
    """The exposition; `?format=prometheus` asks for what it is anyway."""
    # Off the loop: the model's families take milliseconds, and requests should not wait for them.
    text = await asyncio.to_thread(platform.metrics.exposition, platform.clock.now_ms())
    return Reply(raw=text, content_type=CONTENT_TYPE)


ENDPOINTS = (
    serve("GET", "/health", health, limit=None),
    serve("GET", "/metrics", metrics, limit=None),
    serve("GET", "status", status, limit=None),
)
