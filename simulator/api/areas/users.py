"""The caller's own profile, and other users."""

from __future__ import annotations

from pydantic import Field

from simulator.api.exchange import Body, Exchange, Failure, Reply
from simulator.api.platform import Platform
from simulator.api.routing import serve


class ProfilePatch(Body):
    """PATCH /users/me."""

    display_name: str | None = Field(default=None, min_length=1, max_length=100)
    bio: str | None = Field(default=None, max_length=500)
    avatar: str | None = Field(default=None, max_length=2000)


async def me(platform: Platform, exchange: Exchange) -> Reply:
    """The caller."""
    await platform.database.query("select", "users")
    return Reply(exchange.caller.view())


async def patch_me(platform: Platform, exchange: Exchange) -> Reply:
    """Change the caller's profile; what is not given stays."""
    body = exchange.read(ProfilePatch)
    await platform.database.query("update", "users")
    person = exchange.caller
    person.display_name = body.display_name or person.display_name
    person.bio = person.bio if body.bio is None else body.bio
    person.avatar = person.avatar if body.avatar is None else body.avatar
    return Reply(person.view())


async def user(platform: Platform, exchange: Exchange) -> Reply:
    """Somebody else."""
    await platform.database.query("select", "users")
    person = platform.people.by_id(exchange.values[0])
    if person is None:
        raise Failure(404, "NOT_FOUND", "User not found")
    return Reply({**person.view(), "friendshipStatus": None})


async def my_servers(platform: Platform, exchange: Exchange) -> Reply:
    """The servers that the caller belongs to."""
    await platform.database.query("select", "servers")
    return Reply([server.view() for server in platform.store.servers_of(exchange.caller)])


ENDPOINTS = (
    serve("GET", "users/me", me),
    serve("PATCH", "users/me", patch_me),
    serve("GET", "users/me/servers", my_servers),
    serve("GET", "users/:userId", user),
)
