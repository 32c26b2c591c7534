"""What the store holds, and how each thing is shown to clients. Times are RFC 3339, and ms where they are sorted."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from simulator.api.people import Person

MESSAGES_PER_CHANNEL: Final = 500
COMMENTS_PER_POST: Final = 500
VOICE_TYPES: Final = frozenset({"VOICE", "STAGE"})


@dataclass(slots=True)
class Server:
    """A server (guild). `index` is the seeded server's place, -1 for one that a user made."""

    id: str
    name: str
    description: str | None
    icon: str | None
    owner_id: str
    created_at: str
    index: int = -1
    members: int = 1
    channels: list[Channel] = field(default_factory=list)
    folded: str = field(init=False)  # what a search compares

    def __post_init__(self) -> None:
        self.folded = self.name.lower()

    def view(self) -> dict[str, object]:
        return {
            "id": self.id,
            "name": self.name,
            "description": self.description,
            "icon": self.icon,
            "ownerId": self.owner_id,
            "createdAt": self.created_at,
            "_count": {"members": self.members, "channels": len(self.channels)},
        }


@dataclass(slots=True)
class Channel:
    """A channel of a server, with the ids of its newest messages."""

    id: str
    server_id: str
    name: str
    type: str
    created_at: str
    description: str | None = None
    topic: str | None = None
    user_limit: int | None = None  # of a voice channel
    messages: deque[str] = field(default_factory=lambda: deque(maxlen=MESSAGES_PER_CHANNEL))

    @property
    def metric_type(self) -> str:
        """The `channel_type` label."""
        kind = self.type.lower()
        return kind if kind in ("text", "voice", "announcement") else "text"

    def view(self) -> dict[str, object]:
        return {
            "id": self.id,
            "serverId": self.server_id,
            "name": self.name,
            "type": self.type,
            "description": self.description,
            "topic": self.topic,
            "userLimit": self.user_limit,
            "createdAt": self.created_at,
        }


@dataclass(slots=True)
class Message:
    """One message of a channel."""

    id: str
    channel_id: str
    author: Person
    content: str
    created_at: str
    reply_to: str | None = None
    edited_at: str | None = None
    attachments: list[dict[str, object]] = field(default_factory=list)
    embeds: list[dict[str, object]] = field(default_factory=list)
    reactions: dict[str, int] = field(default_factory=dict)
    pinned: bool = False
    folded: str = field(init=False)

    def __post_init__(self) -> None:
        self.folded = self.content.lower()

    def edit(self, content: str, at: str) -> None:
        """Replace the text."""
        self.content, self.folded, self.edited_at = content, content.lower(), at

    def view(self) -> dict[str, object]:
        return {
            "id": self.id,
            "content": self.content,
            "channelId": self.channel_id,
            "userId": self.author.id,
            "user": self.author.brief(),
            "replyTo": self.reply_to,
            "attachments": self.attachments,
            "embeds": self.embeds,
            "reactions": [{"emoji": emoji, "count": count} for emoji, count in self.reactions.items()],
            "isPinned": self.pinned,
            "createdAt": self.created_at,
            "editedAt": self.edited_at,
        }


@dataclass(slots=True)
class Community:
    """A community that posts belong to. `index` as with `Server`."""

    id: str
    name: str
    display_name: str
    description: str | None
    is_public: bool
    is_nsfw: bool
    created_at: str
    index: int = -1
    members: int = 1
    posts: int = 0
    founder_id: str = ""
    folded: str = field(init=False)

    def __post_init__(self) -> None:
        self.folded = self.display_name.lower()

    @property
    def metric_name(self) -> str:
        """The `community` label: what users name is not a label value."""
        return self.name if self.index >= 0 else "other"

    def view(self) -> dict[str, object]:
        return {
            "id": self.id,
            "name": self.name,
            "displayName": self.display_name,
            "description": self.description,
            "isPublic": self.is_public,
            "isNsfw": self.is_nsfw,
            "createdAt": self.created_at,
            "_count": {"members": self.members, "posts": self.posts},
        }


@dataclass(slots=True)
class Post:
    """A post with its votes and the ids of its comments."""

    id: str
    community: Community
    author: Person
    title: str
    content: str | None
    created_at: str
    created_ms: int
    url: str | None = None
    up: int = 1
    down: int = 0
    awards: int = 0
    pinned: bool = False
    locked: bool = False
    comments: deque[str] = field(default_factory=lambda: deque(maxlen=COMMENTS_PER_POST))
    folded: str = field(init=False)

    def __post_init__(self) -> None:
        self.folded = self.title.lower()

    @property
    def score(self) -> int:
        return self.up - self.down

    def view(self) -> dict[str, object]:
        return {
            "id": self.id,
            "title": self.title,
            "content": self.content,
            "url": self.url,
            "score": self.score,
            "upvotes": self.up,
            "downvotes": self.down,
            "isPinned": self.pinned,
            "isLocked": self.locked,
            "createdAt": self.created_at,
            "User": self.author.brief(),
            "Community": {
                "id": self.community.id,
                "name": self.community.name,
                "displayName": self.community.display_name,
            },
            "_count": {"Comment": len(self.comments), "Vote": self.up + self.down, "Award": self.awards},
        }


@dataclass(slots=True)
class Comment:
    """A comment on a post, or on another comment."""

    id: str
    post: Post
    author: Person
    content: str
    created_at: str
    created_ms: int
    parent_id: str | None = None
    depth: int = 0
    up: int = 1
    down: int = 0

    @property
    def score(self) -> int:
        return self.up - self.down

    def view(self) -> dict[str, object]:
        return {
            "id": self.id,
            "postId": self.post.id,
            "parentId": self.parent_id,
            "content": self.content,
            "score": self.score,
            "createdAt": self.created_at,
            "depth": self.depth,
            "User": self.author.brief(),
        }


@dataclass(slots=True)
class Notification:
    """One entry of a user's inbox."""

    id: str
    type: str
    title: str
    message: str
    created_at: str
    is_read: bool = False

    def view(self) -> dict[str, object]:
        return {
            "id": self.id,
            "type": self.type,
            "title": self.title,
            "message": self.message,
            "isRead": self.is_read,
            "createdAt": self.created_at,
        }


@dataclass(slots=True)
class StoredFile:
    """What is known of an uploaded file, and the bytes of a small one."""

    id: str
    original_name: str
    mime_type: str
    bucket: str
    uploaded_at: str
    uploaded_by: str
    size: int = 0
    hash: str = ""
    content: bytes | None = None

    def view(self) -> dict[str, object]:
        return {
            "id": self.id,
            "originalName": self.original_name,
            "filename": f"{self.id}-{self.original_name}",
            "mimeType": self.mime_type,
            "size": self.size,
            "url": f"/storage/{self.bucket}/{self.id}",
            "bucket": self.bucket,
            "hash": self.hash,
            "thumbnailUrl": f"/storage/thumbnails/{self.id}" if self.mime_type.startswith("image/") else None,
            "uploadedAt": self.uploaded_at,
            "uploadedBy": self.uploaded_by,
        }
