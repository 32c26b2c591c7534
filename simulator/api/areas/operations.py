"""Health, status and metrics. None of them is rate limited: whoever watches must not be shut out by who is watched."""

from __future__ import annotations

import asyncio

from simulator.api.exchange import Exchange, Form, Reply
from simulator.api.metrics import CONTENT_TYPE
from simulator.api.platform import Platform
from simulator.api.routing import serve
from simulator.catalog.routes import ROUTES
from simulator.clock import rfc3339
from simulator.units import DAY


def _checks(platform: Platform) -> dict[str, str]:
    # The stand-in has a database to be slow; of the rest it can say that nothing is wrong, or that it is not there.
    return {
        "api": "healthy",
        "database": platform.faults.database_state(),
        "redis": "healthy",
        "elasticsearch": "healthy",
        "minio": "degraded" if platform.faults.refusing_uploads else "healthy",
        "realtime": "degraded" if platform.faults.cutting else "healthy",
    }


async def health(platform: Platform, exchange: Exchange) -> Reply:
    """`degraded` while the database is slow, 503 once it would time out."""
    checks = _checks(platform)
    database = checks["database"]
    return Reply(
        {
            "status": "degraded" if "degraded" in checks.values() or database != "healthy" else "healthy",
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


async def dashboard(platform: Platform, exchange: Exchange) -> Reply:
    """Figures for a page about the platform."""
    await platform.database.query("select", "users")
    store, now = platform.store, platform.clock.now_ms()
    return Reply(
        {
            "users": len(platform.people),
            "postsLast24h": sum(post.created_ms >= now - DAY for post in store.posts),
            "messagesLast24h": sum(message.created_at >= rfc3339(now - DAY) for message in store.messages),
            "communities": len(store.communities),
            "metrics": {"held": store.sizes()},
        }
    )


async def documentation(platform: Platform, exchange: Exchange) -> Reply:
    """Every route, as a page."""
    rows = "".join(f"<li>{route.method} {route.path}" for route in ROUTES)
    return Reply(
        raw=f"<!doctype html><title>CRYB API (stand-in)</title><ul>{rows}</ul>".encode(),
        content_type=b"text/html; charset=utf-8",
    )


async def docs(platform: Platform, exchange: Exchange) -> Reply:
    """The way to the documentation."""
    return Reply(raw=b"", status=302, headers=[(b"location", b"/documentation")], content_type=b"text/plain")


async def received(platform: Platform, exchange: Exchange) -> Reply:
    """A webhook of LiveKit; what it tells is known already."""
    return Reply({"received": True}, form=Form.BARE)


async def socket_state(platform: Platform, exchange: Exchange) -> Reply:
    """The state of the real-time layer, as far as its metrics tell."""
    return Reply(
        {"status": _checks(platform)["realtime"], "instance": platform.instance},
        form=Form.BARE,
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
    serve("GET", "health-detailed", status, limit=None),
    serve("GET", "metrics/dashboard", dashboard),
    serve("GET", "/documentation", documentation, limit=None),
    serve("GET", "/docs", docs, limit=None),
    serve("GET", "/socket/health", socket_state, limit=None),
    serve("GET", "/socket/metrics", socket_state, limit=None),
    serve("POST", "/webhooks/livekit", received, limit=None),
)
