"""What users make and look at. How often is what the routes say; less of it when the mood is bad, at once."""

from __future__ import annotations

from collections.abc import Callable

from simulator.catalog.usage import share_of
from simulator.model.moment import Floats, Moment, signal
from simulator.units import DAY, HOUR, MINUTE

_V1 = "/api/v1"
_MADE: dict[str, tuple[float, str]] = {
    "content.posts": (share_of(f"POST {_V1}/posts"), "posts"),
    "content.comments": (share_of(f"POST {_V1}/comments"), "comments"),
    "content.reactions": (
        share_of(
            f"POST {_V1}/posts/:id/vote", f"POST {_V1}/comments/:id/vote", f"POST {_V1}/messages/:messageId/reactions"
        ),
        "votes and emoji",
    ),
    "content.server_moves": (
        share_of(f"POST {_V1}/servers/:serverId/join", f"POST {_V1}/servers/:serverId/leave"),
        "joins and leaves of servers",
    ),
    "content.community_moves": (
        share_of(f"POST {_V1}/communities/:name/join", f"POST {_V1}/communities/:name/leave"),
        "joins and leaves of communities",
    ),
    "content.communities": (share_of(f"POST {_V1}/communities"), "communities that are founded"),
    "content.pages": (0.16, "pages looked at"),
    "content.feature_uses": (0.2, "uses of features"),
    "content.views": (share_of(f"GET {_V1}/posts", f"GET {_V1}/posts/:id"), "contents looked at"),
    "content.shares": (0.003, "contents passed on"),
    "content.media": (0.004, "media shared"),
    "content.links": (0.006, "links shared"),
    "content.crossings": (0.0008, "users who go on elsewhere"),
    "content.moderations": (0.0012, "actions of moderators"),
}
"""Signal -> its share of all requests, and what it counts."""


def _made(share: float) -> Callable[[Moment], Floats]:
    def rate(m: Moment) -> Floats:
        return share * m["http.served"] * (1.0 - m["http.failing_share"]) * m["users.mood"]

    return rate


for _name, (_share, _meaning) in _MADE.items():
    signal(_name, "1/s", _meaning, shared=True)(_made(_share))


@signal("content.hourly_posts", "1/h", "posts of the last hour", shared=True)
def hourly_posts(m: Moment) -> Floats:
    return 3600.0 * m.mean_over("content.posts", HOUR)


@signal("content.daily_posts", "", "posts of the last day", shared=True)
def daily_posts(m: Moment) -> Floats:
    return 86_400.0 * m.mean_over("content.posts", DAY, 15 * MINUTE)


@signal("content.daily_comments", "", "comments of the last day", shared=True)
def daily_comments(m: Moment) -> Floats:
    return 86_400.0 * m.mean_over("content.comments", DAY, 15 * MINUTE)


@signal("communities.total", "", "communities", shared=True)
def communities(m: Moment) -> Floats:
    return 30.0 + m["users.total"] / 160.0


@signal("communities.active", "", "communities with something new in the last day", shared=True)
def active(m: Moment) -> Floats:
    return 0.24 * m["communities.total"] * m.mean_over("users.mood", DAY, 15 * MINUTE)


@signal("communities.growth_percent", "percent", "members that communities gained in 30 days", shared=True)
def growth_percent(m: Moment) -> Floats:
    return 2.4 + 100.0 * m.profile.traffic.growth - 100.0 * m["users.lost"]


@signal("content.community_hours", "1/s", "communities whose hour is taken down", shared=True)
def community_hours(m: Moment) -> Floats:
    return 0.24 * m["communities.total"] / 3600.0
