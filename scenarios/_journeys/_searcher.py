"""The searcher knows some words, and opens what they find."""

from __future__ import annotations

from _member import WORDING

from ._steps import Steps, journey


class Searching(Steps):
    """Searching."""

    abstract = True

    @journey
    def search(self) -> None:
        """Type a few words, search, open what was found; search again when it was nothing."""
        for _ in range(2):
            words = self.random.choice(WORDING.queries)
            if self.perhaps(0.3):
                self.call("GET", "/api/v1/search/suggestions", query={"q": words[:4]})
            found = self.call("GET", "/api/v1/search", query={"q": words, "type": "all", "limit": 20})
            posts = (found or {}).get("posts") or []
            if posts:
                if self.perhaps(0.7):
                    self.open_post(self.popular(posts)["id"])
                return
            if not self.perhaps(0.4):
                return
