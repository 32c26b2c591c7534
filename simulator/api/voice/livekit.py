"""LiveKit's tokens: what a client shows the SFU to be let into a room, and what the SFU signs its webhooks with.

A token is a JWT, HS256 with the project's secret: `iss` the API key, `sub` the identity, and the grants under `video`
(docs.livekit.io, "Authentication"). A webhook carries such a token without grants whose `sha256` is that of its body.
The secret is derived from the run's key, so every process of a run has the same one.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Final

import jwt

from simulator.clock import Clock

PORT: Final = 7880
ALGORITHM: Final = "HS256"
TOKEN_SECONDS: Final = 6 * 3600
"""LiveKit's default."""


class NotFromLiveKitError(Exception):
    """A webhook that LiveKit did not sign."""


@dataclass(frozen=True)
class Grant:
    """What a token allows in a room; the contract's fields."""

    room: str
    room_join: bool = True
    can_publish: bool = True
    can_subscribe: bool = True
    can_publish_data: bool = True
    hidden: bool = False
    recorder: bool = False

    def claim(self) -> dict[str, object]:
        """As the token carries it."""
        return {
            "room": self.room,
            "roomJoin": self.room_join,
            "canPublish": self.can_publish,
            "canSubscribe": self.can_subscribe,
            "canPublishData": self.can_publish_data,
            "hidden": self.hidden,
            "recorder": self.recorder,
        }


class LiveKit:
    """Issues tokens, and knows LiveKit's own webhooks."""

    def __init__(self, run_key: bytes, clock: Clock) -> None:
        digest = hashlib.sha256(b"crybsim livekit\n" + run_key).hexdigest()
        self.api_key = f"API{digest[:12]}"
        self.secret = digest[12:].encode()
        self._clock = clock

    def token(self, identity: str, name: str, grant: Grant) -> str:
        """A token for one identity and one room."""
        now = self._clock.now_ms() // 1000
        return self._signed(
            {
                "iss": self.api_key,
                "sub": identity,
                "name": name,
                "nbf": now,
                "iat": now,
                "exp": now + TOKEN_SECONDS,
                "jti": f"{identity}-{secrets.token_hex(4)}",
                "video": grant.claim(),
            }
        )

    def check_webhook(self, header: bytes | None, body: bytes) -> None:
        """Raises NotFromLiveKitError unless the header is LiveKit's for exactly this body, and not too old."""
        token = (header or b"").decode("latin-1").removeprefix("Bearer ").strip()
        try:
            # the clock decides about expiry, not PyJWT, which asks the machine's own
            claims = jwt.decode(
                token,
                self.secret,
                algorithms=[ALGORITHM],
                issuer=self.api_key,
                options={"verify_exp": False, "verify_nbf": False, "verify_iat": False, "require": ["exp"]},
            )
        except jwt.InvalidTokenError as error:
            raise NotFromLiveKitError("not signed with the project's secret") from error
        if int(claims["exp"]) * 1000 <= self._clock.now_ms():
            raise NotFromLiveKitError("the signature is too old")
        if not hmac.compare_digest(str(claims.get("sha256", "")), _digest(body)):
            raise NotFromLiveKitError("the signature is another body's")

    def _signed(self, claims: dict[str, object]) -> str:
        return jwt.encode(claims, self.secret, algorithm=ALGORITHM)


def url(host_header: bytes | None) -> str:
    """Where LiveKit would be: the contract's port on the host that the client asked."""
    return f"ws://{host_name(host_header)}:{PORT}"


def host_name(host_header: bytes | None) -> str:
    """What the client calls this machine, as it stands in a URL."""
    host = (host_header or b"").decode("latin-1") or "127.0.0.1"
    return host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]


def _digest(body: bytes) -> str:
    return base64.b64encode(hashlib.sha256(body).digest()).decode()
