"""Service level indicators of the platform: which events count, and which of them are bad.

Each is a share of events that went well, as the SRE Workbook (chapter 2) recommends. The objectives are those of the
reference alerts; an indicator without one is judged by no budget.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from simulator.catalog import database, http, messaging, notifications, search, security, uploads, voice
from simulator.catalog.families import Flow, rows


@dataclass(frozen=True)
class Sli:
    """One indicator. Bad are events of rows that match all of `bad`, and where given those slower than a bound of the
    flow, in seconds. `target` is the objective for the share of good events."""

    name: str
    meaning: str
    flows: tuple[Flow, ...]
    bad: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    slower_than: float = 0.0
    target: float | None = None


def _values(label: str, *flows: Flow) -> set[str]:
    """Every value of a label of some flows."""
    return {row[label] for flow in flows for row, _ in rows(flow.dimensions)}


_LOGINS = (security.PASSWORD_LOGINS, security.OTHER_LOGINS)
_REFUSED = tuple(sorted(_values("_outcome", *_LOGINS) - {"success"}))
SERVER_ERRORS = tuple(sorted(code for code in _values("code", http.REQUESTS) if code >= "500"))
"""Codes of requests that the platform itself failed."""

AVAILABILITY = Sli(
    "availability", "requests that do not end with 5xx", (http.REQUESTS,), {"code": SERVER_ERRORS}, target=0.999
)

SLIS: tuple[Sli, ...] = (
    AVAILABILITY,
    Sli("latency", "requests answered within 500 ms", (http.REQUESTS,), slower_than=0.5, target=0.95),
    Sli("database", "queries done within a second", (database.QUERIES,), slower_than=database.SLOW_SECONDS),
    Sli("cache", "lookups that found their key", (database.CACHE,), {"_result": ("miss",)}),
    Sli("logins", "attempts to log in that succeed", _LOGINS, {"_outcome": _REFUSED}),
    Sli("messages", "messages that reach their channel", (messaging.MESSAGES,), {"_end": tuple(messaging.FAILED)}),
    Sli("calls", "calls of good quality", (voice.CALLS,), {"_quality": ("poor",)}),
    Sli("uploads", "uploads that are stored", (uploads.UPLOADS,), {"error_type": tuple(uploads.FAILED)}),
    Sli(
        "notifications",
        "notifications that arrive",
        (notifications.NOTIFICATIONS,),
        {"reason": tuple(notifications.FAILED)},
    ),
    Sli("search", "searches that are answered", (search.QUERIES,), {"_end": tuple(search.FAILED)}),
)
"""Every indicator, availability first."""
