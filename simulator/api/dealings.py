"""What people do with each other and with money: relations, conversations, reports, punishments, payments.

Held beside the content in `Store`, and bounded like it: the oldest entry makes room.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from simulator.api.bounded import Bounded
from simulator.api.entities import Comment, Message, Post
from simulator.api.people import Person

MAXIMA: Final = {
    "relations": 100_000,
    "conversations": 10_000,
    "reports": 10_000,
    "punishments": 10_000,
    "payments": 10_000,
    "marks": 200_000,
}
"""Entries at most."""
MESSAGES_PER_CONVERSATION: Final = 200
PER_USER: Final = 100
"""Conversations, and friends, that are remembered of one user."""


@dataclass(slots=True)
class Conversation:
    """Direct messages between two people or a few."""

    id: str
    type: str  # DM or GROUP_DM
    name: str | None
    people: tuple[Person, ...]
    created_at: str
    messages: deque[Message] = field(default_factory=lambda: deque(maxlen=MESSAGES_PER_CONVERSATION))
    read_until: dict[str, str] = field(default_factory=dict)  # by user id, the newest message that was read

    def view(self) -> dict[str, object]:
        return {
            "id": self.id,
            "type": self.type,
            "name": self.name,
            "participants": [person.brief() for person in self.people],
            "createdAt": self.created_at,
            "lastMessage": self.messages[-1].view() if self.messages else None,
        }


@dataclass(slots=True)
class Report:
    """Somebody said that a post or a comment should be looked at."""

    id: str
    item: Post | Comment
    reporter: Person
    reason: str
    details: str | None
    created_at: str
    status: str = "pending"  # then approved, removed or ignored
    resolved_by: str | None = None
    note: str | None = None

    @property
    def content_type(self) -> str:
        """`post` or `comment`."""
        return "post" if isinstance(self.item, Post) else "comment"

    def view(self) -> dict[str, object]:
        return {
            "id": self.id,
            "contentType": self.content_type,
            "contentId": self.item.id,
            "reporterId": self.reporter.id,
            "reason": self.reason,
            "details": self.details,
            "status": self.status,
            "resolvedBy": self.resolved_by,
            "note": self.note,
            "createdAt": self.created_at,
        }


@dataclass(frozen=True, slots=True)
class Punishment:
    """A ban or a mute. `until` is None for one without an end."""

    id: str
    kind: str  # ban or mute
    scope: str  # the server or community
    user_id: str
    by: str
    reason: str | None
    created_at: str
    until: str | None

    def view(self) -> dict[str, object]:
        return {
            "id": self.id,
            "type": self.kind,
            "scopeId": self.scope,
            "userId": self.user_id,
            "moderatorId": self.by,
            "reason": self.reason,
            "createdAt": self.created_at,
            "expiresAt": self.until,
        }


@dataclass(slots=True)
class Payment:
    """One purchase of cryptocurrency. Its status moves with time (`simulator.api.areas.payments`)."""

    id: str
    buyer: str
    amount: str
    currency: str
    crypto_currency: str
    network: str
    wallet_address: str
    created_at: str
    created_ms: int
    refused: bool  # by the provider, which tells it later
    status: str = "PENDING"

    def view(self) -> dict[str, object]:
        return {
            "id": self.id,
            "userId": self.buyer,
            "amount": self.amount,
            "currency": self.currency,
            "cryptoCurrency": self.crypto_currency,
            "network": self.network,
            "walletAddress": self.wallet_address,
            "status": self.status,
            "createdAt": self.created_at,
        }


class Dealings:
    """The collections."""

    def __init__(self) -> None:
        self.relations: Bounded[tuple[str, str, str], str] = Bounded(MAXIMA["relations"])
        """(kind, from, to) with the instant; kinds are follow, friend and block."""
        self.conversations: Bounded[str, Conversation] = Bounded(MAXIMA["conversations"])
        self.talks: Bounded[str, deque[str]] = Bounded(MAXIMA["conversations"])
        """By user, the ids of the newest conversations."""
        self.friends: Bounded[str, deque[str]] = Bounded(MAXIMA["relations"])
        """By user, the ids of the newest friends."""
        self.reports: Bounded[str, Report] = Bounded(MAXIMA["reports"])
        self.punishments: Bounded[str, Punishment] = Bounded(MAXIMA["punishments"])
        self.sanctions: Bounded[tuple[str, str, str], Punishment] = Bounded(MAXIMA["punishments"])
        """(kind, scope, user): the latest punishment."""
        self.payments: Bounded[str, Payment] = Bounded(MAXIMA["payments"])
        self.marks: Bounded[tuple[str, str, str], str] = Bounded(MAXIMA["marks"])
        """(kind, item, user) with the instant; kinds are like, bookmark and repost."""

    def open(self, conversation: Conversation) -> None:
        """Keep a new conversation."""
        self.conversations.put(conversation.id, conversation)
        for person in conversation.people:
            _append(self.talks, person.id, conversation.id)

    def between(self, people: tuple[Person, ...]) -> Conversation | None:
        """The direct conversation of exactly these people, where there is one."""
        wanted = {person.id for person in people}
        for one in map(self.conversations.get, self.talks.get(people[0].id) or ()):
            if one is not None and one.type == "DM" and {person.id for person in one.people} == wanted:
                return one
        return None

    def befriend(self, one: str, other: str) -> None:
        """Two users are friends of each other from now on."""
        _append(self.friends, one, other)
        _append(self.friends, other, one)

    def unfriend(self, one: str, other: str) -> None:
        """And no longer."""
        for person, gone in ((one, other), (other, one)):
            held = self.friends.get(person)
            if held is not None and gone in held:
                held.remove(gone)

    def sizes(self) -> dict[str, int]:
        """How much is held, by collection."""
        return {
            "relations": len(self.relations),
            "conversations": len(self.conversations),
            "reports": len(self.reports),
            "punishments": len(self.punishments),
            "payments": len(self.payments),
            "marks": len(self.marks),
        }


def _append(lists: Bounded[str, deque[str]], key: str, value: str) -> None:
    held = lists.get(key)
    if held is None:
        held = deque(maxlen=PER_USER)
        lists.put(key, held)
    if value not in held:
        held.append(value)
