"""The API's state: in memory, one process's own, and bounded everywhere.

The maxima are declared in `MAXIMA`. When one is reached, the oldest entry makes room (an id that still points to it is
skipped by readers). Seeded servers, channels and communities stay: scenarios are members of them by rule.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable
from typing import Final, TypeVar

from simulator.api.bounded import Bounded
from simulator.api.dealings import Dealings
from simulator.api.entities import Channel, Comment, Community, Message, Notification, Post, Server, StoredFile
from simulator.api.people import Person
from simulator.clock import Clock, rfc3339

MAXIMA: Final = {
    "servers": 2_000,
    "channels": 8_000,
    "messages": 50_000,
    "communities": 2_000,
    "posts": 5_000,
    "comments": 20_000,
    "memberships": 100_000,
    "votes": 200_000,
    "inboxes": 20_000,
    "files": 5_000,
}
"""Entries at most, beside the seeded ones."""
CHANNELS_PER_SERVER: Final = 100
INBOX: Final = 100
EMOJI_PER_MESSAGE: Final = 20

T = TypeVar("T")


class Membership:
    """Who belongs to which server or community: what was done here, else the rule for seeded ones.

    By rule everybody belongs to the first seeded group, and account n to three more, so that the pool's accounts can
    read and write on every process without joining first.
    """

    def __init__(self, seeded: int, maximum: int) -> None:
        self.seeded = seeded
        self._done: Bounded[tuple[str, str], bool] = Bounded(maximum)

    def __len__(self) -> int:
        return len(self._done)

    def has(self, group: Server | Community, person: Person) -> bool:
        done = self._done.get((group.id, person.id))
        return done if done is not None else group.index in self.by_rule(person)

    def by_rule(self, person: Person) -> frozenset[int]:
        """Indices of the seeded groups that a person belongs to from the start."""
        if not person.number:
            return frozenset({0})
        n = person.number
        return frozenset({0, n % self.seeded, (7 * n + 3) % self.seeded, (13 * n + 5) % self.seeded})

    def set(self, group: Server | Community, person: Person, *, member: bool) -> None:
        """Join or leave."""
        if self.has(group, person) != member:
            group.members += 1 if member else -1
        self._done.put((group.id, person.id), member)


class Store:
    """Everything that routes read and write. `origin` makes the ids of this process its own."""

    def __init__(self, origin: str, clock: Clock, *, seeded_groups: int) -> None:
        self._origin = origin
        self._clock = clock
        self._made = 0
        self.servers: Bounded[str, Server] = Bounded(MAXIMA["servers"], on_evict=self._drop_channels)
        self.channels: Bounded[str, Channel] = Bounded(MAXIMA["channels"])
        self.messages: Bounded[str, Message] = Bounded(MAXIMA["messages"], on_evict=self._drop_message)
        self.communities: Bounded[str, Community] = Bounded(MAXIMA["communities"], on_evict=self._drop_name)
        self.community_names: dict[str, Community] = {}
        self.posts: Bounded[str, Post] = Bounded(MAXIMA["posts"], on_evict=self._drop_post)
        self.comments: Bounded[str, Comment] = Bounded(MAXIMA["comments"], on_evict=self._drop_comment)
        self.server_members = Membership(seeded_groups, MAXIMA["memberships"])
        self.community_members = Membership(seeded_groups, MAXIMA["memberships"])
        self.seeded_servers: list[Server] = []
        self.votes: Bounded[tuple[str, str], int] = Bounded(MAXIMA["votes"])
        self.saved: Bounded[tuple[str, str], bool] = Bounded(MAXIMA["votes"])
        self.inboxes: Bounded[str, deque[Notification]] = Bounded(MAXIMA["inboxes"])
        self.joined: Bounded[str, deque[str]] = Bounded(MAXIMA["inboxes"])  # servers a user joined or made here
        self.files: Bounded[str, StoredFile] = Bounded(MAXIMA["files"])
        self.dealings = Dealings()

    def new_id(self) -> str:
        """A cuid-like id that no other process of the run makes."""
        self._made += 1
        return cuid(self._origin, self._made)

    def now(self) -> str:
        """The time as objects carry it."""
        return rfc3339(self._clock.now_ms())

    def now_ms(self) -> int:
        return self._clock.now_ms()

    def servers_of(self, person: Person) -> list[Server]:
        """The servers that a person belongs to, seeded ones first."""
        by_rule = (self.seeded_servers[index] for index in sorted(self.server_members.by_rule(person)))
        here = (self.servers.get(server_id) for server_id in self.joined.get(person.id) or ())
        found = {server.id: server for server in (*by_rule, *here) if server is not None}
        return [server for server in found.values() if self.server_members.has(server, person)]

    def join(self, server: Server, person: Person) -> None:
        """Make a person a member."""
        self.server_members.set(server, person, member=True)
        joined = self.joined.get(person.id)
        if joined is None:
            joined = deque(maxlen=INBOX)
            self.joined.put(person.id, joined)
        if server.id not in joined:
            joined.append(server.id)

    def inbox(self, person: Person) -> deque[Notification]:
        """A user's notifications, oldest first; a new inbox holds a welcome."""
        found = self.inboxes.get(person.id)
        if found is None:
            welcome = Notification(
                cuid("welcome", person.id), "system", "Welcome to CRYB", "Your account is ready.", person.created_at
            )
            found = deque([welcome], maxlen=INBOX)
            self.inboxes.put(person.id, found)
        return found

    def sizes(self) -> dict[str, int]:
        """How much is held, by collection."""
        return {
            "servers": len(self.servers),
            "channels": len(self.channels),
            "messages": len(self.messages),
            "communities": len(self.communities),
            "posts": len(self.posts),
            "comments": len(self.comments),
            "memberships": len(self.server_members) + len(self.community_members),
            "votes": len(self.votes),
            "inboxes": len(self.inboxes),
            "files": len(self.files),
            **self.dealings.sizes(),
        }

    def drop_post(self, post: Post) -> None:
        """Take a post away, with its comments."""
        if self.posts.pop(post.id) is not None:
            self._drop_post(post)

    def drop_comment(self, comment: Comment) -> None:
        """Take a comment away; its replies stay, without what they answer."""
        if self.comments.pop(comment.id) is not None and comment.id in comment.post.comments:
            comment.post.comments.remove(comment.id)

    def _drop_channels(self, server: Server) -> None:
        for channel in server.channels:
            self.channels.pop(channel.id)

    def _drop_message(self, message: Message) -> None:
        channel = self.channels.get(message.channel_id)
        if channel is not None:
            _drop_oldest(channel.messages, message.id)

    def _drop_comment(self, comment: Comment) -> None:
        _drop_oldest(comment.post.comments, comment.id)

    def _drop_name(self, community: Community) -> None:
        self.community_names.pop(community.name.lower(), None)

    def _drop_post(self, post: Post) -> None:
        post.community.posts -= 1
        for comment_id in post.comments:
            self.comments.pop(comment_id)


def cuid(*parts: object) -> str:
    """`c` and 24 characters, as Prisma's ids look (hexadecimal here); the same parts give the same id."""
    return "c" + hashlib.blake2b(repr(parts).encode(), digest_size=12).hexdigest()


def _drop_oldest(ids: deque[str], gone: str) -> None:
    # what is evicted is the oldest of all, so it is the oldest of its own list, or no longer in it
    if ids and ids[0] == gone:
        ids.popleft()


def window(ids: Iterable[str], held: Bounded[str, T]) -> list[T]:
    """The entries of these ids that are still held, in order."""
    return [entry for entry in map(held.get, ids) if entry is not None]
