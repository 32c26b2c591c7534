"""The moderator keeps a community of its own: founds it, looks at what was reported, decides, shuts people out.

Who may moderate which community is not to be seen over HTTP; who founded one may, so each moderator founds one.
"""

from __future__ import annotations

import secrets

from _made import TAG
from _member import WORDING, Json

from ._steps import NothingToDoError, Steps, journey, listed

_REASONS = ("spam", "policy_violation", "harassment")


class Moderating(Steps):
    """A community, and its order."""

    abstract = True
    _home: Json | None = None

    @journey
    def moderate(self) -> None:
        """Go through the reports of one's own community; see about who wrote what was bad."""
        home = self._found()
        self._somebody_reports(home)
        reports = listed(self.call("GET", "/api/v1/moderation/communities/:communityId/queue", communityId=home["id"]))
        for report in reports[: 20 if self.thorough else 3]:
            self._decide(report)
        if self.perhaps(0.3):
            self._shut_out(home)

    def _found(self) -> Json:
        if self._home is None:
            name = f"sim_{secrets.token_hex(6)}"
            body: Json = {"name": name, "displayName": f"Rehearsal {TAG}"[:100], "isPublic": False}
            made = self.call("POST", "/api/v1/communities", body=body, declines=(409,), makes="community")
            if not made:
                raise NothingToDoError("the community could not be founded")
            self._home = made
        return self._home

    def _somebody_reports(self, home: Json) -> None:
        """A post that is not as it should be, and the report of it."""
        choose = self.random.choice
        post = self.write_post(home["id"], choose(WORDING.titles), choose(WORDING.paragraphs))
        body: Json = {"reason": choose(_REASONS), "details": f"Reported in a rehearsal {TAG}"}
        self.call("POST", "/api/v1/posts/:id/report", id=post, body=body)

    def _decide(self, report: Json) -> None:
        look: Json = {
            "type": "message",
            "data": {"userId": report.get("reporterId", ""), "content": self.random.choice(WORDING.paragraphs)},
            "priority": "medium",
        }
        seen = self.call("POST", "/api/v1/moderation/analyze", body=look)
        risky = (seen or {}).get("riskLevel") == "high"
        action = "remove" if risky else self.random.choice(("remove", "approve", "ignore"))
        body: Json = {"action": action, "note": "rehearsal"}
        route = "/api/v1/moderation/reports/:reportId/resolve"
        self.call("POST", route, reportId=report["id"], body=body, declines=(404,))

    def _shut_out(self, home: Json) -> None:
        """Mute or ban somebody from one's own community, which nobody else is in."""
        authors = [post["User"]["id"] for post in self.feed() if (post.get("User") or {}).get("id")]
        somebody = self.popular([author for author in authors if author != self.account.user_id])
        kinds = ("mute", "ban") if self.thorough else (self.random.choice(("mute", "mute", "ban")),)
        for kind in kinds:
            body: Json = {"userId": somebody, "reason": self.random.choice(_REASONS), "duration": 1}
            route = f"/api/v1/moderation/communities/:communityId/{kind}"
            self.call("POST", route, communityId=home["id"], body=body, declines=(404,))
