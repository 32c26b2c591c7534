"""Register, login, refresh, logout, me."""

from __future__ import annotations

import secrets

from pydantic import Field

from simulator.api.exchange import Body, Exchange, Failure, Reply
from simulator.api.limits import AUTH, LOGIN, REGISTER
from simulator.api.metrics import ApiMetrics
from simulator.api.people import LOCK_AFTER, LOCK_MS, Person
from simulator.api.platform import Platform
from simulator.api.routing import serve
from simulator.api.tokens import TokenPair, TokenRefused
from simulator.catalog.accounts import ACCESS_SECONDS, REFRESH_SECONDS
from simulator.clock import rfc3339

_EMAIL = r"^[^@\s]+@[^@\s]+\.[^@\s]+$"


class Registration(Body):
    """POST /auth/register."""

    username: str = Field(min_length=3, max_length=32, pattern=r"^[A-Za-z0-9_]+$")
    display_name: str | None = Field(default=None, min_length=1, max_length=100)
    email: str | None = Field(default=None, max_length=254, pattern=_EMAIL)
    password: str | None = Field(default=None, min_length=8, max_length=128)
    confirm_password: str | None = None


class Credentials(Body):
    """POST /auth/login."""

    identifier: str | None = None
    email: str | None = None
    username: str | None = None
    password: str | None = Field(default=None, max_length=128)

    @property
    def login(self) -> str | None:
        return self.identifier or self.email or self.username


class Refresh(Body):
    """POST /auth/refresh."""

    refresh_token: str = Field(min_length=1)


async def register(platform: Platform, exchange: Exchange) -> Reply:
    """A new account and its first session."""
    body = exchange.read(Registration)
    platform.limit(exchange, REGISTER, body.email or body.username)
    if body.password is None:
        # The wallet trio of the contract would need a chain to check signatures against.
        raise Failure(400, "NO_AUTH_METHOD", "A password is required")
    if body.confirm_password != body.password:
        raise Failure(400, "PASSWORD_MISMATCH", "Passwords do not match")
    await platform.database.query("select", "users")
    if platform.people.by_login(body.username):
        raise Failure(409, "USERNAME_EXISTS", "Username is already taken")
    if body.email and platform.people.by_login(body.email):
        raise Failure(409, "EMAIL_EXISTS", "Email is already registered")
    await platform.database.query("insert", "users")
    person = platform.people.register(body.username, body.display_name, body.email, body.password, platform.store.now())
    platform.metrics.registered()
    return await open_session(platform, person, status=201, message="Registration successful")


async def login(platform: Platform, exchange: Exchange) -> Reply:
    """By username or e-mail address with a password. Ten wrong passwords in a row lock the account."""
    body = exchange.read(Credentials)
    if not body.login or body.password is None:
        raise Failure(400, "NO_AUTH_METHOD", "Provide an identifier and a password")
    platform.limit(exchange, LOGIN, body.login)
    await platform.database.query("select", "users")
    person = platform.people.by_login(body.login)
    now = platform.clock.now_ms()
    if person is not None and now < person.locked_until_ms:
        platform.metrics.auth_attempt("password", failed="account_locked")
        raise Failure(423, "ACCOUNT_LOCKED", "Account is locked after too many failed logins")
    if person is None or not platform.people.check_password(person, body.password):
        if person is not None:
            person.failed_logins += 1
            if person.failed_logins >= LOCK_AFTER:
                person.failed_logins, person.locked_until_ms = 0, now + LOCK_MS
        platform.metrics.auth_attempt("password", failed="invalid_credentials")
        raise Failure(401, "INVALID_CREDENTIALS", "Invalid credentials")
    person.failed_logins = 0
    platform.metrics.auth_attempt("password")
    if person.second_factor:
        token, expires_ms = platform.people.wait_for_code(person, now)
        security = {"requires2FA": True}
        return Reply({"tempToken": token, "expires": rfc3339(expires_ms), "security": security})
    return await open_session(platform, person, status=200, message="Login successful")


async def refresh(platform: Platform, exchange: Exchange) -> Reply:
    """A new pair for a refresh token, which is thereby used up."""
    body = exchange.read(Refresh)
    try:
        claims = platform.tokens.rotate(body.refresh_token)
    except TokenRefused as refused:
        reason = "token_expired" if refused.code == "REFRESH_TOKEN_EXPIRED" else "invalid_token"
        platform.metrics.auth_attempt("refresh", failed=reason)
        raise Failure(401, refused.code, refused.message) from None
    platform.metrics.auth_attempt("refresh")
    await platform.database.query("update", "sessions")
    person = platform.people.from_claims(claims.user_id, claims.email)
    pair = platform.tokens.issue(person.id, person.email, verified=person.is_verified, session_id=claims.session_id)
    return Reply(
        {"user": person.view(), "security": {"expiresAt": rfc3339(pair.expires_ms)}},
        headers=_cookies(pair),
        message="Token refreshed",
    )


async def me(platform: Platform, exchange: Exchange) -> Reply:
    """The caller."""
    await platform.database.query("select", "users")
    return Reply({"user": exchange.caller.view()})


async def logout(platform: Platform, exchange: Exchange) -> Reply:
    """The session ends; its tokens are refused from now on."""
    assert exchange.claims is not None
    platform.tokens.revoke(exchange.claims.session_id)
    await platform.database.query("delete", "sessions")
    gone = [
        (b"set-cookie", f"{name}=; Path={path}; Max-Age=0; SameSite=Strict".encode())
        for name, path in (("accessToken", "/"), ("refreshToken", "/api/v1/auth/refresh"), ("csrfToken", "/"))
    ]
    return Reply({"message": "Logged out"}, headers=gone)


async def open_session(
    platform: Platform, person: Person, *, status: int, message: str, method: str = "password"
) -> Reply:
    """Tokens and cookies of a new session; `method` is the `auth_method` label."""
    await platform.database.query("insert", "sessions")
    pair = platform.tokens.issue(person.id, person.email, verified=person.is_verified)
    platform.metrics.session_created(method)
    return Reply(
        {
            "user": person.view(),
            "tokens": {
                "accessToken": pair.access,
                "refreshToken": pair.refresh,
                "expiresAt": rfc3339(pair.expires_ms),
            },
            "security": {"requires2FA": False},
        },
        status=status,
        message=message,
        headers=_cookies(pair),
    )


def _cookies(pair: TokenPair) -> list[tuple[bytes, bytes]]:
    tail = "SameSite=Strict"
    cookies = (
        f"accessToken={pair.access}; Path=/; Max-Age={ACCESS_SECONDS}; HttpOnly; {tail}",
        f"refreshToken={pair.refresh}; Path=/api/v1/auth/refresh; Max-Age={REFRESH_SECONDS}; HttpOnly; {tail}",
        f"csrfToken={secrets.token_hex(16)}; Path=/; Max-Age={REFRESH_SECONDS}; {tail}",
    )
    return [(b"set-cookie", cookie.encode()) for cookie in cookies]


def _login_refused(metrics: ApiMetrics, status: int) -> None:
    if status == 429:
        metrics.auth_attempt("password", failed="rate_limited")


ENDPOINTS = (
    serve("POST", "auth/register", register, limit=AUTH),
    serve("POST", "auth/login", login, limit=AUTH, refused=_login_refused),
    serve("POST", "auth/refresh", refresh, limit=AUTH),
    serve("GET", "auth/me", me, limit=AUTH),
    serve("POST", "auth/logout", logout, limit=AUTH),
)
