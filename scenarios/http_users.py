"""Members of the platform over HTTP: they sign in, browse, write and search.

    locust -f scenarios/http_users.py               the web UI on port 8089; --host is http://127.0.0.1:3001 unless told
    crybsim load profiles/api-errors.yaml           the rate, the weights and the end come from the profile

Each `self.call` is one request, sent when this user's turn comes. It returns the answer's data, or None when the
request failed, was rate limited, or was declined in a way that the journey counts with (`declines`).
"""

from __future__ import annotations

from typing import Any

import _reporter  # noqa: F401 - reports to crybsim, where crybsim started this
from _member import WORDING, Json, Member
from _run import RUN
from _shape import PlannedShape

from simulator.profile.schema import Journeys

WEIGHTS = RUN.manifest.profile.load.journeys if RUN else Journeys()
GONE = (404,)  # the API keeps its newest posts and messages only
NOT_ALLOWED = (403, 404)


class HttpMember(Member):
    """Reads more than it writes, as members do."""

    def browse(self) -> None:
        """Look at the feed or at a server, then whether anything happened."""
        if self.random.random() < 0.6:
            self._read_feed()
        else:
            channel = self._open_channel()
            if channel:
                self.call("GET", "/api/v1/channels/:channelId/messages", channelId=channel, declines=NOT_ALLOWED)
        self._look_at_notifications()

    def write(self) -> None:
        """Write a message, a comment, a post or a vote, and look at what came of it."""
        self.random.choices(
            (self._write_message, self._write_comment, self._vote, self._write_post), weights=(50, 20, 20, 10)
        )[0]()

    def search(self) -> None:
        """Type a few words, search, open a post that was found."""
        words = self.random.choice(WORDING.queries)
        if self.random.random() < 0.3:
            self.call("GET", "/api/v1/search/suggestions", query={"q": words[:4]})
        found = self.call("GET", "/api/v1/search", query={"q": words, "type": "all", "limit": 20})
        posts = (found or {}).get("posts") or []
        if posts and self.random.random() < 0.7:
            self._open_post(self.random.choice(posts))

    tasks = {browse: WEIGHTS.browse, write: WEIGHTS.post, search: WEIGHTS.search}  # noqa: RUF012 - Locust's own form

    def _read_feed(self) -> None:
        for post in self._some(self._feed(), most=3):
            self._open_post(post)

    def _feed(self) -> list[Json]:
        if self.random.random() < 0.2:
            return _listed(self.call("GET", "/api/v1/posts/trending"))
        sort = self.random.choice(("hot", "hot", "new", "top"))
        return _listed(self.call("GET", "/api/v1/posts", query={"sort": sort, "limit": 25}))

    def _open_post(self, post: Json) -> None:
        if self.call("GET", "/api/v1/posts/:id", id=post["id"], declines=GONE):
            self.call("GET", "/api/v1/comments/post/:postId", postId=post["id"], query={"sort": "best"}, declines=GONE)

    def _open_channel(self) -> str | None:
        """The id of a text channel on one of this member's servers."""
        mine = _listed(self.call("GET", "/api/v1/servers"))
        if not mine:
            return None
        server = self.random.choice(mine)["id"]
        channels = _listed(
            self.call("GET", "/api/v1/servers/:serverId/channels", serverId=server, declines=NOT_ALLOWED)
        )
        texts = [channel["id"] for channel in channels if channel.get("type", "TEXT") == "TEXT"]
        return self.random.choice(texts) if texts else None

    def _look_at_notifications(self) -> None:
        unread = self.call("GET", "/api/v1/notifications/notifications/unread-count")
        if unread and unread.get("count"):
            self.call("GET", "/api/v1/notifications/notifications", query={"page": 1, "limit": 20})

    def _write_message(self) -> None:
        channel = self._open_channel()
        if channel is None:
            return
        self.call("POST", "/api/v1/channels/:channelId/typing", channelId=channel, declines=NOT_ALLOWED)
        text = self.random.choice(WORDING.messages)
        sent = self.call("POST", "/api/v1/messages", body={"channelId": channel, "content": text}, declines=NOT_ALLOWED)
        if sent:
            self.call("GET", "/api/v1/messages", query={"channelId": channel, "limit": 50}, declines=NOT_ALLOWED)

    def _write_comment(self) -> None:
        for post in self._some(self._feed(), most=1):
            text = self.random.choice(WORDING.paragraphs)
            body = {"postId": post["id"], "content": text}
            if self.call("POST", "/api/v1/comments", body=body, declines=NOT_ALLOWED):
                self.call("GET", "/api/v1/comments/post/:postId", postId=post["id"], query={"sort": "new"})

    def _vote(self) -> None:
        for post in self._some(self._feed(), most=2):
            value = self.random.choice((1, 1, 1, -1))
            self.call("POST", "/api/v1/posts/:id/vote", id=post["id"], body={"value": value}, declines=GONE)

    def _write_post(self) -> None:
        communities = _listed(self.call("GET", "/api/v1/communities", query={"sort": "members"}))
        if not communities:
            return
        community = self.random.choice(communities)
        self.call("POST", "/api/v1/communities/:name/join", name=community["name"], declines=(400, 404))
        body = {
            "communityId": community["id"],
            "title": self.random.choice(WORDING.titles),
            "content": self.random.choice(WORDING.paragraphs),
        }
        post = self.call("POST", "/api/v1/posts", body=body, declines=(403,))
        if post:
            self.call("GET", "/api/v1/posts/:id", id=post["id"], declines=GONE)

    def _some(self, posts: list[Json], most: int) -> list[Json]:
        """One to `most` of them, the first ones likelier, as people scroll."""
        wanted = min(len(posts), self.random.randint(1, most))
        return [posts[int(len(posts) * self.random.random() ** 2)] for _ in range(wanted)]


def _listed(answer: Any) -> list[Json]:
    """The things of an answer that lists some: itself, or the one list in it (`items`, `servers`, `channels`, …)."""
    if isinstance(answer, dict):
        return next((value for value in answer.values() if isinstance(value, list)), [])
    return answer or []


if RUN is not None:

    class RunShape(PlannedShape):
        """Locust follows the run's plan; without a run it asks for users in its web UI or takes them from flags."""
