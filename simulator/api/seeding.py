"""What is there before anybody came: servers, channels, communities, posts, comments, messages, from the run's seed.

Every process of a run seeds the same things with the same ids, so a client may read them from any of them.
"""

from __future__ import annotations

import random
from typing import Final

from simulator.api.entities import Channel, Comment, Community, Message, Post, Server
from simulator.api.people import People, Person
from simulator.api.store import Store, cuid
from simulator.clock import rfc3339
from simulator.units import HOUR, MINUTE

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
_TOPICS: Final = (
    "general", "gaming", "music", "film", "books", "art", "photography", "cooking", "travel", "fitness",
    "science", "space", "history", "languages", "startups", "crypto", "design", "webdev", "linux", "hardware",
    "robotics", "gardening", "cycling", "football", "climbing", "chess", "memes", "news", "pets", "weather",
)  # fmt: skip
_WORDS: Final = (
    "the", "a", "new", "old", "quick", "careful", "guide", "question", "answer", "about", "with", "without",
    "better", "release", "weekend", "tonight", "voice", "channel", "server", "update", "build", "review", "list",
    "tips", "favourite", "first", "last", "open", "small", "large", "community", "people", "story", "idea", "plan",
    "help", "thread", "link", "photo", "match", "game", "album", "recipe", "route", "market", "chart",
)  # fmt: skip


def seed_store(store: Store, people: People, *, seed: int, started_ms: int) -> None:
    """Fill a new store."""
    drawn = random.Random(f"contents {seed}")  # noqa: S311 - contents, not secrets; quicker than numpy one by one

    def text(fewest: int, most: int) -> str:
        return " ".join(drawn.choices(_WORDS, k=drawn.randint(fewest, most))).capitalize()

    def somebody() -> Person:
        return people.by_number(drawn.randint(1, people.pool))

    def ago(longest_ms: int) -> int:
        return started_ms - drawn.randint(MINUTE, longest_ms)

    founder = people.by_number(1)
    founded = rfc3339(started_ms - 90 * 24 * HOUR)
    for index in range(GROUPS):
        topic = _TOPICS[index]
        members = people.pool if index == 0 else max(1, 3 * people.pool // GROUPS)
        server = Server(
            cuid(seed, "server", index),
            f"CRYB {topic.capitalize()}",
            text(4, 9),
            None,
            founder.id,
            founded,
            index=index,
            members=members,
        )
        store.servers.keep(server.id, server)
        store.seeded_servers.append(server)
        for name, kind in _CHANNELS:
            channel = Channel(cuid(seed, "channel", index, name), server.id, name, kind, founded)
            server.channels.append(channel)
            store.channels.keep(channel.id, channel)
            if kind != "TEXT":
                continue
            for when in sorted(ago(6 * HOUR) for _ in range(MESSAGES_PER_CHANNEL)):
                message = Message(
                    cuid(seed, "message", channel.id, len(channel.messages)),
                    channel.id,
                    somebody(),
                    text(3, 14),
                    rfc3339(when),
                )
                channel.messages.append(message.id)
                store.messages.put(message.id, message)
        community = Community(
            cuid(seed, "community", index),
            topic,
            topic.capitalize(),
            text(4, 9),
            True,
            False,
            founded,
            index=index,
            members=members,
            posts=POSTS_PER_COMMUNITY,
        )
        store.communities.keep(community.id, community)
        store.community_names[topic] = community
        for number, when in enumerate(sorted(ago(72 * HOUR) for _ in range(POSTS_PER_COMMUNITY))):
            post = Post(
                cuid(seed, "post", index, number),
                community,
                somebody(),
                text(4, 10),
                text(10, 40),
                rfc3339(when),
                when,
                up=int(drawn.paretovariate(1.2) * 3),  # few posts get most of the votes
                down=drawn.randint(0, 3),
            )
            store.posts.put(post.id, post)
            for reply in range(COMMENTS_PER_POST):
                later = when + (started_ms - when) * (reply + 1) // (COMMENTS_PER_POST + 1)
                comment = Comment(
                    cuid(seed, "comment", post.id, reply), post, somebody(), text(4, 20), rfc3339(later), later
                )
                post.comments.append(comment.id)
                store.comments.put(comment.id, comment)
