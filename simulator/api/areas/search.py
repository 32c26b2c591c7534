"""Search over what is newest, and suggestions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Final, Literal, TypeVar

from pydantic import Field

from simulator.api.exchange import Body, Exchange, Page, Reply
from simulator.api.limits import SEARCH
from simulator.api.platform import Platform
from simulator.api.routing import serve

SCANNED: Final = 1_000
"""Entries of each kind that a search looks at, newest first."""
SUGGESTED: Final = 10

T = TypeVar("T")


class SearchQuery(Page):
    """GET /search."""

    q: str = Field(min_length=1, max_length=500)
    type: Literal["all", "users", "servers", "communities", "posts", "messages"] = "all"
    fuzzy: bool = False
    sort_by: Literal["relevance", "date", "popularity"] = "relevance"


class SuggestionQuery(Body):
    """GET /search/suggestions."""

    q: str = Field(min_length=1, max_length=500)


async def search(platform: Platform, exchange: Exchange) -> Reply:
    """Whatever contains the words; messages only of servers that the caller belongs to."""
    query = exchange.query(SearchQuery)
    started = platform.clock.monotonic()
    store, person = platform.store, exchange.person
    words = query.q.lower().split()

    def find(entries: Iterable[T], text: Callable[[T], str]) -> list[T]:
        return [entry for entry in islice(entries, SCANNED) if all(word in text(entry).lower() for word in words)]

    found: dict[str, list[dict[str, object]]] = {kind: [] for kind in KINDS}
    if query.type in ("all", "users"):
        found["users"] = [p.brief() for p in find(platform.people.newest(100), lambda p: p.username)]
    if query.type in ("all", "servers"):
        found["servers"] = [s.view() for s in find(store.servers.newest(), lambda s: s.name)]
    if query.type in ("all", "communities"):
        found["communities"] = [c.view() for c in find(store.communities.newest(), lambda c: c.display_name)]
    if query.type in ("all", "posts"):
        found["posts"] = [p.view() for p in find(store.posts.newest(), lambda p: p.title)]
    if query.type in ("all", "messages") and person is not None:
        readable = {channel.id for server in store.servers_of(person) for channel in server.channels}
        hits = find(store.messages.newest(), lambda m: m.content)
        found["messages"] = [message.view() for message in hits if message.channel_id in readable]
    for kind in ("users", "posts", "messages") if query.type == "all" else (query.type,):
        await platform.database.query("select", kind)
    total = sum(len(hits) for hits in found.values())
    seconds = platform.clock.monotonic() - started
    platform.metrics.searched(query.type, seconds, total)
    return Reply(
        {kind: hits[query.start : query.start + query.limit] for kind, hits in found.items()},
        extra={
            "query": query.q,
            "searchMeta": {
                "searchId": exchange.request_id,
                "searchEngine": "postgresql_fts",
                "searchTime": round(seconds * 1000, 3),
                "totalSources": total,
                "fuzzyEnabled": query.fuzzy,
                "sortBy": query.sort_by,
                "suggestions": [],
            },
        },
    )


async def suggestions(platform: Platform, exchange: Exchange) -> Reply:
    """Names of communities and servers that begin like this."""
    start = exchange.query(SuggestionQuery).q.lower()
    await platform.database.query("select", "communities")
    names = (
        *(community.display_name for community in islice(platform.store.communities.newest(), SCANNED)),
        *(server.name for server in islice(platform.store.servers.newest(), SCANNED)),
    )
    return Reply([name for name in names if name.lower().startswith(start)][:SUGGESTED])


KINDS: Final = ("users", "servers", "communities", "posts", "messages")

ENDPOINTS = (
    serve("GET", "search", search, limit=SEARCH),
    serve("GET", "search/suggestions", suggestions, limit=SEARCH),
)
