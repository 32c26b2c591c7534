"""Who follows, befriends and blocks whom; the caller's presence; finding people."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from simulator.api.exchange import Body, Exchange, Failure, Page, Reply, page_of
from simulator.api.limits import SEARCH
from simulator.api.people import Person
from simulator.api.platform import Platform
from simulator.api.routing import Handler, serve


class Activity(Body):
    """What somebody is doing."""

    type: str = Field(max_length=50)
    name: str = Field(max_length=128)


class Presence(Body):
    """PATCH /users/me/presence."""

    status: Literal["ONLINE", "IDLE", "DND", "INVISIBLE"]
    activities: list[Activity] = Field(default_factory=list, max_length=3)


class PeopleQuery(Page):
    """GET /users/search."""

    q: str = Field(min_length=1, max_length=100)


async def presence(platform: Platform, exchange: Exchange) -> Reply:
    """Say whether one is there; kept in Redis, so no database waits."""
    body = exchange.read(Presence)
    return Reply({"userId": exchange.caller.id, **body.model_dump(by_alias=True), "lastSeen": platform.store.now()})


async def friends(platform: Platform, exchange: Exchange) -> Reply:
    """Those who befriended the caller, or were befriended."""
    await platform.database.query("select", "friendships")
    mine = platform.store.dealings.friends.get(exchange.caller.id) or ()
    people = (platform.people.by_id(user_id) for user_id in mine)
    return Reply([{**person.brief(), "friendshipStatus": "ACCEPTED"} for person in people if person is not None])


async def search(platform: Platform, exchange: Exchange) -> Reply:
    """People whose name contains the text."""
    query = exchange.query(PeopleQuery)
    await platform.database.query("select", "users")
    wanted = query.q.lower()
    found = [person for person in platform.people.candidates(query.q) if wanted in person.folded]
    page = found[query.start : query.start + query.limit]
    return Reply(page_of([person.brief() for person in page], len(found), query))


def _relating(kind: str) -> Handler:
    async def relate(platform: Platform, exchange: Exchange) -> Reply:
        other = _other(platform, exchange, by_name=kind == "follow")
        await platform.database.query("insert", f"{kind}s")
        dealings, key = platform.store.dealings, (kind, exchange.caller.id, other.id)
        if key in dealings.relations:
            raise Failure(400, "BAD_REQUEST", f"There is a {kind} already")
        dealings.relations.put(key, platform.store.now())
        if kind == "friend":
            dealings.befriend(exchange.caller.id, other.id)
        if kind == "follow":
            platform.notify(other, "follow", f"{exchange.caller.display_name} follows you", "")
        return Reply({"message": f"{kind} added", "userId": other.id})

    return relate


def _parting(kind: str) -> Handler:
    async def part(platform: Platform, exchange: Exchange) -> Reply:
        other = _other(platform, exchange, by_name=kind == "follow")
        await platform.database.query("delete", f"{kind}s")
        dealings = platform.store.dealings
        if dealings.relations.pop((kind, exchange.caller.id, other.id)) is None:
            raise Failure(404, "NOT_FOUND", f"There is no {kind}")
        if kind == "friend":
            dealings.unfriend(exchange.caller.id, other.id)
        return Reply({"message": f"{kind} removed", "userId": other.id})

    return part


def _other(platform: Platform, exchange: Exchange, *, by_name: bool) -> Person:
    asked = exchange.values[0]
    found = platform.people.by_login(asked) if by_name else platform.people.by_id(asked)
    if found is None:
        raise Failure(404, "NOT_FOUND", "User not found")
    if found.id == exchange.caller.id:
        raise Failure(400, "BAD_REQUEST", "That is yourself")
    return found


ENDPOINTS = (
    serve("PATCH", "users/me/presence", presence),
    serve("GET", "users/me/friends", friends),
    serve("GET", "users/search", search, limit=SEARCH),
    *(
        serve(method, f"users/{whom}/{kind}", making(kind))
        for kind, whom in (("follow", ":username"), ("friend", ":userId"), ("block", ":userId"))
        for method, making in (("POST", _relating), ("DELETE", _parting))
    ),
)
