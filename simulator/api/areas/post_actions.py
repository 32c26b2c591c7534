"""What is done with a post or a comment beside reading and voting: marks of one's own, reports, a moderator's hand."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from simulator.api.areas.posts import publish
from simulator.api.dealings import Report
from simulator.api.entities import Comment, Post
from simulator.api.exchange import Body, Exchange, Failure, Form, Reply
from simulator.api.moderators import moderates, require_moderator
from simulator.api.platform import Platform
from simulator.api.routing import Handler, serve

MARKS: Final = ("like", "bookmark", "repost")


class Complaint(Body):
    """POST /posts/:id/report and /comments/:id/report."""

    reason: str = Field(min_length=1, max_length=200)
    details: str | None = Field(default=None, max_length=1000)


class Crossing(Body):
    """POST /posts/:id/crosspost."""

    community_id: str
    title: str | None = Field(default=None, min_length=3, max_length=300)


def find_post(platform: Platform, exchange: Exchange) -> Post:
    """The post of the first parameter. Raises Failure 404."""
    found = platform.store.posts.get(exchange.values[0])
    if found is None:
        raise Failure(404, "NOT_FOUND", "Post not found", form=Form.SHORT)
    return found


def find_comment(platform: Platform, exchange: Exchange) -> Comment:
    """The comment of the first parameter. Raises Failure 404."""
    found = platform.store.comments.get(exchange.values[0])
    if found is None:
        raise Failure(404, "NOT_FOUND", "Comment not found", form=Form.SHORT)
    return found


async def report_post(platform: Platform, exchange: Exchange) -> Reply:
    """Have a moderator look at a post."""
    return await _report(platform, exchange, find_post(platform, exchange))


async def report_comment(platform: Platform, exchange: Exchange) -> Reply:
    """Have a moderator look at a comment."""
    return await _report(platform, exchange, find_comment(platform, exchange))


async def pin(platform: Platform, exchange: Exchange) -> Reply:
    """Pin a post, or take it down again; for moderators."""
    post = find_post(platform, exchange)
    require_moderator(platform, post.community, exchange.caller)
    await platform.database.query("update", "posts")
    post.pinned = not post.pinned
    return Reply({"postId": post.id, "isPinned": post.pinned})


async def lock(platform: Platform, exchange: Exchange) -> Reply:
    """Close a post to comments, or open it again; for moderators."""
    post = find_post(platform, exchange)
    require_moderator(platform, post.community, exchange.caller)
    await platform.database.query("update", "posts")
    post.locked = not post.locked
    return Reply({"postId": post.id, "isLocked": post.locked})


async def remove(platform: Platform, exchange: Exchange) -> Reply:
    """Take a post away; for its author and for moderators."""
    post = find_post(platform, exchange)
    own = post.author.id == exchange.caller.id
    if not own:
        require_moderator(platform, post.community, exchange.caller)
    await platform.database.query("delete", "posts")
    platform.store.drop_post(post)
    if not own:
        platform.metrics.moderation.acted("remove", None, "post")
    return Reply({"postId": post.id, "isRemoved": True})


async def crosspost(platform: Platform, exchange: Exchange) -> Reply:
    """Post what stands elsewhere into a community that the caller belongs to."""
    body = exchange.read(Crossing)
    post = find_post(platform, exchange)
    unknown = Failure(404, "NOT_FOUND", "Community not found", form=Form.SHORT)
    title = body.title or post.title
    made = await publish(platform, exchange, body.community_id, title, post.content, post.url, unknown)
    return Reply({**made.view(), "crosspostOf": post.id})


async def like_comment(platform: Platform, exchange: Exchange) -> Reply:
    """Like a comment, or stop liking it."""
    comment = find_comment(platform, exchange)
    await platform.database.query("update", "likes")
    marks, key = platform.store.dealings.marks, ("like", comment.id, exchange.caller.id)
    liked = marks.pop(key) is None
    if liked:
        marks.put(key, platform.store.now())
        platform.metrics.reaction("like", "comment")
    return Reply({"commentId": comment.id, "liked": liked})


def _marking(kind: str) -> Handler:
    async def mark(platform: Platform, exchange: Exchange) -> Reply:
        post = find_post(platform, exchange)
        await platform.database.query("insert", f"{kind}s")
        marks, key = platform.store.dealings.marks, (kind, post.id, exchange.caller.id)
        if key not in marks:
            marks.put(key, platform.store.now())
            if kind == "like":
                platform.metrics.reaction("like", "post")
        return Reply({"postId": post.id, "userId": exchange.caller.id, "createdAt": marks.get(key)})

    return mark


def _unmarking(kind: str) -> Handler:
    async def unmark(platform: Platform, exchange: Exchange) -> Reply:
        post = find_post(platform, exchange)
        await platform.database.query("delete", f"{kind}s")
        if platform.store.dealings.marks.pop((kind, post.id, exchange.caller.id)) is None:
            raise Failure(404, "NOT_FOUND", f"You have no {kind} here", form=Form.SHORT)
        return Reply({"postId": post.id, "userId": exchange.caller.id})

    return unmark


async def _report(platform: Platform, exchange: Exchange, item: Post | Comment) -> Reply:
    body = exchange.read(Complaint)
    await platform.database.query("insert", "reports")
    store = platform.store
    made = Report(store.new_id(), item, exchange.caller, body.reason, body.details, store.now())
    store.dealings.reports.put(made.id, made)
    community = item.community if isinstance(item, Post) else item.post.community
    founder = platform.people.by_id(community.founder_id)
    if founder is not None and moderates(platform, community, founder):
        platform.notify(founder, "system", "Something was reported", body.reason)
    return Reply(made.view())


ENDPOINTS = (
    serve("POST", "posts/:id/report", report_post),
    serve("POST", "posts/:id/pin", pin),
    serve("POST", "posts/:id/lock", lock),
    serve("POST", "posts/:id/remove", remove),
    serve("POST", "posts/:id/crosspost", crosspost),
    *(serve("POST", f"posts/:postId/{kind}", _marking(kind)) for kind in MARKS),
    *(serve("DELETE", f"posts/:postId/{kind}", _unmarking(kind)) for kind in MARKS),
    serve("POST", "comments/:id/report", report_comment),
    serve("POST", "comments/:id/like", like_comment),
)
