"""What journeys have in common: how people choose, what they look at, and what was written lately.

People choose by popularity: the thing at rank r of a list with a probability that falls as r to the power of -0.9
(Zipf's law; `simulator.catalog.http` has the source). What users of this process wrote lately is what others of them
come to read, so that what is created is read.
"""

from __future__ import annotations

import functools
import itertools
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from _made import TAG
from _member import Json, Member

from simulator.catalog.http import ZIPF_EXPONENT

GONE = (404,)  # the API keeps its newest posts and messages only
NOT_ALLOWED = (403, 404)
_LATELY = 100
_READ_LATELY = 0.25  # how often somebody opens what was written a moment ago

LATELY: defaultdict[str, deque[str]] = defaultdict(lambda: deque(maxlen=_LATELY))
"""Ids of posts that were written lately, by API instance (those of the reference API share nothing)."""

T = TypeVar("T")
Journey = TypeVar("Journey", bound=Callable[..., None])


class NothingToDoError(Exception):
    """A journey ends before its end: what it needs is not there, or could not be had."""


def journey(steps: Journey) -> Journey:
    """A journey: `NothingToDoError` ends it, quietly. `user.ended_early` then says why."""

    @functools.wraps(steps)
    def walk(user: Steps) -> None:
        user.ended_early = ""
        try:
            steps(user)
        except NothingToDoError as why:
            user.ended_early = str(why)

    return walk  # type: ignore[return-value]


class Steps(Member):
    """Choices and steps that several journeys take."""

    abstract = True
    thorough = False
    """True: leave nothing to chance, take every step (`--smoke`)."""
    ended_early = ""

    def perhaps(self, probability: float) -> bool:
        """Whether to do something now that is done so often."""
        return self.thorough or self.random.random() < probability

    def one_of(self, *choices: tuple[float, Callable[[], None]]) -> None:
        """Do one of these, by their weights."""
        if self.thorough:
            for _, do in choices:
                do()
            return
        weights, doings = zip(*choices, strict=True)
        self.random.choices(doings, weights)[0]()

    def popular(self, things: Sequence[T]) -> T:
        """One of a list that is sorted by popularity. Raises NothingToDoError where it is empty."""
        if not things:
            raise NothingToDoError("there is nothing to choose from")
        return self.random.choices(things, cum_weights=_cumulative(len(things)))[0]

    def some(self, things: Sequence[T], most: int) -> list[T]:
        """One to `most` different ones of a list that is sorted by popularity; none of an empty one."""
        wanted = min(len(things), self.random.randint(1, most))
        found: list[T] = []
        while len(found) < wanted:
            one = self.popular(things)
            if one not in found:
                found.append(one)
        return found

    def feed(self) -> list[Json]:
        """Posts, as the feed shows them."""
        if self.perhaps(0.2):
            trending = listed(self.call("GET", "/api/v1/posts/trending"))
            if not self.thorough:
                return trending
        sort = self.random.choice(("hot", "hot", "new", "top"))
        return listed(self.call("GET", "/api/v1/posts", query={"sort": sort, "limit": 25}))

    def open_post(self, post_id: str) -> bool:
        """Read a post and its comments; False when it is gone."""
        if self.call("GET", "/api/v1/posts/:id", id=post_id, declines=GONE) is None:
            return False
        self.call("GET", "/api/v1/comments/post/:postId", postId=post_id, query={"sort": "best"}, declines=GONE)
        return True

    def a_post(self) -> str:
        """The id of a post that somebody would open: one written lately, or one of the feed's."""
        lately = LATELY[self.host or ""]
        if lately and not self.thorough and self.random.random() < _READ_LATELY:
            return self.random.choice(lately)
        post: str = self.popular(self.feed())["id"]
        return post

    def a_channel(self) -> str:
        """The id of a text channel on one of this member's servers. Raises NothingToDoError where there is none."""
        mine = listed(self.call("GET", "/api/v1/servers"))
        server = self.popular(mine)["id"]
        route = "/api/v1/servers/:serverId/channels"
        channels = listed(self.call("GET", route, serverId=server, declines=NOT_ALLOWED))
        texts = [channel["id"] for channel in channels if channel.get("type", "TEXT") == "TEXT"]
        return self.popular(texts)

    def a_community(self) -> Json:
        """A community of this member's choice, joined."""
        community = self.popular(listed(self.call("GET", "/api/v1/communities", query={"sort": "members"})))
        self.call("POST", "/api/v1/communities/:name/join", name=community["name"], declines=(400, 403, 404))
        return community

    def write_post(self, community_id: str, title: str, content: str) -> str:
        """Post, and see it there; the new post's id. Raises NothingToDoError where that failed."""
        body: Json = {"communityId": community_id, "title": title, "content": f"{content} {TAG}"}
        made = self.call("POST", "/api/v1/posts", body=body, declines=(403,), makes="post")
        if not made:
            raise NothingToDoError("the post was not taken")
        post: str = made["id"]
        LATELY[self.host or ""].append(post)
        self.call("GET", "/api/v1/posts/:id", id=post, declines=GONE)
        return post


def listed(answer: Any) -> list[Json]:
    """The things of an answer that lists some: itself, or the one list in it (`items`, `servers`, `channels`, …)."""
    if isinstance(answer, dict):
        return next((value for value in answer.values() if isinstance(value, list)), [])
    return answer or []


@functools.lru_cache(maxsize=256)
def _cumulative(count: int) -> tuple[float, ...]:
    return tuple(itertools.accumulate((rank + 1) ** -ZIPF_EXPONENT for rank in range(count)))
