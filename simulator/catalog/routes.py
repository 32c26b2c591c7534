"""The API's HTTP routes, as data: what a `route` label may say, what a fault may narrow to, what the stand-in serves.

Source: the platform contract, sections 1.2, 2 and 4. A pattern writes parameters as `:name`, has no query string and no
trailing slash; that is also how the `route` label of the HTTP metrics is written.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

UNMATCHED = "unmatched"
"""The `route` label of a request that matches no route."""


class Auth(StrEnum):
    """Whether a route wants an `Authorization: Bearer` header."""

    BEARER = "bearer"
    OPTIONAL = "optional"
    NONE = "none"


@dataclass(frozen=True)
class Route:
    """One method on one pattern.

    `area` is the part of the API it belongs to (`auth`, `posts`, …; `root` outside `/api`). `journey` marks what the
    shipped user journeys need, so what the reference API serves with state behind it. `database` marks the routes that
    wait for PostgreSQL, so the ones that slow down with it.
    """

    method: str
    path: str
    auth: Auth
    area: str
    journey: bool = False
    database: bool = True


_B, _O, _N = Auth.BEARER, Auth.OPTIONAL, Auth.NONE
_V1 = "/api/v1"

# (methods, auth, paths); a path that does not begin with "/" follows /api/v1/.
_JOURNEY: tuple[tuple[str, Auth, tuple[str, ...]], ...] = (
    ("GET", _N, ("/health", "/metrics", "status")),
    ("POST", _N, ("auth/register", "auth/login", "auth/refresh")),
    ("GET", _B, ("auth/me",)),
    ("POST", _B, ("auth/logout",)),
    ("GET PATCH", _B, ("users/me",)),
    ("GET", _B, ("users/:userId", "users/me/servers")),
    ("GET POST", _B, ("servers",)),
    ("GET", _B, ("servers/:serverId",)),
    ("GET POST", _B, ("servers/:serverId/channels", "servers/channels/:channelId/messages")),
    ("POST", _B, ("servers/:serverId/join", "servers/:serverId/leave")),
    ("GET", _N, ("communities", "communities/public", "communities/:name")),
    ("POST", _B, ("communities", "communities/:name/join", "communities/:name/leave")),
    ("GET POST", _B, ("channels",)),
    ("GET", _B, ("channels/:channelId", "channels/:channelId/messages")),
    ("POST", _B, ("channels/:channelId/typing",)),
    ("GET POST", _B, ("messages",)),
    ("GET PATCH DELETE", _B, ("messages/:messageId",)),
    ("POST", _B, ("messages/:messageId/reactions",)),
    ("GET", _O, ("posts", "posts/:id")),
    ("GET", _N, ("posts/trending",)),
    ("POST", _B, ("posts", "posts/:id/vote", "posts/:id/save")),
    ("GET", _N, ("comments", "comments/post/:postId")),
    ("POST", _B, ("comments", "comments/:id/vote")),
    ("GET", _O, ("search", "search/suggestions")),
    ("GET", _B, ("notifications/notifications", "notifications/notifications/unread-count")),
    (
        "POST",
        _B,
        ("notifications/notifications/:notificationId/read", "notifications/notifications/read-all"),
    ),
)

_FURTHER: tuple[tuple[str, Auth, tuple[str, ...]], ...] = (
    ("GET", _N, ("/documentation", "/docs", "/socket/health", "/socket/metrics")),
    ("POST", _N, ("/webhooks/livekit", "/webhooks/stripe", "/webhooks/transak")),
    ("GET", _N, ("health-detailed", "metrics/dashboard")),
    ("POST", _N, ("auth/verify-2fa", "auth/forgot-password", "auth/reset-password")),
    ("POST", _B, ("auth/logout-all",)),
    ("GET", _B, ("auth/sessions",)),
    ("PATCH", _B, ("users/me/presence",)),
    ("GET", _B, ("users/me/friends", "users/search")),
    ("POST DELETE", _B, ("users/:username/follow", "users/:userId/friend", "users/:userId/block")),
    ("GET", _N, ("communities/:name/stats",)),
    ("PATCH DELETE", _B, ("channels/:channelId",)),
    ("POST", _B, ("messages/:messageId/pin", "messages/:messageId/unpin")),
    (
        "GET POST",
        _B,
        ("direct-messages/conversations", "direct-messages/conversations/:conversationId/messages"),
    ),
    (
        "POST",
        _B,
        (
            "direct-messages/conversations/:conversationId/read",
            "direct-messages/conversations/:conversationId/typing",
        ),
    ),
    ("POST", _B, ("posts/:id/report", "posts/:id/pin", "posts/:id/lock", "posts/:id/remove", "posts/:id/crosspost")),
    ("POST DELETE", _B, ("posts/:postId/like", "posts/:postId/bookmark", "posts/:postId/repost")),
    ("POST", _B, ("comments/:id/report", "comments/:id/like")),
    ("GET", _O, ("search/advanced", "search/servers/:serverId")),
    ("GET", _B, ("search/direct-messages",)),
    (
        "POST",
        _B,
        ("uploads/avatar", "uploads/attachment", "uploads/media", "uploads/document", "uploads/presigned-url"),
    ),
    ("GET", _B, ("uploads/:fileId/info", "uploads/:fileId/download")),
    ("DELETE", _B, ("uploads/:fileId",)),
    (
        "POST",
        _B,
        (
            "moderation/analyze",
            "moderation/servers/:serverId/ban",
            "moderation/communities/:communityId/ban",
            "moderation/communities/:communityId/mute",
            "moderation/reports/:reportId/resolve",
            "moderation/appeal",
        ),
    ),
    ("GET", _B, ("moderation/communities/:communityId/queue", "/api/moderation/queue")),
    ("POST", _B, ("/api/moderation/analyze",)),
    ("POST", _B, ("awards/post/:postId", "awards/comment/:commentId")),
    ("POST", _B, ("crypto-payments/purchase", "crypto-payments/payments/:paymentId/cancel")),
    ("GET", _B, ("crypto-payments/payments", "crypto-payments/payments/:paymentId")),
    ("POST", _B, ("voice/channels/:channelId/join", "voice/channels/:channelId/leave")),
    ("PATCH", _B, ("voice/state",)),
    ("GET", _B, ("voice/channels/:channelId/participants", "voice/token", "voice/calls/active", "voice/scale/status")),
    (
        "POST",
        _B,
        (
            "voice/rooms",
            "voice/rooms/:roomId/join",
            "voice/video/call",
            "voice/video/join/:callId",
            "voice/screen-share/start",
            "voice/screen-share/stop",
            "voice/quality/report",
        ),
    ),
    ("GET", _N, ("voice/health",)),
    ("POST", _N, ("voice/webhook",)),
)

# Answered from memory, from Redis or by the SFU: a slow database does not slow them down.
_WITHOUT_DATABASE = frozenset(
    {f"{_V1}/status", f"{_V1}/voice/health", f"{_V1}/voice/webhook", f"{_V1}/channels/:channelId/typing"}
)


def _expand(rows: tuple[tuple[str, Auth, tuple[str, ...]], ...], *, journey: bool) -> Iterator[Route]:
    for methods, auth, paths in rows:
        for written in paths:
            path = written if written.startswith("/") else f"{_V1}/{written}"
            served = path.startswith("/api/")
            area = path.removeprefix("/api/").removeprefix("v1/").partition("/")[0] if served else "root"
            database = served and path not in _WITHOUT_DATABASE
            for method in methods.split():
                yield Route(method, path, auth, area, journey=journey, database=database)


ROUTES: tuple[Route, ...] = (*_expand(_JOURNEY, journey=True), *_expand(_FURTHER, journey=False))
"""Every route of the contract, the ones of the user journeys first."""

BY_KEY: dict[tuple[str, str], Route] = {(route.method, route.path): route for route in ROUTES}
"""Routes by method and pattern."""

PATTERNS: frozenset[str] = frozenset(route.path for route in ROUTES)
"""What a fault's `target.route` may name."""
