"""Moderation: what contents look like, the queue of reports, bans, mutes and appeals; both areas of the contract."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field

from simulator.api.dealings import Punishment, Report
from simulator.api.entities import Community, Post, Server
from simulator.api.exchange import Body, Exchange, Failure, Form, Page, Reply, page_of
from simulator.api.moderators import moderates, require_moderator
from simulator.api.platform import Platform
from simulator.api.routing import serve
from simulator.clock import rfc3339
from simulator.units import DAY

_TERMS: Final = ("buy now", "free money", "click here", "http://", "https://")
"""What raises the risk of a text; a stand-in reads no more out of it."""
_HIGH: Final = 0.7
_MEDIUM: Final = 0.3


class Subject(Body):
    """The `data` of an analysis."""

    user_id: str
    content: str | None = Field(default=None, max_length=40_000)


class Analysis(Body):
    """POST /moderation/analyze."""

    type: Literal["message", "user_join", "transaction", "upload", "profile_update"]
    data: Subject
    priority: Literal["low", "medium", "high", "critical"] = "medium"


class Sentence(Body):
    """A ban or a mute; `duration` in days, for good without one."""

    user_id: str
    reason: str | None = Field(default=None, max_length=500)
    duration: int | None = Field(default=None, ge=1, le=3650)


class Resolution(Body):
    """POST /moderation/reports/:reportId/resolve."""

    action: Literal["approve", "remove", "ignore"]
    note: str | None = Field(default=None, max_length=1000)


class Appeal(Body):
    """POST /moderation/appeal."""

    punishment_id: str
    reason: str = Field(min_length=10, max_length=1000)


async def analyze(platform: Platform, exchange: Exchange) -> Reply:
    """How risky something looks."""
    body = exchange.read(Analysis)
    await platform.database.query("select", "users")
    text = (body.data.content or "").lower()
    risk = round(min(1.0, 0.05 + 0.25 * sum(term in text for term in _TERMS)), 2)
    level = "high" if risk >= _HIGH else "medium" if risk >= _MEDIUM else "low"
    return Reply(
        {
            "type": body.type,
            "userId": body.data.user_id,
            "overallRisk": risk,
            "riskLevel": level,
            "actions": {"high": ["remove"], "medium": ["review"], "low": []}[level],
        }
    )


async def ban_from_server(platform: Platform, exchange: Exchange) -> Reply:
    """Shut a user out of a server."""
    server = platform.store.servers.get(exchange.values[0])
    if server is None:
        raise Failure(404, "NOT_FOUND", "Server not found", form=Form.SHORT)
    return await _punish(platform, exchange, server, "ban")


async def ban_from_community(platform: Platform, exchange: Exchange) -> Reply:
    """Shut a user out of a community."""
    return await _punish(platform, exchange, _community(platform, exchange), "ban")


async def mute(platform: Platform, exchange: Exchange) -> Reply:
    """Let a user of a community read only."""
    return await _punish(platform, exchange, _community(platform, exchange), "mute")


async def queue(platform: Platform, exchange: Exchange) -> Reply:
    """What was reported in a community and is not resolved, newest first."""
    query = exchange.query(Page)
    community = _community(platform, exchange)
    require_moderator(platform, community, exchange.caller)
    await platform.database.query("select", "reports")
    found = [report for report in _pending(platform) if _community_of(report) is community]
    return Reply(page_of([one.view() for one in found[query.start : query.start + query.limit]], len(found), query))


async def whole_queue(platform: Platform, exchange: Exchange) -> Reply:
    """The same over all communities that the caller moderates."""
    query = exchange.query(Page)
    await platform.database.query("select", "reports")
    found = [one for one in _pending(platform) if moderates(platform, _community_of(one), exchange.caller)]
    return Reply(page_of([one.view() for one in found[query.start : query.start + query.limit]], len(found), query))


async def resolve(platform: Platform, exchange: Exchange) -> Reply:
    """Decide about a report; `remove` takes the post or comment away."""
    body = exchange.read(Resolution)
    store = platform.store
    report = store.dealings.reports.get(exchange.values[0])
    if report is None:
        raise Failure(404, "NOT_FOUND", "Report not found", form=Form.SHORT)
    require_moderator(platform, _community_of(report), exchange.caller)
    await platform.database.query("update", "reports")
    report.status = {"approve": "approved", "remove": "removed", "ignore": "ignored"}[body.action]
    report.resolved_by, report.note = exchange.caller.id, body.note
    if body.action == "remove":
        if isinstance(report.item, Post):
            store.drop_post(report.item)
        else:
            store.drop_comment(report.item)
    if body.action != "ignore":
        platform.metrics.moderation.acted(body.action, report.reason, report.content_type)
    return Reply(report.view())


async def appeal(platform: Platform, exchange: Exchange) -> Reply:
    """Ask for a punishment to be looked at again."""
    body = exchange.read(Appeal)
    await platform.database.query("insert", "appeals")
    found = platform.store.dealings.punishments.get(body.punishment_id)
    if found is None or found.user_id != exchange.caller.id:
        raise Failure(404, "NOT_FOUND", "Punishment not found", form=Form.SHORT)
    return Reply({"message": "Appeal submitted"})


async def _punish(platform: Platform, exchange: Exchange, group: Server | Community, kind: str) -> Reply:
    body = exchange.read(Sentence)
    require_moderator(platform, group, exchange.caller)
    person = platform.people.by_id(body.user_id)
    if person is None:
        raise Failure(404, "NOT_FOUND", "User not found", form=Form.SHORT)
    await platform.database.query("insert", "bans")
    store = platform.store
    until = None if body.duration is None else rfc3339(store.now_ms() + body.duration * DAY)
    made = Punishment(store.new_id(), kind, group.id, person.id, exchange.caller.id, body.reason, store.now(), until)
    store.dealings.punishments.put(made.id, made)
    store.dealings.sanctions.put((kind, group.id, person.id), made)
    if kind == "ban":
        members = store.server_members if isinstance(group, Server) else store.community_members
        members.set(group, person, member=False)
    platform.metrics.moderation.acted(kind, body.reason)
    return Reply(made.view())


def _pending(platform: Platform) -> list[Report]:
    return [report for report in platform.store.dealings.reports.newest() if report.status == "pending"]


def _community_of(report: Report) -> Community:
    return report.item.community if isinstance(report.item, Post) else report.item.post.community


def _community(platform: Platform, exchange: Exchange) -> Community:
    found = platform.store.communities.get(exchange.values[0])
    if found is None:
        raise Failure(404, "NOT_FOUND", "Community not found", form=Form.SHORT)
    return found


ENDPOINTS = (
    serve("POST", "moderation/analyze", analyze),
    serve("POST", "/api/moderation/analyze", analyze),
    serve("GET", "/api/moderation/queue", whole_queue),
    serve("POST", "moderation/servers/:serverId/ban", ban_from_server),
    serve("POST", "moderation/communities/:communityId/ban", ban_from_community),
    serve("POST", "moderation/communities/:communityId/mute", mute),
    serve("GET", "moderation/communities/:communityId/queue", queue),
    serve("POST", "moderation/reports/:reportId/resolve", resolve),
    serve("POST", "moderation/appeal", appeal),
)
