"""Search over what is newest, and suggestions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Final, Literal, Protocol, TypeVar

from pydantic import Field

from simulator.api.exchange import Body, Exchange, Failure, Page, Reply
from simulator.api.limits import SEARCH
from simulator.api.platform import Platform
from simulator.api.routing import serve

SCANNED: Final = 1_000
"""Entries of each kind that a search looks at, newest first."""
SUGGESTED: Final = 10

KINDS: Final = ("users", "servers", "communities", "posts", "messages")


class Searchable(Protocol):
    """What has a text in lower case to look in."""

    @property
    def folded(self) -> str: ...

    def view(self) -> dict[str, object]: ...


T = TypeVar("T", bound=Searchable)


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

    found: dict[str, Sequence[Searchable]] = dict.fromkeys(KINDS, ())
    if query.type in ("all", "users"):
        found["users"] = _find(platform.people.candidates(query.q), words)
    if query.type in ("all", "servers"):
        found["servers"] = _find(store.servers.newest(), words)
    if query.type in ("all", "communities"):
        found["communities"] = _find(store.communities.newest(), words)
    if query.type in ("all", "posts"):
        found["posts"] = _find(store.posts.newest(), words)
    if query.type in ("all", "messages") and person is not None:
        readable = {channel.id for server in store.servers_of(person) for channel in server.channels}
        found["messages"] = [one for one in _find(store.messages.newest(), words) if one.channel_id in readable]
    for kind in ("users", "posts", "messages") if query.type == "all" else (query.type,):
        await platform.database.query("select", kind)
    total = sum(len(hits) for hits in found.values())
    seconds = platform.clock.monotonic() - started
    platform.metrics.searched(query.type, seconds, total)
    return Reply(
        {kind: [one.view() for one in hits[query.start : query.start + query.limit]] for kind, hits in found.items()},
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


async def advanced(platform: Platform, exchange: Exchange) -> Reply:
    """The same search; what it takes besides (dates, authors) is ignored."""
    return await search(platform, exchange)


async def in_server(platform: Platform, exchange: Exchange) -> Reply:
    """Messages of one server, for its members."""
    query = exchange.query(SearchQuery)
    server = platform.store.servers.get(exchange.values[0])
    if exchange.person is None:
        raise Failure(401, "AUTH_HEADER_MISSING", "Authorization header is required")
    if server is None or not platform.store.server_members.has(server, exchange.person):
        raise Failure(403, "FORBIDDEN", "You are not a member of this server")
    started = platform.clock.monotonic()
    await platform.database.query("select", "messages")
    readable = {channel.id for channel in server.channels}
    hits = _find(platform.store.messages.newest(), query.q.lower().split())
    found = [one for one in hits if one.channel_id in readable]
    platform.metrics.searched("messages", platform.clock.monotonic() - started, len(found))
    return Reply([one.view() for one in found[query.start : query.start + query.limit]])


async def in_direct_messages(platform: Platform, exchange: Exchange) -> Reply:
    """Direct messages of the caller's conversations."""
    query = exchange.query(SearchQuery)
    started = platform.clock.monotonic()
    await platform.database.query("select", "direct_messages")
    dealings = platform.store.dealings
    talks = (dealings.conversations.get(one) for one in dealings.talks.get(exchange.caller.id) or ())
    written = (message for talk in talks if talk is not None for message in talk.messages)
    found = _find(written, query.q.lower().split())
    platform.metrics.searched("messages", platform.clock.monotonic() - started, len(found))
    return Reply([one.view() for one in found[query.start : query.start + query.limit]])


async def suggestions(platform: Platform, exchange: Exchange) -> Reply:
    """Names of communities and servers that begin like this."""
    start = exchange.query(SuggestionQuery).q.lower()
    await platform.database.query("select", "communities")
    names = (
        *(community.display_name for community in islice(platform.store.communities.newest(), SCANNED)),
        *(server.name for server in islice(platform.store.servers.newest(), SCANNED)),
    )
    return Reply([name for name in names if name.lower().startswith(start)][:SUGGESTED])


def _find(entries: Iterable[T], words: list[str]) -> list[T]:
    found = list(islice(entries, SCANNED))
    for word in words:  # the first word thins the list out for the others
        found = [entry for entry in found if word in entry.folded]
    return found


ENDPOINTS = (
    serve("GET", "search", search, limit=SEARCH),
    serve("GET", "search/suggestions", suggestions, limit=SEARCH),
    serve("GET", "search/advanced", advanced, limit=SEARCH),
    serve("GET", "search/servers/:serverId", in_server, limit=SEARCH),
    serve("GET", "search/direct-messages", in_direct_messages, limit=SEARCH),
)
