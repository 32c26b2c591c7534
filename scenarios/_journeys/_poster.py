"""The poster writes: messages most of all, then comments and votes, now and then a post."""

from __future__ import annotations

from _made import TAG
from _member import WORDING

from ._steps import GONE, NOT_ALLOWED, NothingToDoError, Steps, journey


class Posting(Steps):
    """Writing, and looking at what came of it."""

    abstract = True

    @journey
    def write(self) -> None:
        """Write one thing."""
        self.one_of(
            (50, self._write_a_message), (20, self._write_a_comment), (20, self._vote), (10, self._write_a_post)
        )

    def _write_a_message(self) -> None:
        channel = self.a_channel()
        self.call("POST", "/api/v1/channels/:channelId/typing", channelId=channel, declines=NOT_ALLOWED)
        body: dict[str, object] = {"channelId": channel, "content": f"{self.random.choice(WORDING.messages)} {TAG}"}
        if not self.call("POST", "/api/v1/messages", body=body, declines=NOT_ALLOWED, makes="message"):
            raise NothingToDoError("the message was not taken")
        self.call("GET", "/api/v1/messages", query={"channelId": channel, "limit": 50}, declines=NOT_ALLOWED)

    def _write_a_comment(self) -> None:
        post = self.a_post()
        if not self.open_post(post):
            raise NothingToDoError("the post is gone")
        body: dict[str, object] = {"postId": post, "content": f"{self.random.choice(WORDING.paragraphs)} {TAG}"}
        if self.call("POST", "/api/v1/comments", body=body, declines=NOT_ALLOWED, makes="comment"):
            self.call("GET", "/api/v1/comments/post/:postId", postId=post, query={"sort": "new"}, declines=GONE)

    def _vote(self) -> None:
        for post in self.some(self.feed(), most=2):
            value = self.random.choice((1, 1, 1, -1))
            self.call("POST", "/api/v1/posts/:id/vote", id=post["id"], body={"value": value}, declines=GONE)
            self.made("vote", post["id"])

    def _write_a_post(self) -> None:
        community = self.a_community()
        choose = self.random.choice
        self.write_post(community["id"], choose(WORDING.titles), choose(WORDING.paragraphs))
