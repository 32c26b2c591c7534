"""Communities: list, look at, found, join, leave."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from simulator.api.entities import Community
from simulator.api.exchange import Body, Exchange, Failure, Form, Page, Reply, page_of
from simulator.api.moderators import require_not
from simulator.api.platform import Platform
from simulator.api.routing import serve


class CommunitiesQuery(Page):
    """GET /communities."""

    sort: Literal["members", "recent", "posts", "name"] = "members"


class NewCommunity(Body):
    """POST /communities."""

    name: str = Field(min_length=3, max_length=21, pattern=r"^[A-Za-z0-9_]+$")
    display_name: str = Field(min_length=1, max_length=100)
    description: str | None = Field(default=None, max_length=1000)
    is_public: bool = True
    is_nsfw: bool = False


async def communities(platform: Platform, exchange: Exchange) -> Reply:
    """Public communities, a page of them; the list is cached."""
    query = exchange.query(CommunitiesQuery)
    key = ("communities", query.sort, str(query.page), str(query.limit))
    cached = platform.cached_list(key)
    if cached is not None:
        return Reply(cached)
    await platform.database.query("select", "communities")
    found = [community for community in platform.store.communities if community.is_public]
    match query.sort:
        case "members":
            found.sort(key=lambda community: -community.members)
        case "recent":
            found.sort(key=lambda community: community.created_at, reverse=True)
        case "posts":
            found.sort(key=lambda community: -community.posts)
        case "name":
            found.sort(key=lambda community: community.name)
    page = found[query.start : query.start + query.limit]
    return Reply(platform.cache_list(key, page_of([community.view() for community in page], len(found), query)))


async def community(platform: Platform, exchange: Exchange) -> Reply:
    """One community."""
    await platform.database.query("select", "communities")
    return Reply(_find(platform, exchange).view())


async def stats(platform: Platform, exchange: Exchange) -> Reply:
    """How much there is in a community."""
    await platform.database.query("select", "communities")
    found = _find(platform, exchange)
    return Reply({**found.view(), "memberCount": found.members, "postCount": found.posts})


async def create(platform: Platform, exchange: Exchange) -> Reply:
    """Found a community."""
    body = exchange.read(NewCommunity)
    store = platform.store
    if body.name.lower() in store.community_names:
        raise Failure(409, "CONFLICT", "A community of this name exists", form=Form.SHORT)
    await platform.database.query("insert", "communities")
    made = Community(
        store.new_id(),
        body.name,
        body.display_name,
        body.description,
        body.is_public,
        body.is_nsfw,
        store.now(),
        members=0,
        founder_id=exchange.caller.id,
    )
    store.communities.put(made.id, made)
    store.community_names[made.name.lower()] = made
    store.community_members.set(made, exchange.caller, member=True)
    platform.metrics.community_created(public=made.is_public)
    platform.metrics.community_membership("join")
    return Reply(made.view())


async def join(platform: Platform, exchange: Exchange) -> Reply:
    """Become a member."""
    await platform.database.query("insert", "community_members")
    found = _find(platform, exchange)
    if platform.store.community_members.has(found, exchange.caller):
        raise Failure(400, "BAD_REQUEST", "You are already a member", form=Form.SHORT)
    require_not(platform, exchange.caller, found, "ban")
    platform.store.community_members.set(found, exchange.caller, member=True)
    platform.metrics.community_membership("join")
    return Reply({"communityId": found.id, "userId": exchange.caller.id, "joinedAt": platform.store.now()})


async def leave(platform: Platform, exchange: Exchange) -> Reply:
    """Stop being a member."""
    await platform.database.query("delete", "community_members")
    found = _find(platform, exchange)
    if not platform.store.community_members.has(found, exchange.caller):
        raise Failure(400, "BAD_REQUEST", "You are not a member", form=Form.SHORT)
    platform.store.community_members.set(found, exchange.caller, member=False)
    platform.metrics.community_membership("leave")
    return Reply({"communityId": found.id, "userId": exchange.caller.id})


def _find(platform: Platform, exchange: Exchange) -> Community:
    found = platform.store.community_names.get(exchange.values[0].lower())
    if found is None:
        raise Failure(404, "NOT_FOUND", "Community not found", form=Form.SHORT)
    return found


ENDPOINTS = (
    serve("GET", "communities", communities),
    serve("GET", "communities/public", communities),
    serve("GET", "communities/:name", community),
    serve("GET", "communities/:name/stats", stats),
    serve("POST", "communities", create),
    serve("POST", "communities/:name/join", join),
    serve("POST", "communities/:name/leave", leave),
)
