"""What is written to logs that no counter counts: background lines of each service, as flows of their own.

Everything else that is logged is an event of a flow that some counter shows, and is declared with its line
(`simulator.streams.logs.sources`).
"""

from __future__ import annotations

from simulator.catalog.families import Dimension, Flow, shares
from simulator.catalog.http import DURATION_BOUNDS


def _kinds(table: dict[tuple[str, str], float]) -> Dimension:
    """Level and kind of line, with their shares."""
    total = sum(table.values())
    return Dimension(("level", "kind"), tuple((names, weight / total) for names, weight in table.items()))


CHATTER = Flow(
    "log.chatter",
    "log.chatter",
    (
        _kinds(
            {
                ("debug", "cache refreshed"): 42.0,
                ("debug", "query planned"): 33.0,
                ("debug", "socket heartbeat"): 15.0,
                ("warn", "slow external call"): 6.0,
                ("warn", "deprecated field used"): 4.0,
            }
        ),
    ),
)
"""Debug and warn lines of the API, which a log flood multiplies."""

WEB_PAGES = Flow(
    "log.web",
    "log.web_requests",
    (
        shares("page", {"/": 22, "/feed": 30, "/servers/:serverId": 24, "/c/:name": 14, "/settings": 4, "/login": 6}),
        shares("status", {"200": 97.2, "304": 2.0, "404": 0.7, "500": 0.1}),
    ),
    spread="http.read",
    bounds=DURATION_BOUNDS,
)
POSTGRES_SESSIONS = Flow("log.postgres_sessions", "log.postgres_sessions")
POSTGRES_CHECKPOINTS = Flow("log.postgres_checkpoints", "log.postgres_checkpoints")
REDIS_SAVES = Flow("log.redis_saves", "log.redis_saves")
SYSTEM = Flow(
    "log.system",
    "log.system",
    (_kinds({("info", "session"): 30, ("info", "timer"): 40, ("info", "docker"): 26, ("warn", "kernel"): 4}),),
)
SSH = Flow(
    "log.ssh",
    "log.ssh",
    (_kinds({("warn", "invalid"): 70, ("warn", "failed"): 24, ("info", "accepted"): 6}),),
)
