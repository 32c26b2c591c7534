"""Posts: ranked lists, one post, writing, voting, saving."""

from __future__ import annotations

import math
from typing import Annotated, Final, Literal

from pydantic import Field

from simulator.api.entities import Comment, Post
from simulator.api.exchange import Body, Exchange, Failure, Form, Page, Reply, page_of
from simulator.api.moderators import require_not
from simulator.api.platform import Platform
from simulator.api.routing import serve
from simulator.units import DAY, HOUR, WEEK

_FRAMES: Final = {"hour": HOUR, "day": DAY, "week": WEEK, "month": 30 * DAY, "year": 365 * DAY}

Vote = Annotated[int, Field(ge=-1, le=1)]


class PostsQuery(Page):
    """GET /posts."""

    limit: int = Field(default=25, ge=1, le=100)
    sort: Literal["hot", "new", "top", "controversial"] = "hot"
    time_frame: Literal["hour", "day", "week", "month", "year", "all"] = "all"
    community: str | None = None


class NewPost(Body):
    """POST /posts."""

    community_id: str
    title: str = Field(min_length=3, max_length=300)
    content: str | None = Field(default=None, max_length=40_000)
    url: str | None = Field(default=None, max_length=2000)
    thumbnail: str | None = Field(default=None, max_length=2000)


class Voting(Body):
    """POST /posts/:id/vote and /comments/:id/vote."""

    value: Vote


async def posts(platform: Platform, exchange: Exchange) -> Reply:
    """A page of posts, ranked; the list is cached for a minute, as the platform's is."""
    query = exchange.query(PostsQuery)
    return await _ranked(platform, query)


async def trending(platform: Platform, exchange: Exchange) -> Reply:
    """The hottest of the last day."""
    query = exchange.query(PostsQuery)
    return await _ranked(platform, query.model_copy(update={"sort": "hot", "time_frame": "day"}))


async def post(platform: Platform, exchange: Exchange) -> Reply:
    """One post."""
    await platform.database.query("select", "posts")
    return Reply(_find(platform, exchange).view())


async def create(platform: Platform, exchange: Exchange) -> Reply:
    """Write a post into a community that the caller belongs to."""
    body = exchange.read(NewPost)
    unknown = Failure(400, "INVALID_REFERENCE", "Community not found", form=Form.SHORT)
    made = await publish(platform, exchange, body.community_id, body.title, body.content, body.url, unknown)
    return Reply(made.view())


async def publish(
    platform: Platform,
    exchange: Exchange,
    community_id: str,
    title: str,
    content: str | None,
    url: str | None,
    unknown: Failure,
) -> Post:
    """A new post of the caller's. Raises `unknown` where there is no such community, Failure 403 where the caller may
    not write there."""
    store = platform.store
    community = store.communities.get(community_id)
    if community is None:
        raise unknown
    if not store.community_members.has(community, exchange.caller):
        raise Failure(403, "FORBIDDEN", "You are not a member of this community", form=Form.SHORT)
    require_not(platform, exchange.caller, community, "ban", "mute")
    await platform.database.query("insert", "posts")
    made = Post(store.new_id(), community, exchange.caller, title, content, store.now(), store.now_ms(), url=url)
    store.posts.put(made.id, made)
    community.posts += 1
    platform.metrics.post_created(community.metric_name, "link" if url else "text")
    return made


async def vote(platform: Platform, exchange: Exchange) -> Reply:
    """Vote up, down, or take the vote back."""
    body = exchange.read(Voting)
    return await cast_vote(platform, exchange, _find(platform, exchange), body.value, "post")


async def save(platform: Platform, exchange: Exchange) -> Reply:
    """Keep a post for later, or stop keeping it."""
    found = _find(platform, exchange)
    await platform.database.query("insert", "saved_posts")
    key = (found.id, exchange.caller.id)
    saved = platform.store.saved.pop(key) is None
    if saved:
        platform.store.saved.put(key, True)
    return Reply({"postId": found.id, "saved": saved})


async def cast_vote(
    platform: Platform, exchange: Exchange, item: Post | Comment, value: int, content_type: str
) -> Reply:
    """Count a vote on a post or a comment."""
    await platform.database.query("update", "votes")
    key = (item.id, exchange.caller.id)
    before = platform.store.votes.get(key) or 0
    if before == value:
        return Reply({"message": "Vote unchanged"})
    item.up += (value == 1) - (before == 1)
    item.down += (value == -1) - (before == -1)
    platform.store.votes.put(key, value)
    if value:
        platform.metrics.reaction("upvote" if value > 0 else "downvote", content_type)
    return Reply({"score": item.score, "upvotes": item.up, "downvotes": item.down, "userVote": value})


async def _ranked(platform: Platform, query: PostsQuery) -> Reply:
    key = ("posts", query.sort, query.time_frame, query.community or "", str(query.page), str(query.limit))
    cached = platform.cached_list(key)
    if cached is not None:
        return Reply(cached)
    await platform.database.query("select", "posts")
    store = platform.store
    since = store.now_ms() - _FRAMES[query.time_frame] if query.time_frame in _FRAMES else 0
    wanted = query.community.lower() if query.community else None
    found = [
        post
        for post in store.posts.newest()
        if post.created_ms >= since and (wanted is None or wanted in (post.community.name.lower(), post.community.id))
    ]
    match query.sort:
        case "new":
            found.sort(key=lambda post: post.created_ms, reverse=True)
        case "top":
            found.sort(key=lambda post: post.score, reverse=True)
        case "hot":
            found.sort(key=_heat, reverse=True)
        case "controversial":
            found.sort(key=lambda post: min(post.up, post.down) * (post.up + post.down), reverse=True)
    page = found[query.start : query.start + query.limit]
    return Reply(platform.cache_list(key, page_of([post.view() for post in page], len(found), query)))


def _heat(post: Post) -> float:
    # ten times the score outweighs 12.5 hours of age: the ranking that Reddit published as open source
    order = math.copysign(math.log10(max(abs(post.score), 1)), post.score)
    return order + post.created_ms / 45_000_000


def _find(platform: Platform, exchange: Exchange) -> Post:
    found = platform.store.posts.get(exchange.values[0])
    if found is None:
        raise Failure(404, "NOT_FOUND", "Post not found", form=Form.SHORT)
    return found


ENDPOINTS = (
    serve("GET", "posts", posts),
    serve("GET", "posts/trending", trending),
    serve("GET", "posts/:id", post),
    serve("POST", "posts", create),
    serve("POST", "posts/:id/vote", vote),
    serve("POST", "posts/:id/save", save),
)
