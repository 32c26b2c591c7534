"""What is there before anybody came: servers, channels, communities, posts, comments, messages, from the run's seed.

Every process of a run seeds the same things with the same ids, so a client may read them from any of them.
"""

from __future__ import annotations

import random
from typing import Final

from simulator.api.entities import Channel, Comment, Community, Message, Post, Server
from simulator.api.people import People, Person
from simulator.api.store import Store, cuid
from simulator.catalog.content import TOPICS
from simulator.clock import rfc3339
from simulator.units import DAY, HOUR, MINUTE

GROUPS: Final = 30
"""Seeded servers, and seeded communities; one topic each."""
MESSAGES_PER_CHANNEL: Final = 10
POSTS_PER_COMMUNITY: Final = 20
COMMENTS_PER_POST: Final = 3

_CHANNELS: Final = (
    ("general", "TEXT"),
    ("random", "TEXT"),
    ("help", "TEXT"),
    ("announcements", "ANNOUNCEMENT"),
    ("voice", "VOICE"),
)
_WORDS: Final = (
    "the", "a", "new", "old", "quick", "careful", "guide", "question", "answer", "about", "with", "without",
    "better", "release", "weekend", "tonight", "voice", "channel", "server", "update", "build", "review", "list",
    "tips", "favourite", "first", "last", "open", "small", "large", "community", "people", "story", "idea", "plan",
    "help", "thread", "link", "photo", "match", "game", "album", "recipe", "route", "market", "chart",
)  # fmt: skip


def seed_store(store: Store, people: People, *, seed: int, started_ms: int) -> None:
    """Fill a new store."""
    seeding = _Seeding(store, people, seed, started_ms)
    for index, topic in enumerate(TOPICS[:GROUPS]):
        seeding.server(index, topic)
        seeding.community(index, topic)


class _Seeding:
    """Draws contents and puts them into a store, in a fixed order."""

    def __init__(self, store: Store, people: People, seed: int, started_ms: int) -> None:
        self._store = store
        self._people = people
        self._seed = seed
        self._started_ms = started_ms
        self._founded = rfc3339(started_ms - 90 * DAY)
        # contents, not secrets; quicker than numpy for draws one by one
        self._drawn = random.Random(f"contents {seed}")  # noqa: S311

    def server(self, index: int, topic: str) -> None:
        """A server with its channels, and messages in those for text."""
        store = self._store
        server = Server(
            cuid(self._seed, "server", index),
            f"CRYB {topic.capitalize()}",
            self._text(4, 9),
            None,
            self._people.by_number(1).id,
            self._founded,
            index=index,
            members=self._members(index),
        )
        store.servers.keep(server.id, server)
        store.seeded_servers.append(server)
        for name, kind in _CHANNELS:
            channel = Channel(cuid(self._seed, "channel", index, name), server.id, name, kind, self._founded)
            server.channels.append(channel)
            store.channels.keep(channel.id, channel)
            if kind == "TEXT":
                self._messages(channel)

    def community(self, index: int, topic: str) -> None:
        """A community with its posts and their comments."""
        store = self._store
        community = Community(
            cuid(self._seed, "community", index),
            topic,
            topic.capitalize(),
            self._text(4, 9),
            True,
            False,
            self._founded,
            index=index,
            members=self._members(index),
            posts=POSTS_PER_COMMUNITY,
        )
        store.communities.keep(community.id, community)
        store.community_names[topic] = community
        for number, when in enumerate(self._instants(POSTS_PER_COMMUNITY, 3 * DAY)):
            post = Post(
                cuid(self._seed, "post", index, number),
                community,
                self._somebody(),
                self._text(4, 10),
                self._text(8, 24),
                rfc3339(when),
                when,
                up=int(self._drawn.paretovariate(1.2) * 3),  # few posts get most of the votes
                down=self._drawn.randint(0, 3),
            )
            store.posts.put(post.id, post)
            self._comments(post)

    def _messages(self, channel: Channel) -> None:
        for number, when in enumerate(self._instants(MESSAGES_PER_CHANNEL, 6 * HOUR)):
            message = Message(
                cuid(self._seed, "message", channel.id, number),
                channel.id,
                self._somebody(),
                self._text(3, 14),
                rfc3339(when),
            )
            channel.messages.append(message.id)
            self._store.messages.put(message.id, message)

    def _comments(self, post: Post) -> None:
        for number in range(COMMENTS_PER_POST):
            when = post.created_ms + (self._started_ms - post.created_ms) * (number + 1) // (COMMENTS_PER_POST + 1)
            comment = Comment(
                cuid(self._seed, "comment", post.id, number),
                post,
                self._somebody(),
                self._text(4, 20),
                rfc3339(when),
                when,
            )
            post.comments.append(comment.id)
            self._store.comments.put(comment.id, comment)

    def _members(self, index: int) -> int:
        """About how many belong to a group by `Membership.by_rule`."""
        return self._people.pool if index == 0 else max(1, 3 * self._people.pool // GROUPS)

    def _text(self, fewest: int, most: int) -> str:
        return " ".join(self._drawn.choices(_WORDS, k=self._drawn.randint(fewest, most))).capitalize()

    def _somebody(self) -> Person:
        return self._people.by_number(self._drawn.randint(1, self._people.pool))

    def _instants(self, count: int, longest_ms: int) -> list[int]:
        """Wall instants before the start, rising."""
        return sorted(self._started_ms - self._drawn.randint(MINUTE, longest_ms) for _ in range(count))
