"""The rest of signing in: the second factor, forgotten passwords, one's sessions.

No mail goes out. Whoever registers under a name that ends in `_2fa` has a second factor; its code, and the token that
sets a new password, follow from the account (`People.code_of`, `People.reset_token_of`): a client can be tried without
a mailbox.
"""

from __future__ import annotations

from typing import Final

from pydantic import Field

from simulator.api.areas.auth import open_session
from simulator.api.exchange import Body, Exchange, Failure, Reply
from simulator.api.limits import AUTH, KeyedBy, Limit, Reset
from simulator.api.platform import Platform
from simulator.api.routing import serve
from simulator.units import HOUR

FORGOT: Final = Limit(
    "forgot-password", 3, HOUR, HOUR, keyed_by=KeyedBy.ADDRESS_AND_IDENTIFIER, reset=Reset.EPOCH_SECONDS
)
RESET: Final = Limit(
    "reset-password", 5, HOUR, 2 * HOUR, keyed_by=KeyedBy.ADDRESS_AND_IDENTIFIER, reset=Reset.EPOCH_SECONDS
)


class SecondFactor(Body):
    """POST /auth/verify-2fa."""

    temp_token: str = Field(min_length=1)
    code: str = Field(min_length=6, max_length=8)


class Forgotten(Body):
    """POST /auth/forgot-password."""

    email: str = Field(min_length=3, max_length=254)


class NewPassword(Body):
    """POST /auth/reset-password."""

    token: str = Field(min_length=1)
    password: str = Field(min_length=8, max_length=128)
    confirm_password: str


async def verify(platform: Platform, exchange: Exchange) -> Reply:
    """Finish a login that wanted a second factor."""
    body = exchange.read(SecondFactor)
    person = platform.people.awaited(body.temp_token, platform.clock.now_ms())
    if person is None:
        platform.metrics.auth_attempt("2fa", failed="token_expired")
        raise Failure(401, "TOKEN_EXPIRED", "Log in again")
    if body.code != platform.people.code_of(person):
        platform.metrics.auth_attempt("2fa", failed="invalid_2fa")
        raise Failure(401, "INVALID_CREDENTIALS", "The code is wrong")
    platform.people.code_came(body.temp_token)
    platform.metrics.auth_attempt("2fa")
    return await open_session(platform, person, status=200, message="Login successful", method="2fa")


async def forgot(platform: Platform, exchange: Exchange) -> Reply:
    """The same answer whether or not there is such an account."""
    body = exchange.read(Forgotten)
    platform.limit(exchange, FORGOT, body.email)
    await platform.database.query("select", "users")
    return Reply({"message": "If the account exists, a message is on its way"})


async def reset(platform: Platform, exchange: Exchange) -> Reply:
    """Set a new password, for those who registered with this process."""
    body = exchange.read(NewPassword)
    platform.limit(exchange, RESET, body.token)
    if body.confirm_password != body.password:
        raise Failure(400, "PASSWORD_MISMATCH", "Passwords do not match")
    person = platform.people.by_reset_token(body.token)
    if person is None:
        raise Failure(400, "BAD_REQUEST", "The token is not valid")
    await platform.database.query("update", "users")
    platform.people.set_password(person, body.password)
    return Reply({"message": "Password changed"})


async def sessions(platform: Platform, exchange: Exchange) -> Reply:
    """The caller's sessions that began here, and the one that asks."""
    assert exchange.claims is not None
    await platform.database.query("select", "sessions")
    current, user_id = exchange.claims.session_id, exchange.caller.id
    found = dict.fromkeys((*platform.tokens.sessions(user_id), current))
    return Reply({"sessions": [{"id": one, "userId": user_id, "isCurrent": one == current} for one in found]})


async def logout_all(platform: Platform, exchange: Exchange) -> Reply:
    """All of the caller's sessions end that this process knows of."""
    assert exchange.claims is not None
    for session in (*platform.tokens.sessions(exchange.caller.id), exchange.claims.session_id):
        platform.tokens.revoke(session)
    await platform.database.query("delete", "sessions")
    return Reply({"message": "Logged out everywhere"})


ENDPOINTS = (
    serve("POST", "auth/verify-2fa", verify, limit=AUTH),
    serve("POST", "auth/forgot-password", forgot, limit=AUTH),
    serve("POST", "auth/reset-password", reset, limit=AUTH),
    serve("GET", "auth/sessions", sessions, limit=AUTH),
    serve("POST", "auth/logout-all", logout_all, limit=AUTH),
)
