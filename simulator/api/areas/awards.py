"""Awards on posts and comments."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from simulator.api.areas.post_actions import find_comment, find_post
from simulator.api.entities import Comment, Post
from simulator.api.exchange import Body, Exchange, Failure, Form, Reply
from simulator.api.platform import Platform
from simulator.api.routing import serve

TYPES: Final = ("silver", "gold", "platinum")
"""Suggested: the contract names none."""


class Awarding(Body):
    """POST /awards/post/:postId and /awards/comment/:commentId."""

    award_type: str = Field(alias="type", min_length=1, max_length=50)


async def of_post(platform: Platform, exchange: Exchange) -> Reply:
    """Award a post."""
    return await _award(platform, exchange, find_post(platform, exchange))


async def of_comment(platform: Platform, exchange: Exchange) -> Reply:
    """Award a comment."""
    return await _award(platform, exchange, find_comment(platform, exchange))


async def _award(platform: Platform, exchange: Exchange, item: Post | Comment) -> Reply:
    kind = exchange.read(Awarding).award_type
    if kind not in TYPES:
        raise Failure(400, "BAD_REQUEST", f"There are the awards {', '.join(TYPES)}", form=Form.SHORT)
    await platform.database.query("insert", "awards")
    store = platform.store
    if isinstance(item, Post):
        item.awards += 1
    made = {
        "id": store.new_id(),
        "type": kind,
        "postId": item.id if isinstance(item, Post) else None,
        "commentId": item.id if isinstance(item, Comment) else None,
        "giverId": exchange.caller.id,
        "createdAt": store.now(),
    }
    if item.author.id != exchange.caller.id:
        platform.notify(item.author, "award", f"{exchange.caller.display_name} gave you an award", kind)
    return Reply(made)


ENDPOINTS = (
    serve("POST", "awards/post/:postId", of_post),
    serve("POST", "awards/comment/:commentId", of_comment),
)
