"""Comments: threads under a post, writing, voting."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field

from simulator.api.areas.posts import Voting, cast_vote
from simulator.api.entities import Comment, Post
from simulator.api.exchange import Body, Exchange, Failure, Form, Page, Reply
from simulator.api.moderators import require_not
from simulator.api.platform import Platform
from simulator.api.routing import serve
from simulator.api.store import window

DEEPEST: Final = 10
REPLIES_SHOWN: Final = 5


class ThreadQuery(Page):
    """GET /comments and /comments/post/:postId."""

    limit: int = Field(default=50, ge=1, le=100)
    sort: Literal["top", "new", "old", "controversial", "best"] = "best"
    depth: int = Field(default=3, ge=1, le=DEEPEST)


class ListQuery(ThreadQuery):
    """GET /comments."""

    post_id: str


class NewComment(Body):
    """POST /comments."""

    post_id: str
    content: str = Field(min_length=1, max_length=10_000)
    parent_id: str | None = None


async def comments(platform: Platform, exchange: Exchange) -> Reply:
    """The comments of the post that `postId` names."""
    query = exchange.query(ListQuery)
    return await _thread(platform, query.post_id, query)


async def of_post(platform: Platform, exchange: Exchange) -> Reply:
    """The comments of a post."""
    return await _thread(platform, exchange.values[0], exchange.query(ThreadQuery))


async def create(platform: Platform, exchange: Exchange) -> Reply:
    """Comment on a post, or on a comment; whoever wrote that hears of it."""
    body = exchange.read(NewComment)
    post = _post(platform, body.post_id)
    if post.locked:
        raise Failure(403, "FORBIDDEN", "This post is locked", form=Form.SHORT)
    require_not(platform, exchange.caller, post.community, "ban", "mute")
    parent = platform.store.comments.get(body.parent_id) if body.parent_id else None
    if body.parent_id and (parent is None or parent.post is not post):
        raise Failure(404, "NOT_FOUND", "Parent comment not found", form=Form.SHORT)
    await platform.database.query("insert", "comments")
    store = platform.store
    comment = Comment(
        store.new_id(),
        post,
        exchange.caller,
        body.content,
        store.now(),
        store.now_ms(),
        parent_id=parent.id if parent else None,
        depth=min(parent.depth + 1, DEEPEST) if parent else 0,
    )
    store.comments.put(comment.id, comment)
    post.comments.append(comment.id)
    platform.metrics.comment_created(post.community.metric_name)
    heard = parent.author if parent else post.author
    if heard.id != exchange.caller.id:
        await platform.database.query("insert", "notifications")
        platform.notify(heard, "comment", f"{exchange.caller.display_name} replied", post.title)
    return Reply(comment.view())


async def vote(platform: Platform, exchange: Exchange) -> Reply:
    """Vote on a comment."""
    body = exchange.read(Voting)
    comment = platform.store.comments.get(exchange.values[0])
    if comment is None:
        raise Failure(404, "NOT_FOUND", "Comment not found", form=Form.SHORT)
    return await cast_vote(platform, exchange, comment, body.value, "comment")


async def _thread(platform: Platform, post_id: str, query: ThreadQuery) -> Reply:
    await platform.database.query("select", "comments")
    found = window(_post(platform, post_id).comments, platform.store.comments)
    match query.sort:
        case "new":
            found.sort(key=lambda comment: comment.created_ms, reverse=True)
        case "old":
            found.sort(key=lambda comment: comment.created_ms)
        case "top" | "best":
            found.sort(key=lambda comment: comment.score, reverse=True)
        case "controversial":
            found.sort(key=lambda comment: min(comment.up, comment.down), reverse=True)
    replies: dict[str, list[Comment]] = {}
    for comment in found:
        if comment.parent_id is not None:
            replies.setdefault(comment.parent_id, []).append(comment)
    roots = [comment for comment in found if comment.parent_id is None][query.start : query.start + query.limit]
    return Reply([_view(comment, replies, query.depth) for comment in roots])


def _view(comment: Comment, replies: dict[str, list[Comment]], depth: int) -> dict[str, object]:
    below = replies.get(comment.id, [])
    shown = below[:REPLIES_SHOWN] if depth > 1 else []
    return {
        **comment.view(),
        "replies": [_view(reply, replies, depth - 1) for reply in shown],
        "hasMoreReplies": len(below) > len(shown),
    }


def _post(platform: Platform, post_id: str) -> Post:
    found = platform.store.posts.get(post_id)
    if found is None:
        raise Failure(404, "NOT_FOUND", "Post not found", form=Form.SHORT)
    return found


ENDPOINTS = (
    serve("GET", "comments", comments),
    serve("GET", "comments/post/:postId", of_post),
    serve("POST", "comments", create),
    serve("POST", "comments/:id/vote", vote),
)
