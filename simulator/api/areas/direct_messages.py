"""Direct messages: conversations between two people or a few."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from simulator.api.areas.messages import Attachment, Content
from simulator.api.dealings import Conversation
from simulator.api.entities import Message
from simulator.api.exchange import Body, Exchange, Failure, Page, Reply
from simulator.api.limits import MESSAGING
from simulator.api.metrics import ApiMetrics
from simulator.api.people import Person
from simulator.api.platform import Platform
from simulator.api.routing import serve


class NewConversation(Body):
    """POST /direct-messages/conversations."""

    user_ids: list[str] = Field(min_length=1, max_length=10)
    name: str | None = Field(default=None, min_length=1, max_length=100)
    type: Literal["DM", "GROUP_DM"] = "DM"


class DirectPosting(Body):
    """POST /direct-messages/conversations/:conversationId/messages."""

    content: Content
    reply_to_id: str | None = None
    attachments: list[Attachment] = Field(default_factory=list, max_length=10)


async def conversations(platform: Platform, exchange: Exchange) -> Reply:
    """The caller's, the one that was begun last first."""
    await platform.database.query("select", "conversations")
    mine = platform.store.dealings.talks.get(exchange.caller.id) or ()
    found = (platform.store.dealings.conversations.get(one) for one in reversed(list(mine)))
    return Reply([one.view() for one in found if one is not None])


async def begin(platform: Platform, exchange: Exchange) -> Reply:
    """A new conversation; of two people there is one only."""
    body = exchange.read(NewConversation)
    me = exchange.caller
    others: dict[str, Person] = {}
    for user_id in body.user_ids:
        person = platform.people.by_id(user_id)
        if person is None or person.id == me.id:
            raise Failure(400, "INVALID_REFERENCE", "userIds has to name other users")
        others[person.id] = person
    if body.type == "DM" and len(others) != 1:
        raise Failure(400, "BAD_REQUEST", "A DM is with one user; GROUP_DM is for more")
    dealings = platform.store.dealings
    for other in others:
        if ("block", other, me.id) in dealings.relations:
            raise Failure(403, "FORBIDDEN", "This user does not want to hear from you")
    await platform.database.query("insert", "conversations")
    people = (me, *others.values())
    made = dealings.between(people) if body.type == "DM" else None
    if made is None:
        made = Conversation(platform.store.new_id(), body.type, body.name, people, platform.store.now())
        dealings.open(made)
    return Reply(made.view(), status=201)


async def messages(platform: Platform, exchange: Exchange) -> Reply:
    """Newest first."""
    query = exchange.query(Page)
    found = _find(platform, exchange)
    await platform.database.query("select", "direct_messages")
    newest = list(reversed(found.messages))[query.start : query.start + query.limit]
    return Reply({"messages": [message.view() for message in newest], "total": len(found.messages)})


async def write(platform: Platform, exchange: Exchange) -> Reply:
    """Write into a conversation; the others hear of it."""
    body = exchange.read(DirectPosting)
    found = _find(platform, exchange)
    await platform.database.query("insert", "direct_messages")
    store = platform.store
    message = Message(
        store.new_id(),
        found.id,
        exchange.caller,
        body.content,
        store.now(),
        reply_to=body.reply_to_id,
        attachments=[attachment.model_dump(by_alias=True) for attachment in body.attachments],
    )
    found.messages.append(message)

    async def tell() -> None:
        for person in found.people:
            if person.id != exchange.caller.id:
                platform.notify(person, "dm", f"{exchange.caller.display_name} wrote to you", body.content[:100])

    await platform.deliveries.deliver("dm", exchange.started, tell)
    return Reply(message.view(), status=201)


async def read(platform: Platform, exchange: Exchange) -> Reply:
    """Everything up to now is read."""
    found = _find(platform, exchange)
    await platform.database.query("update", "conversations")
    if found.messages:
        found.read_until[exchange.caller.id] = found.messages[-1].id
    return Reply({"message": "Marked as read"})


async def typing(platform: Platform, exchange: Exchange) -> Reply:
    """Say that the caller is typing."""
    _find(platform, exchange)
    return Reply({"message": "Typing indicator sent"})


def _find(platform: Platform, exchange: Exchange) -> Conversation:
    found = platform.store.dealings.conversations.get(exchange.values[0])
    if found is None or exchange.caller.id not in {person.id for person in found.people}:
        raise Failure(403, "FORBIDDEN", "You are not part of this conversation")
    return found


def _refused(metrics: ApiMetrics, status: int) -> None:
    reason = {429: "rate_limited", 400: "validation", 422: "validation", 500: "unknown"}.get(status)
    if reason is not None:
        metrics.message_failed("dm", reason)


_ONE = "direct-messages/conversations/:conversationId"

ENDPOINTS = (
    serve("GET", "direct-messages/conversations", conversations),
    serve("POST", "direct-messages/conversations", begin),
    serve("GET", f"{_ONE}/messages", messages),
    serve("POST", f"{_ONE}/messages", write, limit=MESSAGING, refused=_refused),
    serve("POST", f"{_ONE}/read", read),
    serve("POST", f"{_ONE}/typing", typing),
)
