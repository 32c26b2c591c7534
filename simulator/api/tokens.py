"""Access and refresh tokens: the contract's section 1.4, HS256 with the run's key.

Any process of a run accepts the tokens of the others. What only one of them knows (a token that was rotated away or a
session that was logged out) is known there alone; the real platform keeps that in Redis.
"""

from __future__ import annotations

import secrets
from collections import deque
from dataclasses import dataclass
from typing import Final

import jwt
from pydantic import BaseModel, Field, ValidationError

from simulator.api.bounded import Bounded
from simulator.catalog.accounts import ACCESS_SECONDS, ALGORITHM, AUDIENCE, ISSUER, REFRESH_SECONDS, Account
from simulator.clock import Clock

MOST_VERIFIED: Final = 50_000
MOST_REVOKED: Final = 100_000
SESSIONS_PER_USER: Final = 20
"""Sessions of one user that are remembered, the newest."""


class Claims(BaseModel):
    """What a token says about its bearer."""

    user_id: str = Field(alias="userId", min_length=1)
    session_id: str = Field(alias="sessionId", min_length=1)
    email: str | None = None
    jti: str = ""
    type: str = "access"
    exp: int


@dataclass(frozen=True)
class TokenPair:
    """What login, register and refresh hand out. `expires_ms` is the access token's end."""

    access: str
    refresh: str
    session_id: str
    expires_ms: int


class TokenRefused(Exception):  # noqa: N818 - an answer to the client, not an error of this program
    """The token is not good; `code` is the platform's."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Tokens:
    """Issues, verifies, rotates and revokes."""

    def __init__(self, key: bytes, clock: Clock) -> None:
        self._key = key
        self._clock = clock
        self._verified: Bounded[str, Claims] = Bounded(MOST_VERIFIED)  # access tokens whose signature was checked
        self._rotated: Bounded[str, bool] = Bounded(MOST_REVOKED)  # ids of refresh tokens that were used
        self._revoked: Bounded[str, bool] = Bounded(MOST_REVOKED)  # sessions that were logged out
        self._sessions: Bounded[str, deque[str]] = Bounded(MOST_VERIFIED)  # by user: those begun here

    def issue(self, user_id: str, email: str | None, *, verified: bool, session_id: str | None = None) -> TokenPair:
        """A new pair; of the same session where one is given."""
        now = self._clock.now_ms() // 1000
        session = session_id or secrets.token_hex(12)
        if session_id is None:
            begun = self._sessions.get(user_id)
            if begun is None:
                begun = deque(maxlen=SESSIONS_PER_USER)
                self._sessions.put(user_id, begun)
            begun.append(session)
        common: dict[str, object] = {
            "userId": user_id,
            "sessionId": session,
            "isVerified": verified,
            "iss": ISSUER,
            "aud": AUDIENCE,
            "iat": now,
        }
        if email:
            common["email"] = email
        access = {**common, "jti": secrets.token_hex(8), "exp": now + ACCESS_SECONDS}
        refresh = {**common, "jti": secrets.token_hex(8), "exp": now + REFRESH_SECONDS, "type": "refresh"}
        return TokenPair(
            access=jwt.encode(access, self._key, algorithm=ALGORITHM),
            refresh=jwt.encode(refresh, self._key, algorithm=ALGORITHM),
            session_id=session,
            expires_ms=(now + ACCESS_SECONDS) * 1000,
        )

    def knows(self, token: str) -> bool:
        """Whether this token's session was looked up before (the platform's session cache)."""
        return token in self._verified

    def verify(self, token: str) -> Claims:
        """The claims of an access token. Raises TokenRefused."""
        claims = self._verified.get(token)
        if claims is None:
            claims = self._decode(token)
            if claims.type != "access":
                raise TokenRefused("INVALID_TOKEN_PAYLOAD", "Not an access token")
            self._verified.put(token, claims)
        if claims.exp * 1000 <= self._clock.now_ms():
            raise TokenRefused("TOKEN_EXPIRED", "Token has expired")
        if claims.session_id in self._revoked:
            raise TokenRefused("TOKEN_REVOKED", "Token has been revoked")
        return claims

    def rotate(self, refresh: str) -> Claims:
        """The claims of a refresh token, which is thereby used up. Raises TokenRefused."""
        try:
            claims = self._decode(refresh)
        except TokenRefused as refused:
            raise TokenRefused("INVALID_REFRESH_TOKEN", "Invalid refresh token") from refused
        if claims.type != "refresh":
            raise TokenRefused("INVALID_REFRESH_TOKEN", "Not a refresh token")
        if claims.exp * 1000 <= self._clock.now_ms():
            raise TokenRefused("REFRESH_TOKEN_EXPIRED", "Refresh token has expired")
        if claims.jti in self._rotated or claims.session_id in self._revoked:
            raise TokenRefused("REFRESH_TOKEN_REVOKED", "Refresh token has been revoked")
        self._rotated.put(claims.jti, True)
        return claims

    def revoke(self, session_id: str) -> None:
        """Log a session out."""
        self._revoked.put(session_id, True)

    def sessions(self, user_id: str) -> list[str]:
        """A user's sessions that began in this process and were not logged out, oldest first."""
        return [one for one in self._sessions.get(user_id) or () if one not in self._revoked]

    def _decode(self, token: str) -> Claims:
        try:
            # The clock decides about expiry, not PyJWT, which asks the machine's own.
            payload = jwt.decode(
                token,
                self._key,
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                issuer=ISSUER,
                options={"verify_exp": False, "verify_iat": False, "require": ["exp", "iat"]},
            )
            return Claims.model_validate(payload)
        except jwt.InvalidSignatureError:
            raise TokenRefused("INVALID_TOKEN_SIGNATURE", "Invalid token signature") from None
        except jwt.DecodeError:
            raise TokenRefused("MALFORMED_TOKEN", "Malformed token") from None
        except (jwt.MissingRequiredClaimError, ValidationError):
            raise TokenRefused("INVALID_TOKEN_PAYLOAD", "Invalid token payload") from None
        except jwt.InvalidTokenError:
            raise TokenRefused("TOKEN_VALIDATION_FAILED", "Token validation failed") from None


def bearer(header: bytes | None) -> str:
    """The token in an `Authorization` header. Raises TokenRefused with the code of what is wrong with its form."""
    if header is None:
        raise TokenRefused("AUTH_HEADER_MISSING", "Authorization header is required")
    scheme, _, token = header.decode("latin-1").partition(" ")
    if scheme.lower() != "bearer":
        raise TokenRefused("INVALID_AUTH_FORMAT", "Authorization header must be: Bearer <token>")
    token = token.strip()
    if not token:
        raise TokenRefused("TOKEN_EMPTY", "Token is empty")
    if token.count(".") != 2:
        raise TokenRefused("INVALID_TOKEN_FORMAT", "Token must have three parts")
    return token


def mint_access_token(who: Account, key: bytes, *, issued_s: int) -> str:
    """An access token as `POST /auth/login` would give it, valid 15 minutes from `issued_s` (epoch seconds)."""
    claims = {
        "userId": who.user_id,
        "email": who.email,
        "sessionId": f"minted-{who.number}",
        "isVerified": True,
        "jti": f"minted-{who.number}-{issued_s}",
        "iss": ISSUER,
        "aud": AUDIENCE,
        "iat": issued_s,
        "exp": issued_s + ACCESS_SECONDS,
    }
    return jwt.encode(claims, key, algorithm=ALGORITHM)
