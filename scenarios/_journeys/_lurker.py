"""The lurker reads and writes nothing."""

from __future__ import annotations

from ._steps import NOT_ALLOWED, Steps, journey, listed


class Lurking(Steps):
    """Feeds, posts, channels, and whether anything happened."""

    abstract = True

    @journey
    def lurk(self) -> None:
        """Look at the feed or into a server for a while, then whether anything happened."""
        self.one_of((6, self._read_the_feed), (4, self._read_a_channel))
        self._look_at_notifications()

    def _read_the_feed(self) -> None:
        opened = self.a_post()
        self.open_post(opened)
        for post in self.some(self.feed(), most=2) if self.perhaps(0.5) else ():
            self.open_post(post["id"])

    def _read_a_channel(self) -> None:
        channel = self.a_channel()
        self.call("GET", "/api/v1/channels/:channelId/messages", channelId=channel, declines=NOT_ALLOWED)

    def _look_at_notifications(self) -> None:
        unread = self.call("GET", "/api/v1/notifications/notifications/unread-count")
        if unread and unread.get("count"):
            listed(self.call("GET", "/api/v1/notifications/notifications", query={"page": 1, "limit": 20}))
