"""What users make and look at: posts, communities, reactions, views, moderation (contract 5.6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from simulator.catalog.families import (
    CausedBy,
    Count,
    Dimension,
    Family,
    Flow,
    Level,
    Sizes,
    factors,
    same,
    shares,
    zipf,
)
from simulator.catalog.jobs import CRYB_API
from simulator.telemetry.samples import MetricType
from simulator.units import HOUR, MINUTE

TOPICS = (
    "general", "gaming", "music", "film", "books", "art", "photography", "cooking", "travel", "fitness",
    "science", "space", "history", "languages", "startups", "crypto", "design", "webdev", "linux", "hardware",
    "robotics", "gardening", "cycling", "football", "climbing", "chess", "memes", "news", "pets", "weather",
)  # fmt: skip
"""The communities that have a label value of their own, most popular first; all others are `other`."""
COMMUNITY_EXPONENT = 1.0
"""Activity over communities by rank: Zipf's law, as for words (G. K. Zipf, Human Behavior and the Principle of
Least Effort, 1949)."""

_COMMUNITIES = zipf("community", (*TOPICS, "other"), COMMUNITY_EXPONENT, tiny=3)


def _flow(name: str, signal: str, *dimensions: Dimension) -> Flow:
    return Flow(f"content.{name}", signal=signal, dimensions=dimensions)


def _membership(kind: str) -> Flow:
    """Joins and leaves; the worse the mood, the more of those who would have joined leave instead."""
    return Flow(
        f"content.{kind}_memberships",
        signal=f"content.{kind}_moves",
        dimensions=(shares("action", {"join": 0.7, "leave": 0.3}),),
        outcome="action",
        healthy=("join",),
        failures={"leave": "users.cut_short"},
    )


POSTS = _flow(
    "posts",
    "content.posts",
    _COMMUNITIES,
    shares("type", {"text": 0.58, "image": 0.22, "link": 0.12, "video": 0.05, "poll": 0.03}, tiny=2),
)
_COMMENTS = _flow("comments", "content.comments", _COMMUNITIES, shares("type", {"text": 0.94, "image": 0.06}))
_REACTIONS = _flow(
    "reactions",
    "content.reactions",
    Dimension(
        ("type", "content_type"),
        (
            (("upvote", "post"), 0.5),
            (("emoji", "message"), 0.2),
            (("upvote", "comment"), 0.18),
            (("downvote", "post"), 0.08),
            (("downvote", "comment"), 0.04),
        ),
    ),
)

_VIEWS = _flow(
    "views",
    "content.views",
    shares("content_type", {"post": 0.7, "comment": 0.2, "media": 0.1}, tiny=2),
    shares("source", {"feed": 0.6, "search": 0.15, "direct": 0.15, "external": 0.1}, tiny=2),
)
_PAGES = _flow(
    "pages",
    "content.pages",
    zipf("page", ("home", "server", "community", "channel", "post", "profile", "search", "settings"), 0.8, tiny=2),
    shares("source", {"web": 0.62, "mobile": 0.38}),
)
_FEATURES = _flow(
    "features",
    "content.feature_uses",
    zipf("feature", ("messaging", "communities", "search", "voice_chat", "uploads", "wallet"), 1.1, tiny=2),
    shares("user_type", {"regular": 0.6, "power": 0.3, "new": 0.1}, tiny=2),
)
_SHARES = _flow(
    "shares",
    "content.shares",
    shares("content_type", {"post": 0.8, "comment": 0.2}),
    shares("platform", {"link": 0.6, "x": 0.2, "reddit": 0.2}, tiny=1),
)
_MEDIA = _flow(
    "media",
    "content.media",
    shares("media_type", {"image": 0.78, "video": 0.14, "audio": 0.08}, tiny=2),
    shares("sharing_method", {"upload": 0.8, "embed": 0.2}),
)
_LINKS = _flow("links", "content.links", shares("link_type", {"external": 0.75, "internal": 0.25}))
_CROSSINGS = _flow(
    "crossings",
    "content.crossings",
    Dimension(
        ("from_platform", "to_platform"),
        (
            (("web", "mobile"), 0.4),
            (("mobile", "web"), 0.4),
            (("web", "desktop"), 0.1),
            (("desktop", "web"), 0.1),
        ),
        tiny=2,
    ),
)
_FOUNDED = _flow(
    "communities",
    "content.communities",
    shares("type", {"public": 0.8, "private": 0.2}),
    shares("creator_tier", {"free": 0.8, "basic": 0.15, "premium": 0.05}, tiny=2),
)
_BUSY = _flow("community_hours", "content.community_hours")
_MODERATED = _flow(
    "moderation",
    "content.moderations",
    shares("action", {"remove": 0.5, "warn": 0.3, "ban": 0.08, "approve": 0.12}, tiny=2),
    shares("content_type", {"post": 0.4, "comment": 0.4, "message": 0.2}, tiny=2),
    shares("reason", {"spam": 0.5, "policy_violation": 0.35, "harassment": 0.15}, tiny=2),
)

_C, _G, _H = MetricType.COUNTER, MetricType.GAUGE, MetricType.HISTOGRAM
_15M = 15 * MINUTE


MODERATION_LOAD: Final = "moderator"
"""The journey of the load that moderates; without it the model counts what moderators do."""


def _counter(
    name: str, text: str, flow: Flow, by: Mapping[str, str], *, api: bool = False, with_load: str = ""
) -> Family:
    caused_by = CausedBy.API if api else CausedBy.MODEL
    return Family(CRYB_API, name, _C, text, Count(flow, by), caused_by=caused_by, with_load=with_load)


def _percent(name: str, text: str, signal: str, label: str, table: Mapping[str, float]) -> Family:
    level = Level(signal, (factors(label, table),), noise=0.01, high=100.0, refresh_ms=_15M)
    return Family(CRYB_API, name, _G, text, level)


FAMILIES: tuple[Family, ...] = (
    _counter("cryb_posts_created_total", "Posts", POSTS, same("community", "type"), api=True),
    _counter("cryb_comments_created_total", "Comments", _COMMENTS, same("community", "type"), api=True),
    _counter("cryb_reactions_created_total", "Reactions", _REACTIONS, same("type", "content_type"), api=True),
    _counter("cryb_server_memberships_total", "Server joins, leaves", _membership("server"), same("action"), api=True),
    _counter(
        "cryb_community_memberships_total",
        "Community joins and leaves",
        _membership("community"),
        same("action"),
        api=True,
    ),
    _counter("cryb_communities_created_total", "Communities", _FOUNDED, same("type", "creator_tier"), api=True),
    _counter("cryb_page_views_total", "Pages looked at", _PAGES, same("page", "source")),
    _counter("cryb_feature_usage_total", "Uses of features", _FEATURES, same("feature", "user_type")),
    _counter("cryb_content_views_total", "Contents looked at", _VIEWS, same("content_type", "source")),
    _counter("cryb_content_shares_total", "Contents passed on", _SHARES, same("content_type", "platform")),
    _counter("cryb_media_sharing_total", "Media shared", _MEDIA, same("media_type", "sharing_method")),
    _counter("cryb_link_sharing_total", "Links shared", _LINKS, same("link_type")),
    _counter(
        "cryb_cross_platform_usage_total",
        "Users who went on elsewhere",
        _CROSSINGS,
        same("from_platform", "to_platform"),
    ),
    _counter(
        "cryb_moderation_actions_total",
        "Actions of moderators",
        _MODERATED,
        {"action_type": "action", "reason": "reason"},
        api=True,
        with_load=MODERATION_LOAD,
    ),
    _counter(
        "cryb_content_moderations_total",
        "Contents that moderators acted on",
        _MODERATED,
        same("action", "content_type", "reason"),
        api=True,
        with_load=MODERATION_LOAD,
    ),
    Family(
        CRYB_API,
        "cryb_messages_per_community",
        _H,
        "Messages of a community in an hour",
        Sizes(_BUSY, {}, (1.0, 10.0, 50.0, 100.0, 500.0, 1000.0, 5000.0, 10000.0), median=22, sigma=1.7),
    ),
    Family(
        CRYB_API,
        "cryb_communities_active",
        _G,
        "Communities with something new",
        Level(
            "communities.active",
            (factors("activity_level", {"daily": 1.0, "weekly": 2.1, "monthly": 3.2}),),
            whole=True,
            refresh_ms=HOUR,
        ),
    ),
    Family(
        CRYB_API,
        "cryb_community_growth_rate",
        _G,
        "What communities gained, percent",
        Level(
            "communities.growth_percent",
            (factors("period", {"7d": 0.25, "30d": 1.0}),),
            noise=0.02,
            low=-100.0,
            refresh_ms=HOUR,
        ),
    ),
    _percent(
        "cryb_community_engagement_rate",
        "Members who take part, percent",
        "users.engagement",
        "community_size",
        {"small": 0.9, "medium": 0.62, "large": 0.34},
    ),
    Family(
        CRYB_API,
        "cryb_content_creation_rate",
        _G,
        "Contents made an hour",
        Level(
            "content.hourly_posts",
            (factors("content_type", {"posts": 1.0, "comments": 1.6}),),
            noise=0.02,
            refresh_ms=_15M,
        ),
    ),
    _percent(
        "cryb_content_interaction_rate",
        "Views that lead to more, percent",
        "users.engagement",
        "interaction_type",
        {"like": 0.24, "comment": 0.09, "share": 0.03},
    ),
    Family(
        CRYB_API,
        "cryb_content_moderation_rate",
        _G,
        "Contents that moderators acted on, percent",
        Level("one", (factors("content_type", {"posts": 1.4, "comments": 0.8}),), noise=0.03, refresh_ms=_15M),
    ),
)
